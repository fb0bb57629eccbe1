"""The same inbox from the same events: in whatever order they come, however they are batched, and however often they are told."""

import random
from collections.abc import Iterable
from itertools import permutations
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from graph.webhooks import BadBody, parse
from inbox.ingesting import replay
from inbox.models import WebhookDelivery
from tests.inbox.beliefs import beliefs, connect_all, forgotten, receive, work
from tests.inbox.webhook_bodies import ACCOUNTS, BEGINNING, CONTACTS, OUR_APP, bounded, disorders, mangled_bodies, one_by_one, stories, wire

State = WebhookDelivery.State
CONTACT = {"id": CONTACTS[0]}


@pytest.fixture
def connected(db):
    connect_all()


def _is_metas(body: bytes) -> bool:
    try:
        parse(body)
    except BadBody:
        return False
    return True


def _none_failed() -> bool:
    return not [each for each in WebhookDelivery.objects.exclude(state=State.APPLIED) if each.state != State.FAILED or _is_metas(bytes(each.body))]


@bounded(40)
@given(data=st.data(), story=stories(), at_once=st.booleans())
def test_disorder_and_repetition_lead_to_the_same_inbox(connected, data, story, at_once):
    with forgotten():
        receive(one_by_one(story))
        assert _none_failed()
        expected = beliefs(story.account)
    with forgotten():
        between = data.draw(st.lists(mangled_bodies(), max_size=2))
        bodies = data.draw(st.permutations([*data.draw(disorders(story)), *between])) if between else data.draw(disorders(story))
        receive(bodies, at_once=at_once)
        assert _none_failed()
        assert beliefs(story.account) == expected


@bounded(20)
@given(data=st.data(), story=stories())
def test_replaying_everything_changes_nothing(connected, data, story):
    with forgotten():
        receive(data.draw(disorders(story)))
        before = beliefs(story.account)
        for delivery in data.draw(st.permutations(list(WebhookDelivery.objects.order_by("pk")))):
            replay(delivery)
            work()
        assert beliefs(story.account) == before


@bounded(60)
@given(bodies=st.lists(mangled_bodies(), min_size=1, max_size=3))
def test_a_mangled_body_is_applied_or_refused_as_none_of_metas(connected, bodies):
    with forgotten():
        receive(bodies)
        for delivery in WebhookDelivery.objects.all():
            assert (delivery.state, delivery.error) == (State.APPLIED, "") or not _is_metas(bytes(delivery.body)), delivery.error


# Small stories in every order ---------------------------------------------------------------------------------------
def _event(content: dict[str, Any], at: int = 0, *, ours: bool = False) -> dict[str, Any]:
    people = [{"id": ACCOUNTS["page"]}, CONTACT]
    return {"sender": people[not ours], "recipient": people[ours], "timestamp": BEGINNING + at} | content


def _said(mid: str, at: int, **more: Any) -> dict[str, Any]:
    return _event({"message": {"mid": mid, "text": f"words of {mid}"} | more}, at)


def _answered(mid: str, at: int, **more: Any) -> dict[str, Any]:
    return _event({"message": {"mid": mid, "text": f"words of {mid}", "is_echo": True, "app_id": 263902037430900} | more}, at, ours=True)


def _unsent(mid: str, at: int, *, ours: bool = False) -> dict[str, Any]:
    return _event({"message": {"mid": mid, "is_deleted": True}}, at, ours=ours)


def _edited(mid: str, number: int, at: int) -> dict[str, Any]:
    return _event({"message_edit": {"mid": mid, "text": f"edit {number}", "num_edit": number}}, at)


def _reacted(mid: str, at: int, emoji: str, action: str = "react") -> dict[str, Any]:
    return _event({"reaction": {"mid": mid, "action": action, "emoji": emoji}}, at)


def _policy(action: str, at: int) -> dict[str, Any]:
    return {"recipient": {"id": ACCOUNTS["page"]}, "timestamp": BEGINNING + at, "policy_enforcement": {"action": action, "reason": action}}


def _came(source: str, at: int, **more: Any) -> dict[str, Any]:
    return _event({"referral": {"source": source, "type": "OPEN_THREAD"} | more}, at)


def _control(owner: str, at: int) -> dict[str, Any]:
    return _event({"pass_thread_control": {"new_owner_app_id": owner}}, at)


SMALL = {
    "edits in their order": [_said("m_1", 0), _edited("m_1", 1, 5), _edited("m_1", 2, 6), _edited("m_1", 3, 6)],
    "edits of what was unsent": [_said("m_1", 0), _edited("m_1", 1, 5), _edited("m_1", 2, 6), _unsent("m_1", 9)],
    "an unsent answer to a message": [_said("m_1", 0), _said("m_2", 1, reply_to={"mid": "m_1"}), _unsent("m_2", 9)],
    "an unsent answer from elsewhere": [_answered("m_1", 0, reply_to={"mid": "m_0"}), _unsent("m_1", 9, ours=True), _said("m_2", 5)],
    "an answer that was read before it was unsent": [_answered("m_1", 0), _event({"read": {"mid": "m_1"}}, 5), _unsent("m_1", 9, ours=True)],
    "answers delivered by their ids": [_answered("m_1", 0), _answered("m_2", 9), _event({"delivery": {"mids": ["m_1", "m_2", "m_1"]}}, 20)],
    "reading before anything was said": [_said("m_1", 5), _event({"read": {"watermark": BEGINNING}}, 1), _event({"read": {"watermark": BEGINNING + 4}}, 6)],
    "a reaction that was taken back": [_said("m_1", 0), _reacted("m_1", 5, "x"), _reacted("m_1", 6, "", "unreact")],
    "reactions at one moment": [_said("m_1", 0), _reacted("m_1", 5, "x"), _reacted("m_1", 5, "y"), _reacted("m_1", 5, "", "unreact")],
    "reactions at one moment to a message from before": [_reacted("m_0", 5, "x"), _reacted("m_0", 5, "y"), _reacted("m_0", 5, "", "unreact")],
    "reactions to messages from before": [_reacted("m_0", 5, "x"), _reacted("m_00", 9, "y"), _reacted("m_000", 1, "", "unreact")],
    "a reaction to what was unsent": [_said("m_1", 0), _reacted("m_1", 5, "x"), _unsent("m_1", 9)],
    "messages at one moment": [_said("m_a", 5), _said("m_B", 5), _said("m__", 5), _answered("m_Z", 5)],
    "messages at one moment, one of them unsent": [_said("m_a", 5), _said("m_B", 5), _unsent("m_B", 9), _unsent("m_a", 9)],
    "all openers at one moment": [_said("m_1", 5), _event({"postback": {"mid": "m_2", "title": "Menu"}}, 5), _reacted("m_0", 5, "x"), _came("SHORTLINK", 5)],
    "a reaction that opens, and its message": [_answered("m_1", 0), _reacted("m_1", 9, "x"), _said("m_2", 3)],
    "a click on an advertisement before a message": [_came("ADS", 4, ad_id="1"), _said("m_1", 5), _said("m_2", 9), _said("m_0", 1)],
    "two clicks and the messages between them": [_came("ADS", 4, ad_id="1"), _said("m_1", 5), _came("ADS", 7, ad_id="2"), _said("m_2", 9)],
    "a message that an advertisement opened, unsent": [_said("m_1", 5, referral={"source": "ADS", "ad_id": "1"}), _unsent("m_1", 9), _said("m_2", 7)],
    "a click on an advertisement and an unsend": [_came("ADS", 4, ad_id="1"), _said("m_1", 5), _unsent("m_1", 9), _said("m_2", 7)],
    "a warning after a block": [_policy("block", 1), _policy("warning", 5), _said("m_1", 0)],
    "a block and its end": [_policy("block", 1), _policy("unblock", 5), _policy("block", 9)],
    "control at one moment": [_said("m_1", 5), _control(OUR_APP, 5), _control("263902037430900", 5)],
    "control that went and came": [_said("m_1", 0), _control("263902037430900", 5), _said("m_2", 6), _control("263902037430900", 4)],
    "the first that is seen of a contact": [_said("m_2", 9), _said("m_1", 5), _answered("m_0", 1)],
    "a tap without an id": [_event({"postback": {"title": "Menu", "payload": "M"}}, 5), _said("m_1", 6), _unsent("m_1", 7)],
}  # fmt: skip


@pytest.mark.parametrize("name", SMALL)
def test_a_small_story_ends_alike_in_every_order(connected, name):
    ends = {repr(_told_in_order(order)) for order in permutations(SMALL[name])}
    assert len(ends) == 1, "\n".join(sorted(ends))


def _told_in_order(events: Iterable[dict[str, Any]]) -> dict[str, Any]:
    with forgotten():
        receive([wire({"object": "page", "entry": [{"id": ACCOUNTS["page"], "time": BEGINNING, "messaging": list(events)}]})])
        assert _none_failed()
        return beliefs(ACCOUNTS["page"])


# Bodies that no database would hold -----------------------------------------------------------------------------------
LONG = "".join(random.Random(5).choices("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789", k=9_000))
TOO_LONG = {
    "message": {"sender": CONTACT, "message": {"mid": LONG, "text": "Hi"}},
    "contact": {"sender": {"id": LONG}, "message": {"mid": "m_1", "text": "Hi"}},
    "link": {"sender": CONTACT, "referral": {"source": "SHORTLINK", "ref": LONG}},
    "kind": {"sender": CONTACT, LONG: {}},
    "reaction": {"sender": CONTACT, "reaction": {"mid": LONG, "emoji": "x"}},
    "receipt": {"sender": CONTACT, "delivery": {"mids": [LONG]}},
    "control": {"sender": CONTACT, "pass_thread_control": {"new_owner_app_id": LONG}},
}


@pytest.mark.parametrize("what", TOO_LONG)
def test_what_is_longer_than_any_index_holds_stops_nothing(connected, what):
    """Of the errors of a database one means "later"; it would come back to such a body for ever."""
    for content in ({"sender": CONTACT, "message": {"mid": "m_0", "text": "Hello"}}, TOO_LONG[what]):
        event = {"recipient": {"id": ACCOUNTS["page"]}, "timestamp": BEGINNING} | content
        receive([wire({"object": "page", "entry": [{"id": ACCOUNTS["page"], "time": BEGINNING, "messaging": [event]}]})])
    assert not WebhookDelivery.objects.exclude(state=State.APPLIED).exists()
