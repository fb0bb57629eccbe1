"""Screens are told to look again where something changed, and only what can change since when somebody waits looks that up."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from core.clock import now
from inbox.closing import close, reopen, wake_up
from inbox.content import Content
from inbox.labelling import put_label, take_label
from inbox.models import Conversation, Label
from inbox.noting import take_note_away, write_note
from inbox.teamwork import assign, silence, take_over, unsilence
from inbox.work import work_until_idle
from tests.inbox.test_retention import tell


@pytest.fixture
def amina(cast) -> Conversation:
    work_until_idle("fetch")
    return cast.conversation(cast.amina)


@pytest.fixture
def label(db) -> Label:
    return Label.objects.create(name="VIP")


def screens(conversation: Conversation, work) -> int:
    """How often every screen looks again because of this."""
    before = Conversation.objects.get(pk=conversation.pk).screen
    work()
    return Conversation.objects.get(pk=conversation.pk).screen - before


def looks_up(work) -> int:
    """How often it is looked up since when somebody waits."""
    with CaptureQueriesContext(connection) as captured:
        work()
    return sum(1 for query in captured if query["sql"].endswith("ASC LIMIT 1") and '"inbox_message"."removed_at" IS NULL' in query["sql"])


# Nothing changed -------------------------------------------------------------------------------------------------
def test_what_is_so_already_has_nobody_look_again(cast, amina, label):
    assert screens(amina, lambda: assign(amina, None, by=cast.bob)) == 0
    assert screens(amina, lambda: reopen(amina, by=cast.bob)) == 0
    assert screens(amina, lambda: wake_up(amina, by=cast.bob)) == 0
    assert screens(amina, lambda: unsilence(amina, by=cast.bob)) == 0
    assert screens(amina, lambda: take_label(amina, label, by=cast.bob)) == 0


def test_what_is_done_once_is_shown_once(cast, amina, label):
    for again in (1, 0):
        assert screens(amina, lambda: assign(amina, cast.alice, by=cast.bob)) == again
        assert screens(amina, lambda: put_label(amina, label, by=cast.bob)) == again
    for again in (1, 0):
        assert screens(amina, lambda: take_over(amina, by=cast.bob)) == again
        assert screens(amina, lambda: silence(amina, by=cast.bob)) == 0
        assert screens(amina, lambda: close(amina, by=cast.bob)) == again
    assert screens(amina, lambda: unsilence(amina, by=cast.bob)) == 1
    assert screens(amina, lambda: silence(amina, by=cast.bob)) == 1
    note = write_note(amina, "Prefers mornings", by=cast.bob)
    for again in (1, 0):
        assert screens(amina, lambda: take_note_away(note, by=cast.bob)) == again


# Since when somebody waits ---------------------------------------------------------------------------------------
def told(cast, **event: object) -> None:
    """Meta tells this about Amina."""
    event |= {"sender": {"id": cast.amina.external_id}, "recipient": {"id": cast.shop.external_id}, "timestamp": int(now().timestamp() * 1000)}
    tell(object="page", entry=[{"id": cast.shop.external_id, "time": 1, "messaging": [event]}])


def test_receipts_reactions_and_control_do_not_look_up_since_when_they_wait(cast, amina):
    amina.reply(Content(text="Yes"), by=cast.bob)
    cast.settle()
    cast.write(cast.amina, "Lovely")
    waits_since, mid = Conversation.objects.get(pk=amina.pk).waiting_since, amina.messages.filter(direction="out").get().mid
    assert waits_since
    assert looks_up(lambda: told(cast, read={"watermark": int(now().timestamp() * 1000)})) == 0
    assert looks_up(lambda: told(cast, reaction={"mid": mid, "action": "react", "emoji": "❤", "reaction": "love"})) == 0
    assert looks_up(lambda: told(cast, pass_thread_control={"previous_owner_app_id": "1200000000000001", "new_owner_app_id": "5"})) == 0
    amina.refresh_from_db()
    assert amina.waiting_since == waits_since and amina.control == "elsewhere" and amina.was_read(amina.messages.get(mid=mid))


def test_what_is_said_does(cast, amina):
    assert looks_up(lambda: cast.write(cast.amina, "And the Sidamo?")) == 1


def test_work_on_it_does_not(cast, amina, label):
    for work in (
        lambda: assign(amina, cast.alice, by=cast.bob), lambda: put_label(amina, label, by=cast.bob), lambda: close(amina, by=cast.bob),
        lambda: reopen(amina, by=cast.bob), lambda: write_note(amina, "Mornings", by=cast.bob),
    ):  # fmt: skip
        assert looks_up(work) == 0


def test_switching_agents_off_does_because_it_may_take_an_answer_back(cast, amina):
    assert looks_up(lambda: silence(amina, by=cast.bob)) == 1
