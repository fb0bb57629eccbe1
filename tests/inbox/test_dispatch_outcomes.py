"""Every row of the table "Meta's answer → the dispatch becomes", for a Page and for an Instagram account."""

from datetime import timedelta

import pytest

from accounts.models import Account
from inbox.content import Content
from inbox.models import Attempt, Conversation, Dispatch
from inbox.outbox import it_arrived
from inbox.work import work_until_idle

State = Dispatch.State


@pytest.fixture(params=["amina", "noor"])
def contact(request, cast):
    return getattr(cast, request.param)


def _reply(cast, contact, text="Hello") -> Dispatch:
    message = cast.conversation(contact).reply(Content(text=text), by=cast.bob)
    return message.dispatch


def _after(dispatch: Dispatch) -> Dispatch:
    return Dispatch.objects.select_related("message", "account").get(pk=dispatch.pk)


def test_an_accepted_message_is_sent_with_its_id(cast, contact):
    dispatch = _reply(cast, contact)
    work_until_idle("dispatch")
    after = _after(dispatch)
    assert after.state == State.SENT
    assert after.message.mid == cast.received(contact)[0]["mid"]
    assert [attempt.outcome for attempt in after.attempts.all()] == [Attempt.Outcome.ACCEPTED]


@pytest.mark.parametrize("kind", ["rate_limited"])
def test_a_throttled_message_waits_and_the_account_pauses(cast, contact, kind):
    cast.simulator.fault(kind, account=contact.account.external_id, seconds=60)
    dispatch = _reply(cast, contact)
    work_until_idle("dispatch")
    after = _after(dispatch)
    assert after.state == State.QUEUED
    assert after.not_before > dispatch.not_before
    assert after.account.paused_until is not None
    assert cast.received(contact) == []


def test_a_message_that_could_not_reach_meta_is_tried_again_and_arrives_once(cast, contact, clock):
    cast.simulator.fault("drop_before", account=contact.account.external_id)
    dispatch = _reply(cast, contact)
    work_until_idle("dispatch")
    assert _after(dispatch).state == State.QUEUED
    assert _after(dispatch).reason == "not_reached"
    clock.shift(timedelta(minutes=1))
    cast.settle()
    assert _after(dispatch).state == State.SENT
    assert len(cast.received(contact)) == 1
    assert [attempt.outcome for attempt in _after(dispatch).attempts.all()] == [Attempt.Outcome.NOT_SENT, Attempt.Outcome.ACCEPTED]


@pytest.mark.parametrize(("kind", "state"), [("token_dead", Account.State.NEEDS_RECONNECT), ("restricted", Account.State.RESTRICTED)])
def test_a_broken_account_keeps_its_queue_until_it_is_mended(cast, contact, kind, state, clock):
    cast.simulator.fault(kind, account=contact.account.external_id)
    dispatch = _reply(cast, contact)
    work_until_idle("dispatch")
    account = Account.objects.get(pk=contact.account_id)
    assert _after(dispatch).state == State.QUEUED
    assert account.state == state
    assert account.state_reason
    assert account.mend(at=dispatch.not_before)
    cast.settle()
    assert _after(dispatch).state == State.SENT
    assert len(cast.received(contact)) == 1


@pytest.mark.parametrize(("kind", "reason"), [("window", "window_closed"), ("unavailable", "contact_unavailable"), ("held_elsewhere", "thread_held")])
def test_a_refused_message_fails_with_its_reason_and_is_never_tried_by_itself(cast, contact, kind, reason, clock):
    cast.simulator.fault(kind, account=contact.account.external_id)
    dispatch = _reply(cast, contact)
    work_until_idle("dispatch")
    clock.shift(timedelta(hours=1))
    work_until_idle("dispatch")
    assert (_after(dispatch).state, _after(dispatch).reason) == (State.FAILED, reason)
    assert _after(dispatch).attempts.count() == 1


@pytest.mark.parametrize("kind", ["error_before", "html", "error_after", "drop_after"])
def test_an_answer_that_says_nothing_leaves_the_message_unknown_and_never_resent(cast, contact, kind, clock):
    cast.simulator.set_echo(contact.account.external_id, "never")
    cast.simulator.fault(kind, account=contact.account.external_id)
    dispatch = _reply(cast, contact)
    work_until_idle("dispatch")
    assert _after(dispatch).state == State.UNKNOWN
    clock.shift(timedelta(hours=1))
    work_until_idle("sweep", "dispatch")
    assert _after(dispatch).state == State.UNKNOWN
    assert len(cast.received(contact)) == (1 if kind.endswith("after") else 0)


@pytest.mark.parametrize("kind", ["error_after", "drop_after"])
def test_an_echo_settles_what_was_unknown(cast, contact, kind):
    cast.simulator.fault(kind, account=contact.account.external_id)
    dispatch = _reply(cast, contact)
    cast.settle()
    after = _after(dispatch)
    assert after.state == State.SENT
    assert after.message.mid == cast.received(contact)[0]["mid"]
    assert cast.conversation(contact).messages.count() == 2
    assert [attempt.outcome for attempt in after.attempts.all()] == [Attempt.Outcome.ACCEPTED]


@pytest.mark.parametrize("echo", ["before", "twice"])
def test_an_echo_before_the_answer_or_twice_changes_nothing(cast, contact, echo):
    cast.simulator.set_echo(contact.account.external_id, echo)
    dispatch = _reply(cast, contact)
    cast.settle()
    cast.settle()
    assert _after(dispatch).state == State.SENT
    assert cast.conversation(contact).messages.count() == 2
    assert not cast.conversation(contact).parked_echoes.filter(settled_at=None).exists()


def test_the_thread_itself_settles_what_no_echo_told(cast, contact, clock):
    cast.simulator.set_echo(contact.account.external_id, "never")
    cast.simulator.fault("drop_after", account=contact.account.external_id)
    dispatch = _reply(cast, contact)
    work_until_idle("dispatch")
    clock.shift(timedelta(seconds=6))
    work_until_idle("settle")
    assert _after(dispatch).state == State.SENT
    assert _after(dispatch).message.mid == cast.received(contact)[0]["mid"]


def test_a_thread_without_it_is_evidence_and_nothing_more_while_meta_may_still_deliver_it(cast, contact, clock):
    cast.simulator.fault("error_before", account=contact.account.external_id)
    dispatch = _reply(cast, contact)
    work_until_idle("dispatch")
    clock.shift(timedelta(seconds=20))
    work_until_idle("sweep", "settle", "dispatch")
    assert (_after(dispatch).state, _after(dispatch).thread_matches) == (State.UNKNOWN, 0)
    assert cast.received(contact) == []


def test_one_echo_for_two_identical_unknown_messages_is_left_to_a_person(cast, clock):
    cast.simulator.set_echo(cast.studio.external_id, "never")
    for _ in range(2):
        cast.simulator.fault("drop_after", account=cast.studio.external_id)
        dispatch = _reply(cast, cast.noor, "Same words")
        work_until_idle("dispatch")
        clock.shift(timedelta(seconds=61))
    # Told of the second one: by its time it could be either.
    _announce_echo(cast, cast.received(cast.noor)[1])
    work_until_idle("ingest")
    states = Dispatch.objects.filter(conversation=dispatch.conversation).values_list("state", flat=True)
    assert list(states) == [State.UNKNOWN, State.UNKNOWN]
    assert cast.conversation(cast.noor).messages.count() == 3
    assert cast.conversation(cast.noor).parked_echoes.filter(settled_at=None).count() == 1
    # A person looks and says that the first one arrived; then the echo can only be the second's.
    it_arrived(dispatch.conversation.dispatches.order_by("pk").first(), by=cast.bob)


def _announce_echo(cast, message) -> None:
    cast.simulator.announce(
        message["account"],
        {
            "sender": {"id": message["account"]},
            "recipient": {"id": message["contact"]},
            "timestamp": message["at"],
            "message": {"mid": message["mid"], "text": message["text"], "is_echo": True},
        },
    )


def test_an_unknown_message_holds_the_next_one_back_for_a_minute(cast, contact, clock):
    cast.simulator.set_echo(contact.account.external_id, "never")
    cast.simulator.fault("error_before", account=contact.account.external_id)
    _reply(cast, contact, "First")
    work_until_idle("dispatch")
    second = _reply(cast, contact, "Second")
    work_until_idle("dispatch")
    assert _after(second).state == State.QUEUED
    clock.shift(timedelta(seconds=61))
    work_until_idle("dispatch")
    assert _after(second).state == State.SENT


def test_messages_of_one_conversation_leave_in_their_order(cast, contact):
    for number in range(5):
        _reply(cast, contact, f"Part {number}")
    work_until_idle("dispatch")
    assert [message["text"] for message in cast.received(contact)] == [f"Part {number}" for number in range(5)]


def test_a_message_written_in_metas_own_app_appears_as_written_elsewhere(cast, contact):
    cast.simulator.answer_elsewhere(contact.account.external_id, contact.external_id, "From the phone")
    cast.settle()
    newest = Conversation.objects.get(contact=contact).last_message
    assert (newest.text, newest.source, newest.direction) == ("From the phone", "elsewhere", "out")
