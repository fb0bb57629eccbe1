"""Personas, utility templates, moderation: small edges of a Page."""

from typing import Any

import pytest

from .conftest import PAGE, STUDIO, Meta, error_of

DAY = 24 * 3600
BODY = [{"type": "body", "text": "Order {{order_id}} is {{2}}."}]
TEMPLATE = {"name": "order_update", "language": "en", "category": "UTILITY", "components": BODY, "parameter_format": "NAMED"}


def utility(*parameters: dict[str, str], name: str = "order_update") -> dict[str, Any]:
    return {"template": {"name": name, "language": {"code": "en"}, "components": [{"type": "body", "parameters": list(parameters)}]}}


FILLED = utility({"type": "text", "parameter_name": "order_id", "text": "1042"}, {"type": "text", "text": "ready"})


def test_a_persona_writes_and_goes(meta: Meta):
    persona = meta.post(f"/fb/{PAGE}/personas", data={"name": "Bob", "profile_picture_url": "https://a.test/b.png"}).json()["id"]
    assert meta.send({"text": "a"}, persona_id=persona).status_code == 200
    assert meta.simulator.messages(direction="out")[0]["more"]["persona"] == persona
    assert [each["name"] for each in meta.get(f"/fb/{PAGE}/personas").json()["data"]] == ["Bob"]
    assert meta.client.delete(f"/fb/{persona}", headers={"Authorization": "Bearer EAAshop"}).json() == {"success": True}
    assert error_of(meta.send({"text": "a"}, persona_id=persona)) == (400, 100, None)


def test_a_persona_needs_a_name_and_a_picture(meta: Meta):
    assert error_of(meta.post(f"/fb/{PAGE}/personas", json={"name": "x" * 51, "profile_picture_url": "https://a.test"})) == (400, 100, None)
    assert error_of(meta.post(f"/fb/{PAGE}/personas", json={"name": "Bob"})) == (400, 100, None)


def test_instagram_ignores_personas(meta: Meta):
    assert meta.direct({"text": "a"}, persona_id="1").status_code == 200


def test_a_utility_template_goes_out_after_the_window(meta: Meta):
    created = meta.post(f"/fb/{PAGE}/message_templates", json=TEMPLATE).json()
    assert created["status"] == "APPROVED"
    assert meta.get(f"/fb/{PAGE}/message_templates").json()["data"][0]["name"] == "order_update"
    meta.simulator.advance(30 * DAY)
    assert meta.send(FILLED, messaging_type="UTILITY").status_code == 200
    assert meta.simulator.messages(direction="out")[0]["text"] == "Order 1042 is ready."


def test_a_template_must_exist_and_be_complete(meta: Meta):
    assert error_of(meta.send(FILLED, messaging_type="UTILITY")) == (400, 100, None)
    meta.post(f"/fb/{PAGE}/message_templates", json=TEMPLATE)
    assert error_of(meta.send(utility(), messaging_type="UTILITY")) == (400, 100, None)
    assert error_of(meta.send({"text": "a"}, messaging_type="UTILITY")) == (400, 100, None)
    assert error_of(meta.direct(FILLED)) == (400, 100, 2534015)
    assert error_of(meta.post(f"/fb/{PAGE}/message_templates", json=TEMPLATE | {"category": "MARKETING"})) == (400, 100, None)


def moderate(meta: Meta, *actions: str, users: list[str] | None = None):
    people = [{"id": each} for each in (users or [meta.amina])]
    return meta.post(f"/fb/{PAGE}/moderate_conversations", json={"user_ids": people, "actions": list(actions)})


def test_whom_the_account_blocks_cannot_be_written_to_and_cannot_write(meta: Meta):
    assert moderate(meta, "block_user").json() == {"success": True}
    assert error_of(meta.send({"text": "a"})) == (400, 551, 1545041)
    with pytest.raises(ValueError, match="blocked"):
        meta.simulator.write(PAGE, meta.amina, "hello?")
    moderate(meta, "unblock_user")
    assert meta.send({"text": "a"}).status_code == 200


def test_spam_has_a_folder_of_its_own(meta: Meta):
    moderate(meta, "move_to_spam")
    listed = meta.get(f"/fb/{PAGE}/conversations", fields="folder").json()["data"]
    assert [each["folder"] for each in listed] == ["spam"]
    assert meta.get(f"/fb/{PAGE}/conversations", folder="inbox").json() == {"data": []}


@pytest.mark.parametrize("actions", [[], ["block_user", "ban_user", "move_to_spam"], ["shout"]])
def test_moderation_has_limits(meta: Meta, actions: list[str]):
    assert error_of(moderate(meta, *actions)) == (400, 100, None)
    assert error_of(moderate(meta, "block_user", users=[meta.amina] * 11)) == (400, 100, None)
    assert error_of(moderate(meta, "block_user", users=["1"])) == (400, 100, 2018001)


def test_access_to_messages_can_be_switched_off_on_instagram(meta: Meta):
    meta.simulator.allow_messages(STUDIO, False)
    response = meta.direct({"text": "a"})
    assert error_of(response) == (403, 200, 2534041)
    assert "www-authenticate" in response.headers
    assert error_of(meta.get(f"/ig/{STUDIO}/conversations", token="IGAAstudio")) == (403, 200, 2534041)
    meta.simulator.write(STUDIO, meta.noor, "hello?")
    assert meta.callback.received == []
    meta.simulator.allow_messages(STUDIO)
    assert meta.direct({"text": "a"}).status_code == 200
