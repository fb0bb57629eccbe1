"""Which app controls a conversation, and what the others get to hear."""

import json
from typing import Any

import pytest

from .conftest import APP, PAGE, STUDIO, Meta, error_of

DAY = 24 * 3600
SUITE = "263902037430900"


def entries(meta: Meta) -> list[dict[str, Any]]:
    return [json.loads(body)["entry"][0] for _, body, _ in meta.callback.received]


def control(meta: Meta, edge: str, **more: Any):
    return meta.post(f"/fb/{PAGE}/{edge}", json={"recipient": {"id": meta.amina}} | more)


def owner(meta: Meta) -> list[dict[str, Any]]:
    return meta.get(f"/fb/{PAGE}/thread_owner", recipient=meta.amina).json()["data"]


def test_a_held_conversation_refuses_our_sends_on_each_network(meta: Meta):
    meta.simulator.hold_thread(PAGE, meta.amina)
    meta.simulator.hold_thread(STUDIO, meta.noor)
    assert error_of(meta.send({"text": "a"})) == (400, 2018300, None)
    assert error_of(meta.direct({"text": "a"})) == (400, 100, 2534037)
    meta.simulator.release_thread(PAGE, meta.amina)
    assert meta.send({"text": "a"}).status_code == 200


def test_taking_and_passing_are_told_with_both_owners(meta: Meta):
    meta.simulator.hold_thread(PAGE, meta.amina)
    meta.simulator.release_thread(PAGE, meta.amina)
    meta.simulator.request_thread(PAGE, meta.amina)
    taken, passed, asked = meta.callback.events
    assert taken["take_thread_control"] == {"previous_owner_app_id": None, "new_owner_app_id": SUITE, "metadata": ""}
    assert passed["pass_thread_control"] == {"previous_owner_app_id": SUITE, "new_owner_app_id": APP, "metadata": ""}
    assert asked["request_thread_control"] == {"requested_owner_app_id": SUITE, "metadata": ""}


def test_whoever_answers_an_idle_conversation_is_named_as_the_one_before(meta: Meta):
    meta.send({"text": "a"})
    meta.simulator.hold_thread(PAGE, meta.amina)
    assert meta.callback.events[-1]["take_thread_control"]["previous_owner_app_id"] == APP


def test_what_a_contact_does_comes_under_standby_meanwhile(meta: Meta):
    meta.simulator.hold_thread(PAGE, meta.amina)
    mid = meta.simulator.write(PAGE, meta.amina, "hello?")
    meta.simulator.react(PAGE, meta.amina, mid)
    meta.simulator.tap(PAGE, meta.amina)
    meta.simulator.answer_elsewhere(PAGE, meta.amina, "An agent here")
    message, reaction, postback, echo = [entry["standby"][0] for entry in entries(meta)[1:]]
    assert (message["message"]["mid"], reaction["reaction"]["mid"]) == (mid, mid)
    assert "payload" not in postback["postback"]
    assert echo["message"]["is_echo"]


def test_standby_needs_its_own_subscription(meta: Meta):
    meta.post(f"/fb/{PAGE}/subscribed_apps", params={"subscribed_fields": "messages"})
    meta.simulator.hold_thread(PAGE, meta.amina)
    meta.simulator.write(PAGE, meta.amina, "hello?")
    assert meta.callback.received == []


def test_one_message_alone_may_come_as_standby(meta: Meta):
    meta.simulator.write(STUDIO, meta.noor, "a", standby=True)
    meta.simulator.write(STUDIO, meta.noor, "b")
    assert [("standby" in entry, "messaging" in entry) for entry in entries(meta)] == [(True, False), (False, True)]


def test_control_lapses_after_a_day(meta: Meta):
    meta.simulator.hold_thread(PAGE, meta.amina)
    meta.simulator.advance(DAY)
    meta.simulator.write(PAGE, meta.amina, "hello?")
    assert "messaging" in entries(meta)[-1]
    assert meta.send({"text": "a"}).status_code == 200


def test_the_owner_can_be_asked_for(meta: Meta):
    assert owner(meta) == []
    meta.send({"text": "a"})
    assert owner(meta) == [{"thread_owner": {"app_id": APP, "expiration": 1_794_700_000 + DAY}}]


def test_control_can_be_passed_taken_extended_and_released(meta: Meta):
    assert control(meta, "pass_thread_control", target_app_id=SUITE, metadata="to a person").json() == {"success": True}
    assert error_of(meta.send({"text": "a"})) == (400, 2018300, None)
    assert error_of(control(meta, "release_thread_control")) == (400, 2018300, None)
    assert control(meta, "request_thread_control").json() == {"success": True}
    assert control(meta, "take_thread_control").json() == {"success": True}
    assert control(meta, "extend_thread_control", duration=7 * DAY).json() == {"success": True}
    assert owner(meta)[0]["thread_owner"]["expiration"] == 1_794_700_000 + 7 * DAY
    assert control(meta, "release_thread_control").json() == {"success": True}
    assert owner(meta) == []


@pytest.mark.parametrize(
    ("edge", "more"),
    [
        ("pass_thread_control", {}),
        ("extend_thread_control", {"duration": 7 * DAY + 1}),
        ("extend_thread_control", {}),
        ("take_thread_control", {"recipient": {"id": "1"}}),
    ],
)
def test_control_calls_that_make_no_sense_are_refused(meta: Meta, edge: str, more: dict):
    assert error_of(control(meta, edge, **more))[:2] == (400, 100)


def test_a_human_agent_does_not_take_control(meta: Meta):
    meta.send({"text": "a"}, messaging_type="MESSAGE_TAG", tag="HUMAN_AGENT")
    assert owner(meta) == []
