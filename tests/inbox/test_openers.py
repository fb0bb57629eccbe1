"""Each thing that can happen in a conversation, on each network: whether it opens Meta's window, and from when.

Source: Meta, Messenger Platform, "Send a message", standard messaging window; Instagram Platform, "Messaging API".
"""

from datetime import timedelta
from typing import Any

import pytest

from accounts.models import Account
from core.clock import now
from inbox.content import Content
from inbox.models import Attempt, Conversation, Dispatch, Message
from inbox.window import WindowState
from inbox.work import work_until_idle

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
PICTURE = {"type": "image", "payload": {"url": "https://cdn.example.test/a.jpg"}}
OPENERS: dict[str, tuple[str, dict[str, Any]]] = {
    "words": ("message", {"message": {"text": "Hello?"}}),
    "an empty message that Meta shows only in its apps": ("message", {"message": {"is_unsupported": True}}),
    "a picture": ("message", {"message": {"attachments": [PICTURE]}}),
    "an album": ("message", {"message": {"attachments": [PICTURE, PICTURE]}}),
    "a sticker": ("message", {"message": {"attachments": [{"type": "sticker", "payload": {"sticker_id": 369239263222822}}]}}),
    "a heart": ("message", {"message": {"attachments": [{"type": "like_heart"}]}}),
    "a picture to be seen once": ("message", {"message": {"attachments": [{"type": "ephemeral"}]}}),
    "an offered answer": ("message", {"message": {"text": "Yes", "quick_reply": {"payload": "YES"}}}),
    "an answer to a story": ("message", {"message": {"text": "Nice", "reply_to": {"story": {"id": "180", "url": "https://cdn.example.test/s"}}}}),
    "being named in a story": ("message", {"message": {"attachments": [{"type": "story_mention", "payload": {"url": "https://cdn.example.test/s"}}]}}),
    "words from a product": ("message", {"message": {"text": "This?", "referral": {"product": {"id": "5001"}}}}),
    "a button": ("postback", {"postback": {"mid": "m_new", "title": "Menu", "payload": "MENU"}}),
    "a button of the old kind": ("postback", {"postback": {"title": "Menu", "payload": "MENU"}}),
    "a reaction to a message from before": ("reaction", {"reaction": {"mid": "m_before", "action": "react", "emoji": "x"}}),
    "a link into the thread": ("referral", {"referral": {"source": "SHORTLINK", "type": "OPEN_THREAD", "ref": "promo"}}),
}
OTHERS: dict[str, dict[str, Any]] = {
    "a delivery": {"delivery": {"mids": [], "watermark": 1}},
    "reading": {"read": {"watermark": 1}},
    "typing": {"typing": "on"},
    "an unreact": {"reaction": {"mid": "m_before", "action": "unreact"}},
    "an unsend of what nobody knows": {"message": {"mid": "m_new", "is_deleted": True}},
    "an edit of what nobody knows": {"message_edit": {"mid": "m_new", "text": "New words", "num_edit": 1}},
    "an edit that is none": {"message_edit": {"mid": "m_new", "num_edit": 0}},
    "a click on an advertisement": {"referral": {"source": "ADS", "type": "OPEN_THREAD", "ad_id": "1202"}},
    "an opt-in": {"optin": {"type": "notification_messages", "title": "News"}},
    "an opt-out": {"optin": {"type": "notification_messages", "notification_messages_status": "STOP NOTIFICATIONS"}},
    "another app taking the thread": {"take_thread_control": {"new_owner_app_id": "263902037430900"}},
    "something that nobody knows": {"brand_new": {"text": "Hello?"}},
}


@pytest.fixture(params=["amina", "noor"])
def closed(request, cast, clock):
    """A conversation whose window closed hours ago."""
    clock.shift(30 * HOUR)
    contact = getattr(cast, request.param)
    assert _window(cast, contact).state(now()) == WindowState.CLOSED
    return contact


def _window(cast, contact):
    return cast.conversation(contact).window


def _happens(cast, contact, content: dict[str, Any], *, ours: bool = False, at=None) -> None:
    people = [{"id": contact.account.external_id}, {"id": contact.external_id}]
    if "message" in content:
        content = {"message": {"mid": "m_new"} | content["message"]}
    event = {"sender": people[not ours], "recipient": people[ours], "timestamp": int((at or now()).timestamp() * 1000)} | content
    cast.simulator.announce(contact.account.external_id, event)
    work_until_idle("ingest")


@pytest.mark.parametrize("what", OPENERS)
def test_this_opens_the_window(cast, closed, what):
    cause, content = OPENERS[what]
    at = (now() - HOUR).replace(microsecond=0)
    _happens(cast, closed, content, at=at)
    conversation = cast.conversation(closed)
    assert (conversation.window_cause, conversation.window_opened_at, conversation.window_closes_at) == (cause, at, at + DAY)
    assert conversation.window.state(now()) == WindowState.OPEN
    said = Message.objects.filter(conversation=conversation, at=at).first()
    assert conversation.window_message == said
    assert conversation.window.ends_at(now()) == at + DAY


@pytest.mark.parametrize("what", OTHERS)
def test_this_does_not_open_the_window(cast, closed, what):
    before = _window(cast, closed)
    _happens(cast, closed, OTHERS[what])
    assert _window(cast, closed) == before
    assert before.state(now()) == WindowState.CLOSED


@pytest.mark.parametrize("what", ["words", "a button", "a reaction to a message from before"])
def test_what_our_own_side_does_does_not_open_the_window(cast, closed, what):
    before = _window(cast, closed)
    _happens(cast, closed, OPENERS[what][1], ours=True)
    assert _window(cast, closed) == before


def test_what_arrives_late_opens_it_from_when_it_was_written(cast, closed):
    """Meta repeats what we did not take for hours: the time that counts is that of the message, not of its arrival."""
    written = (now() - 23 * HOUR).replace(microsecond=0)
    _happens(cast, closed, {"message": {"text": "Hello?"}}, at=written)
    assert _window(cast, closed).time_left(now()) < HOUR


def test_an_older_message_that_comes_later_shortens_nothing(cast, clock):
    clock.shift(HOUR)
    cast.write(cast.amina, "The newest")
    before = _window(cast, cast.amina)
    _happens(cast, cast.amina, {"message": {"text": "An older one"}}, at=now() - HOUR)
    assert _window(cast, cast.amina) == before


# Human Agent, and Meta's own word ---------------------------------------------------------------------------------
@pytest.mark.parametrize("what", ["a button", "a reaction to a message from before", "a link into the thread"])
def test_a_persons_week_counts_from_messages_only(cast, closed, clock, what):
    Account.objects.update(human_agent_feature=True)
    until = _window(cast, closed).human_until
    _happens(cast, closed, OPENERS[what][1])
    assert _window(cast, closed).human_until == until
    clock.shift(DAY + HOUR)
    assert _window(cast, closed).state(now()) == WindowState.HUMAN
    clock.move_to(until)
    assert _window(cast, closed).state(until) == WindowState.CLOSED


def test_without_the_feature_nobody_has_a_week(cast, closed):
    assert _window(cast, closed).human_until is None


def _refused(cast, contact) -> Dispatch:
    cast.simulator.fault("window", account=contact.account.external_id)
    dispatch = cast.conversation(contact).reply(Content(text="Hello"), by=cast.bob, hold=timedelta(0)).dispatch
    work_until_idle("dispatch")
    dispatch.refresh_from_db()
    return dispatch


@pytest.mark.parametrize(("name", "code"), [("amina", "10/2018278"), ("noor", "10/2534022")])
def test_meta_closes_a_window_that_we_think_open(cast, clock, name, code):
    contact = getattr(cast, name)
    assert _window(cast, contact).state(now()) == WindowState.OPEN
    dispatch = _refused(cast, contact)
    assert (dispatch.state, dispatch.reason, dispatch.code) == (Dispatch.State.FAILED, "window_closed", code)
    assert _window(cast, contact).state(now()) == WindowState.CLOSED
    clock.shift(HOUR)
    _happens(cast, contact, OPENERS["a reaction to a message from before"][1])
    assert _window(cast, contact).state(now()) == WindowState.OPEN


def test_a_refused_human_agent_says_nothing_of_the_standard_window(cast, closed):
    """What Meta answers to a tag without the feature is not documented; it may be the same code."""
    Account.objects.update(human_agent_feature=True)
    _refused(cast, closed)
    assert Attempt.objects.get().human_agent
    assert Conversation.objects.get(contact=closed).window_refused_at is None
    assert _window(cast, closed).state(now()) == WindowState.HUMAN


def test_an_agents_words_that_a_person_let_out_may_ask_meta_too(cast, closed):
    _happens(cast, closed, {"message": {"text": "Tell me more", "referral": {"source": "ADS", "ad_id": "1202"}}}, at=now() - 26 * HOUR)
    assert _window(cast, closed).state(now()) == WindowState.PERHAPS
    message = cast.conversation(closed).reply(Content(text="Of course"), by=cast.alice, written_by=cast.assistant.user, hold=timedelta(0))
    assert message.dispatch.state == Dispatch.State.QUEUED
