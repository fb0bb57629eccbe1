"""What our app asks Meta about tokens and about its own webhooks."""

import logging
import traceback
from datetime import UTC, datetime
from typing import Any

import httpx
import pytest

from graph.app_client import AppClient, AppSubscription, TokenFacts
from graph.errors import GraphError, Rejected, TokenInvalid, Unavailable
from graph.networks import Login
from graph.signatures import appsecret_proof

from .meta import SECRET, TOKEN, Answer, Meta, Script, broken, error

APP = "1200000000000001"
PROOF = appsecret_proof(f"{APP}|{SECRET}", SECRET)


def app(meta: Answer, **options: Any) -> AppClient:
    return AppClient(APP, SECRET, transport=httpx.MockTransport(meta), **options)


GOOD = {
    "app_id": APP,
    "type": "PAGE",
    "application": "My App",
    "data_access_expires_at": 1802476800,
    "expires_at": 0,
    "is_valid": True,
    "profile_id": 104857600000001,
    "user_id": "73000000000",
    "scopes": ["pages_messaging", "public_profile", 7, None],
    "granular_scopes": [{"scope": "pages_messaging", "target_ids": ["104857600000001", 5]}, {"scope": "public_profile"}, None],
}


def test_a_living_token_is_told_whole() -> None:
    meta = Meta({"data": GOOD})
    with app(meta) as graph:
        facts = graph.debug_token(TOKEN)
    assert facts == TokenFacts(
        is_valid=True,
        app_id=APP,
        kind="PAGE",
        expires_at=None,
        data_access_expires_at=datetime(2027, 2, 13, tzinfo=UTC),
        scopes=("pages_messaging", "public_profile", "7"),
        granular={"pages_messaging": ("104857600000001", "5"), "public_profile": (), "": ()},
        profile_id="104857600000001",
        user_id="73000000000",
    )
    assert meta.request.headers["authorization"] == f"Bearer {APP}|{SECRET}"
    assert dict(meta.request.url.params) == {"input_token": TOKEN, "appsecret_proof": PROOF}
    assert meta.request.url.path == "/v26.0/debug_token"


@pytest.mark.parametrize("name", ["subcode", "error_subcode"])
def test_a_dead_token_is_an_answer(name: str) -> None:
    dead = {"app_id": APP, "error": {"code": 190, "message": "x", name: 463}, "expires_at": 1794000000, "is_valid": False, "scopes": []}
    facts = app(Meta({"data": dead})).debug_token(TOKEN)
    assert (facts.is_valid, facts.error_code, facts.error_subcode) == (False, 190, 463)
    assert facts.expires_at == datetime(2026, 11, 6, 21, 20, tzinfo=UTC)


@pytest.mark.parametrize("answer", [{}, {"data": None}, {"data": []}, b"<html>", b""])
def test_no_facts_are_no_answer(answer: Any) -> None:
    with pytest.raises(Unavailable):
        app(Meta(answer)).debug_token(TOKEN)


def test_an_app_with_a_wrong_secret_is_told_so() -> None:
    with pytest.raises(TokenInvalid):
        app(Meta(error(190), status=400)).debug_token(TOKEN)


def test_what_the_app_may_ask_for_is_read_to_the_end() -> None:
    first = {"data": [{"permission": "pages_messaging", "status": "live"}, {"status": "live"}, None], "paging": {"cursors": {"after": "B"}, "next": "x"}}
    meta = Script(first, {"data": [{"permission": "instagram_basic", "status": "unapproved"}]})
    assert app(meta).permissions() == {"pages_messaging": "live", "instagram_basic": "unapproved"}
    assert meta.paths == [f"/{APP}/permissions"] * 2
    assert [request.url.params.get("after") for request in meta.requests] == [None, "B"]


def test_an_app_that_asks_for_nothing_has_no_permissions() -> None:
    assert app(Meta({"data": []})).permissions() == {}
    with pytest.raises(TokenInvalid):
        app(Meta(error(190), status=400)).permissions()


def test_where_webhooks_go_is_read() -> None:
    told = [
        {"object": "page", "callback_url": "https://inbox.test/w", "active": True, "fields": [{"name": "messages", "version": "v26.0"}, "feed"]},
        {"object": "instagram", "callback_url": "https://inbox.test/w", "active": False},
    ]
    assert app(Meta({"data": told})).subscriptions() == (
        AppSubscription("page", "https://inbox.test/w", ("messages", "feed")),
        AppSubscription("instagram", "https://inbox.test/w", (), is_active=False),
    )
    assert app(Meta({"data": []})).subscriptions() == ()


def test_webhooks_are_ordered_with_the_word_in_the_body() -> None:
    meta = Meta({"success": True})
    app(meta).subscribe("page", callback_url="https://inbox.test/w", verify_token="verify me", fields=["messages", "feed"])
    assert (meta.request.method, meta.paths) == ("POST", [f"/{APP}/subscriptions"])
    assert meta.request.content == b"object=page&callback_url=https%3A%2F%2Finbox.test%2Fw&verify_token=verify+me&fields=messages%2Cfeed"
    assert "verify" not in str(meta.request.url)


def test_a_door_that_does_not_answer_is_told() -> None:
    with pytest.raises(Rejected):
        app(Meta(error(2200), status=400)).subscribe("page", callback_url="https://inbox.test/w", verify_token="v", fields=[])


def test_each_login_has_its_host() -> None:
    meta = Meta({"data": []})
    app(meta, login=Login.INSTAGRAM).subscriptions()
    app(meta, base_url="http://127.0.0.1:9000/fb/", version="v25.0").subscriptions()
    assert meta.requests[0].url == f"https://graph.instagram.com/v26.0/{APP}/subscriptions"
    assert str(meta.requests[1].url).startswith(f"http://127.0.0.1:9000/fb/v25.0/{APP}/subscriptions?")


def test_an_impossible_app_is_refused() -> None:
    with pytest.raises(ValueError, match="id at Meta"):
        AppClient("me", SECRET)
    for secret in ("", "line\nbreak"):
        with pytest.raises(TokenInvalid):
            AppClient(APP, secret)


@pytest.mark.parametrize(
    "meta",
    [
        *map(broken, (httpx.ConnectError, httpx.ReadTimeout)),
        Meta({"error": {"code": 190, "message": f"Bad {TOKEN} of {APP}|{SECRET} {SECRET} {PROOF}"}}, status=400),
    ],
)
def test_no_secret_is_ever_shown(meta: Answer, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    graph = app(meta)
    with pytest.raises(GraphError) as caught:
        graph.debug_token(TOKEN)
    shown = "".join(traceback.format_exception(caught.value)) + repr(vars(caught.value)) + repr(graph) + caplog.text
    assert not [secret for secret in (TOKEN, SECRET, PROOF) if secret in shown]
    assert (caught.value.__cause__, caught.value.__context__) == (None, None)


def test_a_question_is_logged_without_what_was_asked(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    app(Meta({"data": GOOD})).debug_token(TOKEN)
    assert "https://graph.facebook.com/v26.0/debug_token " in caplog.text
    assert not [secret for secret in (TOKEN, SECRET, PROOF, "input_token") if secret in caplog.text]
