"""More ways in which other inboxes went wrong, each with our answer: those about sending. What comes in is in test_lost_elsewhere.py.

The second table of docs/meta.md names the test of every lesson.
"""

from datetime import timedelta

import pytest

from accounts.models import Account
from agents.deciding import decide
from agents.proposing import propose
from core.clock import now
from inbox.content import Content
from inbox.errors import WindowIsClosed
from inbox.models import Dispatch
from inbox.work import work_until_idle
from tests.inbox.browsing import HTMX, page

State = Dispatch.State


@pytest.fixture(params=["amina", "noor"])
def contact(request, cast):
    return getattr(cast, request.param)


def _reply(cast, contact, text: str = "Hello") -> Dispatch:
    return cast.conversation(contact).reply(Content(text=text), by=cast.bob, hold=timedelta(0)).dispatch


def _approve(cast, contact, text: str) -> None:
    conversation = cast.conversation(contact)
    proposal = propose(cast.assistant, conversation, Content(text=text)).proposal
    conversation.refresh_from_db()
    decide(proposal, by=cast.alice, approve=True, digest=proposal.digest, revision=conversation.revision)


def test_the_human_agent_tag_is_on_a_persons_late_words_and_on_nothing_else(cast, contact, clock):
    """Seen elsewhere: one switch put the tag on every message, in the window too, and on what a machine had written."""
    Account.objects.update(human_agent_feature=True)
    cast.simulator.world.set_account(contact.account.external_id, "human_agent", True)
    _reply(cast, contact, "In time")
    _approve(cast, contact, "From the agent")
    cast.settle()
    clock.shift(timedelta(hours=25))
    _reply(cast, contact, "Late")
    with pytest.raises(WindowIsClosed):
        cast.conversation(contact).reply(Content(text="Late, from the agent"), by=cast.alice, written_by=cast.assistant.user)
    cast.settle()
    assert {each["text"]: each["tag"] for each in cast.received(contact)} == {"In time": "", "From the agent": "", "Late": "HUMAN_AGENT"}


def test_opening_a_conversation_tells_meta_nothing(cast, contact, sign_in):
    """Seen elsewhere: contacts were told "seen" as soon as somebody looked."""
    before = cast.simulator.requests()
    page(sign_in(cast.bob), cast.conversation(contact).get_absolute_url())
    work_until_idle("dispatch", "sweep")
    assert cast.simulator.requests() == before


def test_what_failed_is_not_called_delivered_by_a_later_receipt(cast, sign_in):
    """Seen elsewhere: a receipt moved every earlier message on, also those that had never left."""
    cast.simulator.fault("unavailable")
    failed = _reply(cast, cast.amina, "Never arrived")
    work_until_idle("dispatch")
    _reply(cast, cast.amina, "Arrived")
    cast.settle()
    cast.simulator.see(cast.shop.external_id, cast.amina.external_id)
    work_until_idle("ingest")
    failed.refresh_from_db()
    assert failed.state == State.FAILED
    shown = page(sign_in(cast.bob), cast.conversation(cast.amina).get_absolute_url(), headers=HTMX)
    assert (shown.count("Read</span>"), shown.count("Not sent")) == (1, 1)


def test_a_message_that_waits_for_meta_is_never_called_sent(cast, contact, sign_in):
    """Seen elsewhere: "sent" was what a row said from its beginning, and stayed although the call had failed."""
    cast.simulator.fault("drop_before")
    dispatch = _reply(cast, contact)
    bob, address = sign_in(cast.bob), cast.conversation(contact).get_absolute_url()
    assert '"standing-words">Sent' not in page(bob, address, headers=HTMX)
    work_until_idle("dispatch")
    dispatch.refresh_from_db()
    assert (dispatch.state, dispatch.sent_at) == (State.QUEUED, None)
    assert '"standing-words">Sent' not in page(bob, address, headers=HTMX)


@pytest.mark.parametrize("state", [Account.State.NEEDS_RECONNECT, Account.State.RESTRICTED])
def test_while_an_account_is_broken_nothing_is_tried_and_everything_waits(cast, contact, state):
    """Seen elsewhere: messages went out against a dead token one after the other, and each was marked as failed."""
    contact.account.break_down(state, reason="token_dead", at=now())
    dispatches = [_reply(cast, contact, f"Part {number}") for number in range(3)]
    before = len(cast.simulator.requests())
    work_until_idle("dispatch", "sweep")
    assert len(cast.simulator.requests()) == before
    assert {Dispatch.objects.get(pk=each.pk).state for each in dispatches} == {State.QUEUED}
