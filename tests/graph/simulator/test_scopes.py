"""What was granted with a token and to the app, until when it holds, and what is refused without it; Meta that stops telling."""

from typing import Any

import pytest

from .conftest import APP, LINKED, PAGE, STUDIO, Meta, error_of
from .test_tokens import APP_TOKEN, BACK, CLIENT, DAY, HOUR, debugged, dialog_code, instagram_form

READ_ONLY = ["pages_show_list", "pages_manage_metadata", "public_profile"]


@pytest.fixture
def alice(meta: Meta) -> dict[str, str]:
    return meta.simulator.add_person("Alice", APP, [PAGE])


@pytest.fixture
def machine(meta: Meta) -> dict[str, str]:
    return meta.client.post("/sim/people", json={"name": "Sync", "app": APP, "pages": [PAGE], "kind": "system_user"}).json()["person"]


def page_token(meta: Meta, token: str) -> str:
    return meta.get("/fb/me/accounts", token=token).json()["data"][0]["access_token"]


def logged_in(meta: Meta, person: dict[str, str], scope: str) -> str:
    code = dialog_code(meta, "/fb/dialog/oauth", person["id"], scope=scope)
    return meta.client.get("/fb/oauth/access_token", params=CLIENT | {"redirect_uri": BACK, "code": code}).json()["access_token"]


# System users


def test_a_system_user_has_a_token_without_end_and_so_have_its_pages(meta: Meta, machine):
    facts = debugged(meta, machine["token"])
    assert (facts["type"], facts["expires_at"], facts["data_access_expires_at"], facts["user_id"]) == ("SYSTEM_USER", 0, 0, machine["id"])
    token = page_token(meta, machine["token"])
    meta.simulator.advance(400 * DAY)
    page = debugged(meta, token)
    assert (page["type"], page["expires_at"], page["data_access_expires_at"], page["profile_id"]) == ("PAGE", 0, 0, PAGE)
    assert meta.get("/fb/me", token=machine["token"]).json() == {"name": "Sync", "id": machine["id"]}
    assert meta.get(f"/fb/{PAGE}/conversations", token=token).status_code == 200


def test_a_system_user_is_no_page_and_is_not_offered_by_the_dialog(meta: Meta, alice, machine):
    assert error_of(meta.get(f"/fb/{PAGE}/conversations", token=machine["token"])) == (400, 190, None)
    page = meta.client.get("/fb/dialog/oauth", params={"client_id": APP, "redirect_uri": BACK}).text
    assert "Continue as Alice" in page and "Sync" not in page
    exchange = CLIENT | {"grant_type": "fb_exchange_token", "fb_exchange_token": machine["token"]}
    assert error_of(meta.client.get("/fb/oauth/access_token", params=exchange))[1] == 100


def test_somebody_is_a_user_or_a_system_user(meta: Meta):
    assert meta.client.post("/sim/people", json={"name": "X", "app": APP, "kind": "robot"}).status_code == 400


# What a token may do


def test_everything_is_granted_unless_told(meta: Meta, alice):
    assert {"pages_messaging", "instagram_manage_messages", "public_profile"} <= set(debugged(meta, "EAAshop")["scopes"])
    assert set(debugged(meta, page_token(meta, alice["token"]))["scopes"]) == set(debugged(meta, alice["token"])["scopes"])
    assert "instagram_business_manage_messages" in debugged(meta, "IGAAstudio")["scopes"]


def test_each_permission_names_those_for_whom_it_was_granted(meta: Meta, alice):
    granular = {each["scope"]: each["target_ids"] for each in debugged(meta, alice["token"])["granular_scopes"]}
    assert (granular["pages_messaging"], granular["instagram_manage_messages"]) == ([PAGE], [LINKED])
    assert "public_profile" not in granular


CALLS: list[tuple[str, str, dict[str, Any]]] = [
    ("GET", f"/fb/{PAGE}/conversations", {}),
    ("POST", f"/fb/{PAGE}/messages", {"recipient": {"id": "1"}, "message": {"text": "a"}}),
    ("GET", f"/ig/{STUDIO}/conversations", {}),
    ("POST", f"/ig/{STUDIO}/subscribed_apps", {"subscribed_fields": "messages"}),
    ("POST", f"/fb/{PAGE}/subscribed_apps", {"subscribed_fields": "messages"}),
]


@pytest.mark.parametrize(("method", "path", "body"), CALLS, ids=lambda value: value if isinstance(value, str) else "")
def test_what_was_not_granted_is_refused(meta: Meta, method: str, path: str, body: dict[str, Any]):
    token = "IGAAstudio" if path.startswith("/ig") else "EAAshop"
    meta.simulator.set_token(token, scopes=["public_profile"])
    answer = meta.client.request(method, path, headers={"Authorization": f"Bearer {token}"}, json=body or None)
    assert error_of(answer)[1:] == (10, None)
    assert answer.status_code == (403 if path.startswith("/ig") else 400)


def test_a_permission_of_one_network_is_none_of_the_other(meta: Meta):
    meta.simulator.set_token("EAAshop", scopes=["pages_messaging"])
    assert meta.get(f"/fb/{PAGE}/conversations").status_code == 200
    assert error_of(meta.get(f"/fb/{PAGE}/conversations", platform="instagram"))[1] == 10


def test_who_may_not_list_pages_has_none(meta: Meta, alice):
    assert len(meta.get("/fb/me/accounts", token=alice["token"]).json()["data"]) == 1
    meta.simulator.set_token(alice["token"], scopes=["pages_messaging"])
    assert meta.get("/fb/me/accounts", token=alice["token"]).json() == {"data": []}


def test_a_login_grants_what_it_asks_for_and_the_person_gives(meta: Meta):
    bob = meta.simulator.add_person("Bob", APP, [PAGE], scopes=READ_ONLY)
    assert debugged(meta, bob["token"])["scopes"] == READ_ONLY
    token = logged_in(meta, bob, "pages_show_list,pages_messaging")
    assert debugged(meta, token)["scopes"] == ["pages_show_list", "public_profile"]
    exchange = CLIENT | {"grant_type": "fb_exchange_token", "fb_exchange_token": token}
    long = meta.client.get("/fb/oauth/access_token", params=exchange).json()["access_token"]
    assert debugged(meta, page_token(meta, long))["scopes"] == ["pages_show_list", "public_profile"]


def test_a_later_login_gives_the_token_of_the_page_what_was_missing(meta: Meta, alice):
    less = page_token(meta, logged_in(meta, alice, "pages_show_list"))
    assert error_of(meta.get(f"/fb/{PAGE}/conversations", token=less))[1] == 10
    more = page_token(meta, logged_in(meta, alice, "pages_show_list,pages_messaging"))
    assert meta.get(f"/fb/{PAGE}/conversations", token=more).status_code == 200


def test_instagrams_login_grants_what_it_asks_for(meta: Meta):
    code = dialog_code(meta, "/ig/oauth/authorize", STUDIO, scope="instagram_business_basic")
    form = CLIENT | {"grant_type": "authorization_code", "redirect_uri": BACK, "code": code}
    answer = meta.client.post("/ig-api/oauth/access_token", data=form).json()
    assert answer["permissions"] == ["instagram_business_basic"]
    assert error_of(meta.get(f"/ig/{STUDIO}/conversations", token=answer["access_token"]))[1] == 10
    whole = meta.client.post("/ig-api/oauth/access_token", data=instagram_form(meta)).json()["access_token"]
    assert meta.get(f"/ig/{STUDIO}/conversations", token=whole).status_code == 200


# Until when


def test_access_to_data_ends_ninety_days_after_the_login(meta: Meta, alice):
    facts = debugged(meta, alice["token"])
    assert facts["data_access_expires_at"] - facts["issued_at"] == 90 * DAY


def test_the_end_of_access_to_data_can_be_set_and_leaves_the_life_of_the_token(meta: Meta, alice):
    before = debugged(meta, alice["token"])
    meta.client.post("/sim/tokens", json={"token": alice["token"], "data_access_in": 3 * DAY, "scopes": READ_ONLY})
    after = debugged(meta, alice["token"])
    assert after["data_access_expires_at"] == before["issued_at"] + 3 * DAY
    assert (after["expires_at"], after["issued_at"], after["scopes"]) == (before["expires_at"], before["issued_at"], READ_ONLY)
    assert debugged(meta, page_token(meta, alice["token"]))["data_access_expires_at"] == after["data_access_expires_at"]


def test_a_life_that_is_set_leaves_what_was_granted(meta: Meta):
    meta.simulator.set_token("EAAshop", scopes=["pages_messaging"])
    meta.simulator.set_token("EAAshop", expires_in=HOUR)
    assert debugged(meta, "EAAshop")["scopes"] == ["pages_messaging"]


# The app


def test_the_app_has_every_permission_unless_told(meta: Meta):
    told = meta.get(f"/fb/{APP}/permissions", token=APP_TOKEN).json()["data"]
    assert {"permission": "pages_messaging", "status": "live"} in told
    meta.client.post("/sim/permissions", json={"app": APP, "permissions": {"pages_messaging": "unapproved"}})
    assert meta.get(f"/fb/{APP}/permissions", token=APP_TOKEN).json()["data"] == [{"permission": "pages_messaging", "status": "unapproved"}]


def test_only_the_app_itself_is_told_what_it_may_ask_for(meta: Meta):
    assert error_of(meta.get(f"/fb/{APP}/permissions")) == (400, 190, None)
    assert meta.client.post("/sim/permissions", json={"app": APP, "permissions": {"pages_messaging": "perhaps"}}).status_code == 400


def test_an_app_that_was_made_with_an_address_has_it_ordered_for_its_accounts(meta: Meta):
    told = meta.get(f"/fb/{APP}/subscriptions", token=APP_TOKEN).json()["data"]
    assert [(each["object"], each["callback_url"]) for each in told] == [(name, "http://product.test/webhooks/meta/") for name in ("instagram", "page")]
    meta.simulator.add_app("1200000000000002", "sim-app-secret-0002", "verify-me")
    assert meta.get("/fb/1200000000000002/subscriptions", token="1200000000000002|sim-app-secret-0002").json() == {"data": []}


# Meta stops telling


def test_meta_can_unsubscribe_an_account_and_what_shares_its_page(meta: Meta):
    meta.client.post("/sim/unsubscriptions", json={"account": LINKED})
    assert meta.get(f"/fb/{PAGE}/subscribed_apps").json() == {"data": []}
    for account, contact in ((PAGE, meta.amina), (LINKED, meta.lena), (STUDIO, meta.noor)):
        meta.simulator.write(account, contact, "Anybody?")
    assert [event["recipient"]["id"] for event in meta.callback.events] == [STUDIO]
    world = {each["id"]: each for each in meta.client.get("/sim/world").json()["accounts"]}
    assert [bool(world[account]["disabled_at"]) for account in (PAGE, LINKED, STUDIO)] == [True, True, False]


def test_subscribing_again_ends_the_silence(meta: Meta):
    meta.simulator.unsubscribe(STUDIO)
    assert meta.get(f"/ig/{STUDIO}/subscribed_apps", token="IGAAstudio").json() == {"data": []}
    assert meta.post(f"/ig/{STUDIO}/subscribed_apps", token="IGAAstudio", data={"subscribed_fields": "messages"}).status_code == 200
    meta.simulator.write(STUDIO, meta.noor, "Anybody?")
    assert len(meta.callback.received) == 1


def test_of_an_account_of_the_world_file_that_nobody_connected_nothing_is_told_before_it_is(meta: Meta):
    page = "104857600000009"
    contact = {"name": "Bea", "id": "7300000000000099", "messages": [{"text": "Hello"}]}
    account = {"network": "messenger", "id": page, "name": "Quiet Books", "token": "EAAquiet", "app": APP, "connected": False, "contacts": [contact]}
    meta.simulator.load({"accounts": [account]})
    meta.simulator.settle()
    meta.simulator.write(page, contact["id"], "Anybody?")
    assert meta.callback.received == []
    assert len(meta.get(f"/fb/{page}/conversations", token="EAAquiet").json()["data"]) == 1
    meta.post(f"/fb/{page}/subscribed_apps", token="EAAquiet", data={"subscribed_fields": "messages"})
    meta.simulator.write(page, contact["id"], "Ah")
    assert [event["message"]["text"] for event in meta.callback.events] == ["Ah"]
