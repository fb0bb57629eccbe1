"""The two logins: the way to the dialog, the code, and tokens that live longer. No secret leaves by an error or a log."""

import logging
import traceback
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest

from graph.errors import AppRefused, GraphError, Rejected, TokenInvalid, Unavailable
from graph.logins import GrantedToken, LoginClient, dialog_url
from graph.networks import Login
from graph.scopes import ASKED_SCOPES

from .meta import IG, SECRET, Answer, Meta, broken, error

APP, BACK = "1200000000000001", "https://inbox.test/connected/facebook/"
CODE = "AQexample-code-of-a-login"
SHORT, LONG = "EAAshortlivedtokenofalice", "EAAlonglivedtokenofalice"
BOTH = [Login.FACEBOOK, Login.INSTAGRAM]


def login(meta: Answer, kind: Login = Login.FACEBOOK, **options: Any) -> LoginClient:
    return LoginClient(APP, SECRET, login=kind, transport=httpx.MockTransport(meta), **options)


def params(address: str) -> dict[str, str]:
    return {name: value for name, (value,) in parse_qs(urlsplit(address).query).items()}


# The dialog


@pytest.mark.parametrize(
    ("kind", "begins", "more"),
    [
        (Login.FACEBOOK, "https://www.facebook.com/v26.0/dialog/oauth?", {"auth_type": "rerequest"}),
        (Login.INSTAGRAM, "https://www.instagram.com/oauth/authorize?", {}),
    ],
)
def test_the_dialog_is_told_who_asks_for_what_and_where_to_go_back_to(kind: Login, begins: str, more: dict[str, str]) -> None:
    address = dialog_url(APP, login=kind, redirect_uri=BACK, state="s-1&x", scopes=ASKED_SCOPES[kind])
    assert address.startswith(begins)
    scope = ",".join(ASKED_SCOPES[kind])
    assert params(address) == {"client_id": APP, "redirect_uri": BACK, "state": "s-1&x", "response_type": "code", "scope": scope, **more}


def test_a_configuration_of_login_for_business_takes_the_place_of_the_permissions() -> None:
    asked = params(dialog_url(APP, login=Login.FACEBOOK, redirect_uri=BACK, state="s", scopes=["pages_messaging"], config_id="77"))
    assert asked == {
        "client_id": APP, "redirect_uri": BACK, "state": "s", "response_type": "code", "config_id": "77", "override_default_response_type": "true",
    }  # fmt: skip


def test_a_client_knows_the_same_way_and_another_host_can_be_set() -> None:
    client = login(Meta({}), version="v25.0")
    address = client.dialog_url(login_url="http://127.0.0.1:8900/fb/", redirect_uri=BACK, state="s", scopes=[])
    assert address.startswith("http://127.0.0.1:8900/fb/v25.0/dialog/oauth?")
    assert SECRET not in address + repr(client)


def test_an_impossible_app_or_version_is_refused() -> None:
    with pytest.raises(ValueError, match="id at Meta"):
        dialog_url("me", login=Login.FACEBOOK, redirect_uri=BACK, state="s", scopes=[])
    with pytest.raises(ValueError, match="version"):
        dialog_url(APP, login=Login.FACEBOOK, redirect_uri=BACK, state="s", scopes=[], version="26")
    with pytest.raises(ValueError, match="id at Meta"):
        LoginClient("1/2", SECRET, login=Login.FACEBOOK)
    with pytest.raises(AppRefused):
        LoginClient(APP, "", login=Login.FACEBOOK)


# A code becomes a token


def test_facebooks_code_becomes_a_short_lived_token() -> None:
    meta = Meta({"access_token": SHORT, "token_type": "bearer", "expires_in": 5000})
    assert login(meta).token_for(CODE, redirect_uri=BACK) == GrantedToken(SHORT, 5000)
    assert (meta.request.method, str(meta.request.url).partition("?")[0]) == ("GET", "https://graph.facebook.com/v26.0/oauth/access_token")
    assert dict(meta.request.url.params) == {"client_id": APP, "client_secret": SECRET, "redirect_uri": BACK, "code": CODE}
    assert "authorization" not in meta.request.headers


GRANTED = ("instagram_business_basic", "instagram_business_manage_messages")


@pytest.mark.parametrize(
    "answer",
    [
        {"access_token": "IGAAshort", "user_id": int(IG), "permissions": list(GRANTED)},
        {"access_token": "IGAAshort", "user_id": IG, "permissions": ", ".join(GRANTED)},
        {"data": [{"access_token": "IGAAshort", "user_id": IG, "permissions": ",".join(GRANTED)}]},
    ],
    ids=["flat", "text", "list"],
)
def test_instagrams_code_is_changed_at_a_host_of_its_own_that_answers_in_three_shapes(answer: Any) -> None:
    meta = Meta(answer)
    granted = login(meta, Login.INSTAGRAM).token_for(f"{CODE}#_", redirect_uri=BACK)
    assert granted == GrantedToken("IGAAshort", None, IG, GRANTED)
    assert (meta.request.method, str(meta.request.url)) == ("POST", "https://api.instagram.com/oauth/access_token")
    form = {"client_id": APP, "client_secret": SECRET, "grant_type": "authorization_code", "redirect_uri": BACK, "code": CODE}
    assert {name: value for name, (value,) in parse_qs(meta.request.content.decode()).items()} == form


def test_a_code_that_is_wrong_late_or_used_is_refused() -> None:
    for subcode in (36007, 36008, 36009):
        with pytest.raises(Rejected) as refused:
            login(Meta(error(100, subcode), status=400)).token_for(CODE, redirect_uri=BACK)
        assert refused.value.subcode == subcode
    flat = {"error_type": "OAuthException", "code": 400, "error_message": "Matching code was not found or was already used"}
    with pytest.raises(Rejected, match="already used"):
        login(Meta(flat, status=400), Login.INSTAGRAM).token_for(CODE, redirect_uri=BACK)


@pytest.mark.parametrize(("code", "status"), [(1, 400), (101, 400)])
def test_a_wrong_app_secret_is_no_trouble_of_metas(code: int, status: int) -> None:
    with pytest.raises(AppRefused) as refused:
        login(Meta(error(code), status=status)).token_for(CODE, redirect_uri=BACK)
    assert refused.value.code == code


@pytest.mark.parametrize("answer", [{}, {"access_token": 5}, {"access_token": ""}, {"data": [None]}, {"data": []}, {"data": {"access_token": "x"}}, b"", b"[]"])
def test_an_answer_without_a_token_is_none(answer: Any) -> None:
    for kind in BOTH:
        with pytest.raises(Unavailable):
            login(Meta(answer), kind).token_for(CODE, redirect_uri=BACK)


def test_metas_own_trouble_stays_worth_another_try() -> None:
    for meta in (Meta(error(1), status=500), Meta(error(2), status=400), Meta(b"<html>", status=502), Meta({"token_type": "bearer"})):
        with pytest.raises(Unavailable):
            login(meta).token_for(CODE, redirect_uri=BACK)


# Longer lives


def test_each_login_lengthens_in_its_own_words() -> None:
    meta = Meta({"access_token": LONG, "token_type": "bearer", "expires_in": 5183944})
    assert login(meta).lengthen(SHORT) == GrantedToken(LONG, 5183944)
    assert login(meta, Login.INSTAGRAM).lengthen(SHORT).lasts_seconds == 5183944
    facebook, instagram = meta.requests
    assert facebook.url.path == "/v26.0/oauth/access_token"
    assert dict(facebook.url.params) == {"client_id": APP, "client_secret": SECRET, "grant_type": "fb_exchange_token", "fb_exchange_token": SHORT}
    assert str(instagram.url).partition("?")[0] == "https://graph.instagram.com/access_token"
    assert dict(instagram.url.params) == {"grant_type": "ig_exchange_token", "client_secret": SECRET, "access_token": SHORT}


def test_a_token_that_does_not_end_lasts_for_a_time_that_nobody_says() -> None:
    for answer in ({"access_token": LONG}, {"access_token": LONG, "expires_in": 0}, {"access_token": LONG, "expires_in": "soon"}):
        assert login(Meta(answer)).lengthen(SHORT).lasts_seconds is None


def test_only_instagrams_tokens_are_refreshed() -> None:
    meta = Meta({"access_token": LONG, "expires_in": 5183944})
    assert login(meta, Login.INSTAGRAM).refresh(SHORT) == GrantedToken(LONG, 5183944)
    assert str(meta.request.url).partition("?")[0] == "https://graph.instagram.com/refresh_access_token"
    assert dict(meta.request.url.params) == {"grant_type": "ig_refresh_token", "access_token": SHORT}
    with pytest.raises(ValueError, match="Instagram Login"):
        login(meta).refresh(SHORT)


def test_a_token_that_cannot_be_one_is_not_sent() -> None:
    for given in ("", "line\nbreak", "two words"):
        for kind in BOTH:
            with pytest.raises(TokenInvalid):
                login(broken(AssertionError), kind).lengthen(given)


def test_a_dead_token_cannot_be_lengthened() -> None:
    with pytest.raises(TokenInvalid):
        login(Meta(error(190, 463), status=400)).lengthen(SHORT)


# Secrets


def _talkative(request: httpx.Request) -> httpx.Response:
    """An error that repeats everything it was given."""
    return httpx.Response(400, json={"error": {"message": f"{request.url} {request.content.decode()}", "code": 100}})


@pytest.mark.parametrize("kind", BOTH)
def test_no_error_and_no_log_tells_a_secret(kind: Login, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    for answer in (_talkative, broken(httpx.ReadTimeout), broken(httpx.ConnectError)):
        client = login(answer if answer is _talkative else _without_header(answer), kind)
        for call in (lambda c=client: c.token_for(CODE, redirect_uri=BACK), lambda c=client: c.lengthen(SHORT)):
            with pytest.raises(GraphError) as raised:
                call()
            told = "".join(traceback.format_exception(raised.value)) + repr(vars(raised.value)) + caplog.text
            assert not [secret for secret in (SECRET, CODE, SHORT) if secret in told]


def _without_header(answer: Answer) -> Answer:
    def fail(request: httpx.Request) -> httpx.Response:
        request.headers["authorization"] = ""
        return answer(request)

    return fail


def test_a_token_is_never_shown() -> None:
    assert SHORT not in repr(GrantedToken(SHORT, 60))
