"""When Meta lets an account write, and what it says when it does not."""

import pytest

from graph.simulator import Simulator

from .conftest import APP, PAGE, STUDIO, Meta, error_of

HOUR = 3600
DAY = 24 * HOUR
HUMAN = {"messaging_type": "MESSAGE_TAG", "tag": "HUMAN_AGENT"}


def allow_human_agent(simulator: Simulator) -> None:
    simulator.add_account("messenger", PAGE, "Harbour Coffee", token="EAAshop", app=APP, human_agent=True)


def test_the_window_is_open_for_24_hours(meta: Meta):
    meta.simulator.advance(DAY)
    assert meta.send({"text": "a"}).status_code == 200
    meta.simulator.advance(1)
    assert error_of(meta.send({"text": "a"})) == (400, 10, 2018278)


def test_each_host_says_it_in_its_own_way(meta: Meta):
    meta.simulator.advance(DAY + 1)
    response = meta.direct({"text": "a"})
    assert error_of(response) == (403, 10, 2534022)
    assert response.json()["error"]["type"] == "IGApiException"
    assert "invalid_request" in response.headers["www-authenticate"]
    assert error_of(meta.send({"text": "a"}, to=meta.lena)) == (400, 10, 2534022)


def test_a_contact_who_never_wrote_cannot_be_written_to(meta: Meta):
    stranger = meta.simulator.add_contact(PAGE, "Quiet Person")
    assert error_of(meta.send({"text": "a"}, to=stranger)) == (400, 10, 2018278)


@pytest.mark.parametrize("act", ["write", "tap", "react"])
def test_what_a_contact_does_opens_it_again(meta: Meta, act: str):
    mid = meta.send({"text": "a"}).json()["message_id"]
    meta.simulator.advance(2 * DAY)
    doings = {
        "write": lambda: meta.simulator.write(PAGE, meta.amina, "Still there?"),
        "tap": lambda: meta.simulator.tap(PAGE, meta.amina),
        "react": lambda: meta.simulator.react(PAGE, meta.amina, mid),
    }
    doings[act]()
    assert meta.send({"text": "a"}).status_code == 200


def test_reading_or_taking_a_reaction_back_opens_nothing(meta: Meta):
    mid = meta.send({"text": "a"}).json()["message_id"]
    meta.simulator.advance(2 * DAY)
    meta.simulator.see(PAGE, meta.amina)
    meta.simulator.unreact(PAGE, meta.amina, mid)
    assert error_of(meta.send({"text": "a"})) == (400, 10, 2018278)


def test_sending_does_not_keep_it_open(meta: Meta):
    meta.simulator.advance(DAY - 1)
    assert meta.send({"text": "a"}).status_code == 200
    meta.simulator.advance(2)
    assert error_of(meta.send({"text": "b"}))[1] == 10


def test_a_human_agent_has_seven_days(meta: Meta):
    allow_human_agent(meta.simulator)
    meta.simulator.advance(7 * DAY)
    assert meta.send({"text": "a"}, **HUMAN).status_code == 200
    assert meta.simulator.messages(direction="out")[-1]["tag"] == "HUMAN_AGENT"
    meta.simulator.advance(1)
    assert error_of(meta.send({"text": "a"}, **HUMAN)) == (400, 10, 2018278)


def test_a_human_agent_counts_from_the_last_message(meta: Meta):
    allow_human_agent(meta.simulator)
    meta.simulator.advance(5 * DAY)
    meta.simulator.tap(PAGE, meta.amina)
    meta.simulator.advance(2 * DAY + 1)
    assert error_of(meta.send({"text": "a"}, **HUMAN)) == (400, 10, 2018278)


def test_without_the_feature_the_tag_opens_nothing(meta: Meta):
    assert meta.send({"text": "a"}, **HUMAN).status_code == 200
    meta.simulator.advance(DAY + 1)
    assert error_of(meta.send({"text": "a"}, **HUMAN)) == (400, 10, 2018278)


def test_the_tag_needs_its_messaging_type(meta: Meta):
    assert error_of(meta.send({"text": "a"}, tag="HUMAN_AGENT")) == (400, 100, None)
    assert error_of(meta.send({"text": "a"}, messaging_type="MESSAGE_TAG")) == (400, 100, None)


def test_the_clock_moves_for_every_account(meta: Meta):
    meta.simulator.advance(HOUR)
    mid = meta.simulator.write(STUDIO, meta.noor, "later")
    assert meta.simulator.world.message(mid)["at"] == 1_794_700_000_000 + HOUR * 1000
