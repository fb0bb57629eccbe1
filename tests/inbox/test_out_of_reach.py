"""What Meta said of a contact is remembered until they do something: agents are told, people may try."""

from datetime import timedelta

import pytest

from accounts.models import Account
from agents.proposing import propose
from core.clock import now
from graph.errors import RateLimited
from inbox.claiming import claim
from inbox.content import Content
from inbox.errors import ContactUnavailable
from inbox.forgetting import ask_for, forget_next
from inbox.models import Contact, Conversation, Dispatch
from inbox.outcomes import outcome_of
from inbox.recording import record_error
from inbox.work import work_until_idle

State = Dispatch.State


@pytest.fixture(params=["amina", "noor"])
def blocked(request, cast, clock):
    """A contact to whom Meta has just refused to hand on a message."""
    contact = getattr(cast, request.param)
    refuse(cast, contact)
    return fresh(contact)


def refuse(cast, contact):
    cast.simulator.fault("unavailable", account=contact.account.external_id, times=1)
    cast.conversation(contact).reply(Content(text="Are you there?"), by=cast.bob)
    work_until_idle("dispatch")


def fresh(contact) -> Contact:
    return Contact.objects.get(pk=contact.pk)


def test_what_meta_said_is_remembered(cast, blocked):
    assert now() - blocked.unavailable_since < timedelta(minutes=1)


def test_an_agent_is_told_before_it_proposes(cast, blocked):
    with pytest.raises(ContactUnavailable):
        propose(cast.assistant, cast.conversation(blocked), Content(text="Hello?"))


def test_a_person_reads_it_before_they_try(cast, blocked, sign_in):
    address = f"/conversations/{cast.conversation(blocked).public_id}/"
    assert "The contact could not be reached." in sign_in(cast.bob).get(address).text
    Contact.objects.update(unavailable_since=None)
    assert "The contact could not be reached." not in sign_in(cast.bob).get(address).text


def test_a_person_may_try_and_what_arrives_ends_it(cast, blocked):
    dispatch = cast.conversation(blocked).reply(Content(text="Hello?"), by=cast.bob).dispatch
    work_until_idle("dispatch")
    assert Dispatch.objects.get(pk=dispatch.pk).state == State.SENT
    assert fresh(blocked).unavailable_since is None


@pytest.mark.parametrize("act", ["message", "reaction"])
def test_whatever_the_contact_does_ends_it(cast, blocked, clock, act):
    clock.shift(timedelta(minutes=5))
    if act == "message":
        cast.write(blocked, "I am back")
    else:
        mid = cast.conversation(blocked).messages.get(direction="in").mid
        cast.simulator.react(blocked.account.external_id, blocked.external_id, mid)
        work_until_idle("ingest")
    assert fresh(blocked).unavailable_since is None
    assert propose(cast.assistant, cast.conversation(blocked), Content(text="Hello!")).proposal


def test_what_they_did_before_ends_nothing(cast, blocked, clock):
    """Read back, or told late."""
    cast.conversation(blocked).open_window("message", at=now() - timedelta(hours=1))
    assert fresh(blocked).unavailable_since is not None


def test_an_agent_that_sends_alone_is_refused_at_the_moment_of_sending(cast, blocked, clock):
    Contact.objects.update(unavailable_since=None)
    Account.objects.update(agents_may_send=True)
    dispatch = cast.conversation(blocked).reply(Content(text="Hello?"), by=cast.assistant.user, expects_heard=cast.conversation(blocked).heard).dispatch
    Contact.objects.filter(pk=blocked.pk).update(unavailable_since=now())
    work_until_idle("dispatch")
    after = Dispatch.objects.get(pk=dispatch.pk)
    assert (after.state, after.reason, after.attempts.count()) == (State.FAILED, "contact_unavailable", 0)


# Who was forgotten -------------------------------------------------------------------------------------------------------
def test_a_call_that_ends_after_they_were_forgotten_is_not_made_again(cast, clock):
    dispatch = cast.conversation(cast.amina).reply(Content(text="Hello"), by=cast.bob).dispatch
    claimed = claim("slow", at=now())
    Dispatch.objects.filter(pk=dispatch.pk).update(handed_over_at=now())
    ask_for(cast.amina, by=cast.dana, at=now())
    assert forget_next()
    error = RateLimited("slower", retry_at=5.0)
    record_error(Conversation.objects.lock(claimed.conversation_id), claimed, error, outcome_of(error, was_sending=True), at=now())
    assert Dispatch.objects.get(pk=dispatch.pk).state == State.QUEUED
    clock.shift(timedelta(minutes=1))
    work_until_idle("dispatch")
    after = Dispatch.objects.get(pk=dispatch.pk)
    assert (after.state, after.reason, cast.received(cast.amina)) == (State.FAILED, "erased", [])


def test_nothing_queued_leaves_to_whoever_was_forgotten(cast, clock):
    dispatch = cast.conversation(cast.amina).reply(Content(text="Hello"), by=cast.bob).dispatch
    ask_for(cast.amina, by=cast.dana, at=now())
    assert forget_next()
    work_until_idle("dispatch")
    assert (Dispatch.objects.get(pk=dispatch.pk).state, cast.received(cast.amina)) == (State.CANCELLED, [])


def test_what_is_written_to_them_since_leaves(cast, clock):
    Contact.objects.filter(pk=cast.amina.pk).update(forgotten_at=now() - timedelta(minutes=1))
    cast.conversation(cast.amina).reply(Content(text="Welcome back"), by=cast.bob)
    work_until_idle("dispatch")
    assert len(cast.received(cast.amina)) == 1
