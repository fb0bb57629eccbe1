"""Tokens: how they are had, how long they live, and what is said about them."""

from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest

from .conftest import APP, LINKED, PAGE, SECRET, STUDIO, Meta, error_of

HOUR, DAY = 3600, 24 * 3600
BACK = "http://product.test/connect/"
CLIENT = {"client_id": APP, "client_secret": SECRET}
APP_TOKEN = f"{APP}|{SECRET}"


@pytest.fixture
def alice(meta: Meta) -> dict[str, str]:
    return meta.simulator.add_person("Alice", APP, [PAGE], tasks=["MESSAGING", "MODERATE"])


def debugged(meta: Meta, token: str) -> dict[str, Any]:
    return meta.get("/fb/debug_token", token=APP_TOKEN, input_token=token).json()["data"]


def dialog_code(meta: Meta, path: str, who: str, *, scope: str = "") -> str:
    query = {"client_id": APP, "redirect_uri": BACK, "state": "s-1", "response_type": "code", "scope": scope, "as": who}
    response = meta.client.get(path, params=query)
    assert response.status_code == 302
    sent_back = parse_qs(urlsplit(response.headers["location"]).query)
    assert sent_back["state"] == ["s-1"]
    return sent_back["code"][0]


def code_for(meta: Meta, person: dict[str, str]) -> dict[str, str]:
    return CLIENT | {"redirect_uri": BACK, "code": dialog_code(meta, "/fb/v26.0/dialog/oauth", person["id"])}


def instagram_form(meta: Meta) -> dict[str, str]:
    code = dialog_code(meta, "/ig/oauth/authorize", STUDIO)
    return CLIENT | {"grant_type": "authorization_code", "redirect_uri": BACK, "code": code}


def test_a_person_lists_their_pages_with_tokens_of_their_own(meta: Meta, alice):
    page = meta.get("/fb/me/accounts", token=alice["token"]).json()["data"][0]
    assert (page["id"], page["name"], page["tasks"]) == (PAGE, "Harbour Coffee", ["MESSAGING", "MODERATE"])
    assert page["access_token"] not in ("EAAshop", alice["token"])
    assert meta.get("/fb/me", token=page["access_token"]).json()["id"] == PAGE
    assert meta.get("/fb/me/accounts", token=alice["token"]).json()["data"][0]["access_token"] == page["access_token"]


def test_a_person_sees_only_their_own_pages(meta: Meta):
    charlie = meta.simulator.add_person("Charlie", APP)
    assert meta.get("/fb/me/accounts", token=charlie["token"]).json() == {"data": []}
    assert meta.get("/fb/me", token=charlie["token"]).json() == {"name": "Charlie", "id": charlie["id"]}


def test_the_pages_of_a_person_come_in_pages(meta: Meta):
    pages = [f"10485760000010{number}" for number in range(3)]
    for page in pages:
        meta.simulator.add_account("messenger", page, page, token=f"EAA{page}", app=APP)
    token = meta.simulator.add_person("Alice", APP, pages)["token"]
    first = meta.get("/fb/me/accounts", token=token, limit="2").json()
    rest = meta.get("/fb/me/accounts", token=token, limit="2", after=first["paging"]["cursors"]["after"]).json()
    assert [page["id"] for page in first["data"] + rest["data"]] == pages
    assert "next" not in rest["paging"]


def test_a_page_token_of_a_person_sends_for_both_networks(meta: Meta, alice):
    token = meta.get("/fb/me/accounts", token=alice["token"]).json()["data"][0]["access_token"]
    for contact in (meta.amina, meta.lena):
        body = {"recipient": {"id": contact}, "message": {"text": "a"}}
        assert meta.post(f"/fb/{PAGE}/messages", token=token, json=body).status_code == 200


def test_a_code_becomes_a_short_token_and_that_a_long_one(meta: Meta, alice):
    short = meta.client.get("/fb/v26.0/oauth/access_token", params=code_for(meta, alice)).json()
    assert (short["token_type"], short["expires_in"]) == ("bearer", HOUR)
    exchange = CLIENT | {"grant_type": "fb_exchange_token", "fb_exchange_token": short["access_token"]}
    long = meta.client.get("/fb/oauth/access_token", params=exchange).json()
    assert long["expires_in"] == 60 * DAY
    assert meta.get("/fb/me", token=long["access_token"]).json()["name"] == "Alice"


def test_page_tokens_live_as_long_as_their_origin_allows(meta: Meta, alice):
    short = meta.client.get("/fb/oauth/access_token", params=code_for(meta, alice)).json()["access_token"]
    brief = meta.get("/fb/me/accounts", token=short).json()["data"][0]["access_token"]
    lasting = meta.get("/fb/me/accounts", token=alice["token"]).json()["data"][0]["access_token"]
    meta.simulator.advance(61 * DAY)
    assert error_of(meta.get("/fb/me", token=brief)) == (400, 190, 463)
    assert error_of(meta.get("/fb/me", token=alice["token"])) == (400, 190, 463)
    assert meta.get("/fb/me", token=lasting).status_code == 200


def test_a_code_works_once_for_an_hour_and_for_its_address(meta: Meta, alice):
    form = code_for(meta, alice)
    wrong = meta.client.get("/fb/oauth/access_token", params=form | {"redirect_uri": "http://elsewhere.test/"})
    assert error_of(wrong) == (400, 100, 36008)
    assert meta.client.get("/fb/oauth/access_token", params=form).status_code == 200
    assert error_of(meta.client.get("/fb/oauth/access_token", params=form)) == (400, 100, 36009)
    late = code_for(meta, alice)
    meta.simulator.advance(HOUR + 1)
    assert error_of(meta.client.get("/fb/oauth/access_token", params=late)) == (400, 100, 36007)


def test_an_app_gets_its_own_token_for_its_secret_only(meta: Meta):
    right = meta.client.get("/fb/oauth/access_token", params=CLIENT | {"grant_type": "client_credentials"})
    assert right.json() == {"access_token": APP_TOKEN, "token_type": "bearer"}
    wrong = meta.client.get("/fb/oauth/access_token", params=CLIENT | {"client_secret": "guess", "grant_type": "client_credentials"})
    assert error_of(wrong) == (400, 1, None)
    assert error_of(meta.client.get("/fb/oauth/access_token", params={"client_id": "1"})) == (400, 101, None)


def test_instagrams_code_becomes_a_token_of_the_account(meta: Meta):
    answer = meta.client.post("/ig-api/oauth/access_token", data=instagram_form(meta)).json()
    assert answer["user_id"] == int(STUDIO)
    assert "instagram_business_manage_messages" in answer["permissions"]
    assert meta.get("/ig/me", token=answer["access_token"], fields="user_id").json()["user_id"] == STUDIO
    meta.simulator.advance(HOUR)
    assert error_of(meta.get("/ig/me", token=answer["access_token"])) == (400, 190, 463)


def test_instagrams_token_endpoint_has_errors_of_its_own(meta: Meta):
    form = instagram_form(meta)
    assert meta.client.post("https://api.instagram.com/oauth/access_token", data=form).status_code == 200
    again = meta.client.post("https://api.instagram.com/oauth/access_token", data=form)
    assert again.status_code == 400
    assert set(again.json()) == {"error_type", "code", "error_message"}


def test_a_short_instagram_token_is_lengthened_and_then_refreshed_once_a_day_old(meta: Meta):
    short = meta.client.post("/ig-api/oauth/access_token", data=instagram_form(meta)).json()["access_token"]
    exchange = {"grant_type": "ig_exchange_token", "client_secret": SECRET, "access_token": short}
    assert error_of(meta.client.get("/ig/access_token", params=exchange | {"client_secret": "guess"}))[1] == 100
    long = meta.client.get("/ig/access_token", params=exchange).json()
    assert (long["token_type"], long["expires_in"]) == ("bearer", 60 * DAY)
    refresh = {"grant_type": "ig_refresh_token", "access_token": long["access_token"]}
    meta.simulator.advance(DAY - 1)
    assert error_of(meta.client.get("/ig/refresh_access_token", params=refresh))[1] == 100
    meta.simulator.advance(1)
    fresh = meta.client.get("/ig/refresh_access_token", params=refresh).json()["access_token"]
    meta.simulator.advance(59 * DAY)
    assert error_of(meta.get("/ig/me", token=long["access_token"])) == (400, 190, 463)
    assert meta.get("/ig/me", token=fresh).status_code == 200
    assert error_of(meta.client.get("/ig/refresh_access_token", params=refresh)) == (400, 190, 463)


def test_a_configured_token_counts_as_old_and_can_be_refreshed(meta: Meta):
    refresh = {"grant_type": "ig_refresh_token", "access_token": "IGAAstudio"}
    fresh = meta.client.get("/ig/refresh_access_token", params=refresh).json()["access_token"]
    assert meta.get("/ig/me", token=fresh, fields="user_id").json()["user_id"] == STUDIO


def test_the_age_and_end_of_a_token_can_be_set(meta: Meta):
    meta.simulator.set_token("EAAshop", expires_in=60)
    assert meta.send({"text": "a"}).status_code == 200
    assert debugged(meta, "EAAshop")["expires_at"] == 1_794_700_060
    meta.simulator.advance(60)
    assert error_of(meta.send({"text": "a"})) == (400, 190, 463)
    meta.simulator.set_token("IGAAstudio", dead=460)
    assert error_of(meta.direct({"text": "a"})) == (400, 190, 460)


def test_debugging_a_good_token_says_whose_it_is(meta: Meta, alice):
    page = debugged(meta, "EAAshop")
    assert (page["is_valid"], page["type"], page["profile_id"], page["expires_at"]) == (True, "PAGE", PAGE, 0)
    assert {"scope": "pages_messaging", "target_ids": [PAGE]} in page["granular_scopes"]
    user = debugged(meta, alice["token"])
    assert (user["type"], user["user_id"]) == ("USER", alice["id"])
    assert user["expires_at"] - user["issued_at"] == 60 * DAY


def test_debugging_a_bad_token_names_the_reason_by_another_key(meta: Meta):
    meta.simulator.set_token("EAAshop", dead=460)
    bad = debugged(meta, "EAAshop")
    assert (bad["is_valid"], bad["scopes"], bad["app_id"]) == (False, [], APP)
    assert (bad["error"]["code"], bad["error"]["subcode"]) == (190, 460)
    assert debugged(meta, "nonsense")["is_valid"] is False


def test_a_token_of_one_host_is_nobody_on_the_other(meta: Meta, alice):
    assert error_of(meta.get("/ig/me", token=alice["token"])) == (400, 190, None)
    assert error_of(meta.get("/fb/me", token="IGAAstudio")) == (400, 190, None)


@pytest.mark.parametrize(("path", "name"), [("/fb/dialog/oauth", "Alice"), ("/ig/oauth/authorize", "Studio")])
def test_the_dialog_is_a_page_without_scripts(meta: Meta, alice, path: str, name: str):
    response = meta.client.get(path, params={"client_id": APP, "redirect_uri": BACK, "scope": "<script>"})
    assert f"Continue as {name}" in response.text
    assert "<script>" not in response.text
    assert "default-src 'none'" in response.headers["content-security-policy"]


def test_the_dialog_can_be_cancelled(meta: Meta):
    query = {"client_id": APP, "redirect_uri": BACK, "state": "s-1", "as": "nobody"}
    response = meta.client.get("https://www.facebook.com/v26.0/dialog/oauth", params=query)
    assert "error=access_denied" in response.headers["location"]
    assert "state=s-1" in response.headers["location"]


def test_where_nobody_was_added_somebody_manages_every_page(meta: Meta):
    form = CLIENT | {"redirect_uri": BACK, "code": dialog_code(meta, "/fb/dialog/oauth", "somebody")}
    token = meta.client.get("/fb/oauth/access_token", params=form).json()["access_token"]
    assert [page["id"] for page in meta.get("/fb/me/accounts", token=token).json()["data"]] == [PAGE]


@pytest.mark.parametrize("change", [{"client_id": "1"}, {"redirect_uri": "javascript:alert(1)"}, {"response_type": "token"}, {"as": "stranger"}])
def test_a_dialog_that_makes_no_sense_sends_nobody_anywhere(meta: Meta, change: dict):
    query = {"client_id": APP, "redirect_uri": BACK, "as": "somebody"} | change
    assert meta.client.get("/fb/dialog/oauth", params=query).status_code == 400


def test_instagram_marks_the_end_of_what_it_sends_back(meta: Meta):
    query = {"client_id": APP, "redirect_uri": f"{BACK}?a=1", "as": STUDIO}
    location = meta.client.get("https://www.instagram.com/oauth/authorize", params=query).headers["location"]
    assert location.startswith(f"{BACK}?a=1&code=AQ")
    assert httpx.URL(location).fragment == "_"


def test_a_persons_token_reads_their_page_and_its_conversations_not(meta: Meta, alice):
    assert meta.get(f"/fb/{PAGE}", token=alice["token"], fields="name").json()["name"] == "Harbour Coffee"
    assert error_of(meta.get(f"/fb/{PAGE}/conversations", token=alice["token"])) == (400, 190, None)
    assert meta.get(f"/fb/{LINKED}/conversations", token=alice["token"], platform="instagram").status_code == 200
