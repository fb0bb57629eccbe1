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


def test_following_a_link_into_a_conversation_opens_it_again(meta: Meta):
    meta.simulator.advance(2 * DAY)
    meta.simulator.follow_link(PAGE, meta.amina)
    assert meta.send({"text": "a"}).status_code == 200


@pytest.mark.parametrize(
    "act",
    [
        lambda meta, mid: meta.simulator.click_ad(PAGE, meta.amina),
        lambda meta, mid: meta.simulator.comment(PAGE, meta.amina, "price?"),
        lambda meta, mid: meta.simulator.edit(PAGE, meta.amina, mid, "other words"),
        lambda meta, mid: meta.simulator.unsend(PAGE, meta.amina, mid),
        lambda meta, mid: meta.simulator.opt_in(PAGE, meta.amina),
        lambda meta, mid: meta.simulator.hold_thread(PAGE, meta.amina) or meta.simulator.release_thread(PAGE, meta.amina),
    ],
    ids=["ad", "comment", "edit", "unsend", "opt-in", "thread control"],
)
def test_what_is_no_opener_opens_nothing(meta: Meta, act):
    mid = meta.simulator.write(PAGE, meta.amina, "words")
    meta.simulator.advance(2 * DAY)
    act(meta, mid)
    assert error_of(meta.send({"text": "a"})) == (400, 10, 2018278)


@pytest.mark.parametrize("act", ["mention_in_story", "send_sticker", "send_unsupported", "share_post"])
def test_whatever_comes_as_a_message_opens_it(meta: Meta, act: str):
    meta.simulator.advance(2 * DAY)
    getattr(meta.simulator, act)(STUDIO, meta.noor)
    assert meta.direct({"text": "a"}).status_code == 200


def test_the_first_message_after_an_ad_opens_a_day(meta: Meta):
    meta.simulator.click_ad(PAGE, meta.amina)
    meta.simulator.write(PAGE, meta.amina, "Tell me more")
    meta.simulator.advance(DAY + 1)
    assert error_of(meta.send({"text": "a"})) == (400, 10, 2018278)


def test_or_seven_days_where_the_account_is_told_so(meta: Meta):
    meta.simulator.world.set_account(PAGE, "ad_window_days", 7)
    meta.simulator.click_ad(PAGE, meta.amina)
    meta.simulator.write(PAGE, meta.amina, "Tell me more")
    meta.simulator.advance(7 * DAY)
    assert meta.send({"text": "a"}).status_code == 200
    meta.simulator.advance(1)
    assert error_of(meta.send({"text": "a"})) == (400, 10, 2018278)


def test_only_the_message_after_the_click_has_seven_days(meta: Meta):
    meta.simulator.world.set_account(PAGE, "ad_window_days", 7)
    meta.simulator.write(PAGE, meta.amina, "no ad")
    meta.simulator.advance(DAY + 1)
    assert error_of(meta.send({"text": "a"})) == (400, 10, 2018278)


def test_a_message_that_comes_late_counts_from_when_it_was_written(meta: Meta):
    meta.simulator.advance(3 * DAY)
    meta.simulator.write(PAGE, meta.amina, "late", at=meta.simulator.now() - DAY - 1)
    assert error_of(meta.send({"text": "a"})) == (400, 10, 2018278)


def test_checks_come_in_metas_order(meta: Meta):
    """Everything is wrong at once; each line puts the foremost thing right."""
    body = {"recipient": {"id": meta.amina}, "message": {"text": "a"}}
    meta.simulator.advance(2 * DAY)
    meta.simulator.block(PAGE, meta.amina)
    meta.simulator.hold_thread(PAGE, meta.amina)
    meta.simulator.enforce_policy(PAGE, "block")
    assert error_of(meta.client.post("/fb/1/messages", json={})) == (400, 104, None)
    assert error_of(meta.post("/fb/1/messages?appsecret_proof=x", token="wrong", json={})) == (400, 190, None)
    assert error_of(meta.post("/fb/1/messages?appsecret_proof=x", json={})) == (400, 100, None)
    assert error_of(meta.post("/fb/1/messages", json={})) == (400, 100, 33)
    assert error_of(meta.send({"text": ""}, to="1")) == (400, 100, 2018034)
    assert error_of(meta.send({"text": "a"}, to="1")) == (400, 100, 2018001)
    assert error_of(meta.post("/fb/me/messages", json=body)) == (400, 10, 1893063)
    meta.simulator.enforce_policy(PAGE, "unblock")
    meta.simulator.hold_thread(PAGE, meta.amina)
    assert error_of(meta.post("/fb/me/messages", json=body)) == (400, 2018300, None)
    meta.simulator.release_thread(PAGE, meta.amina)
    assert error_of(meta.post("/fb/me/messages", json=body)) == (400, 551, 1545041)
    meta.simulator.unblock(PAGE, meta.amina)
    lost = {"attachment": {"type": "image", "payload": {"url": "https://lost.example.test/a.png"}}}
    assert error_of(meta.send(lost)) == (400, 10, 2018278)
    meta.simulator.write(PAGE, meta.amina, "here I am")
    assert error_of(meta.send(lost)) == (400, 100, 2018008)
