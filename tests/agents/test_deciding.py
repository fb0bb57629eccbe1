"""People decide: once, on exactly what they saw, and the message then goes the way of a person's reply."""

from datetime import timedelta

import pytest

from accounts.models import Account, Stop
from agents.deciding import decide, take_over
from agents.errors import Conflict
from agents.models import Proposal
from agents.proposing import propose
from inbox.content import Content
from inbox.errors import ContentRefused, NotAllowed, WindowIsClosed
from inbox.models import Dispatch
from inbox.outbox import cancel
from inbox.work import work_until_idle


@pytest.fixture(params=["amina", "noor"])
def contact(request, cast):
    return getattr(cast, request.param)


@pytest.fixture
def proposal(cast, contact) -> Proposal:
    return propose(cast.assistant, cast.conversation(contact), Content(text="Yes, 250 g bags."), reason="They asked").proposal


def _seen(proposal: Proposal) -> dict:
    fresh = Proposal.objects.for_cards().get(pk=proposal.pk)
    return {"digest": fresh.digest, "revision": fresh.conversation.revision}


def _decide(proposal: Proposal, **how) -> None:
    decide(proposal, **({"approve": True} | _seen(proposal) | how))


def _again(proposal: Proposal) -> Proposal:
    return Proposal.objects.for_cards().get(pk=proposal.pk)


def test_an_approved_proposal_reaches_the_contact_once(cast, contact, proposal):
    _decide(proposal, by=cast.alice)
    cast.settle()
    assert [message["text"] for message in cast.received(contact)] == ["Yes, 250 g bags."]
    message = _again(proposal).part.message
    assert (message.written_by, message.edited_by, message.dispatch.released_by) == (cast.assistant.user, None, cast.alice)


def test_changed_text_goes_out_changed_and_the_original_stays(cast, contact, proposal):
    _decide(proposal, by=cast.alice, text="Yes, and 1 kg bags too.")
    cast.settle()
    assert [message["text"] for message in cast.received(contact)] == ["Yes, and 1 kg bags too."]
    again = _again(proposal)
    assert (again.part.text, again.decision.text) == ("Yes, 250 g bags.", "Yes, and 1 kg bags too.")
    assert again.part.message.edited_by == cast.alice


def test_a_rejected_proposal_sends_nothing_and_keeps_the_reason(cast, contact, proposal):
    _decide(proposal, by=cast.alice, approve=False, reason="Wrong size")
    cast.settle()
    assert cast.received(contact) == []
    assert (_again(proposal).state, _again(proposal).decision.reason) == (Proposal.State.REJECTED, "Wrong size")


def test_a_rejection_needs_a_reason(cast, proposal):
    with pytest.raises(ContentRefused):
        _decide(proposal, by=cast.alice, approve=False)
    assert _again(proposal).awaits_decision


@pytest.mark.parametrize("who", ["bob", "charlie", "dana"])
def test_who_may_not_approve_does_not_decide(cast, proposal, who):
    with pytest.raises(NotAllowed):
        _decide(proposal, by=getattr(cast, who))
    assert _again(proposal).awaits_decision


def test_an_agent_never_decides_not_even_with_a_grant(cast, proposal):
    cast.assistant.user.grants.create(account=cast.shop, right="approve")
    cast.assistant.user.grants.create(account=cast.studio, right="approve")
    with pytest.raises(NotAllowed):
        _decide(proposal, by=cast.assistant.user)
    assert _again(proposal).awaits_decision


def test_deciding_twice_decides_once(cast, contact, proposal):
    seen = _seen(proposal)
    decide(proposal, by=cast.alice, approve=True, **seen)
    with pytest.raises(Conflict):
        decide(proposal, by=cast.alice, approve=True, **seen)
    cast.settle()
    assert len(cast.received(contact)) == 1


def test_another_digest_is_a_conflict(cast, proposal):
    with pytest.raises(Conflict):
        _decide(proposal, by=cast.alice, digest="0" * 64)
    assert _again(proposal).awaits_decision


def test_a_newer_message_than_the_one_shown_is_a_conflict(cast, contact, proposal):
    seen = _seen(proposal)
    cast.write(contact, "Never mind")
    with pytest.raises(Conflict):
        decide(proposal, by=cast.alice, approve=True, **seen)
    assert _again(proposal).is_stale


def test_what_was_read_again_can_be_approved(cast, contact, proposal):
    cast.write(contact, "The 250 g ones, please")
    _decide(proposal, by=cast.alice)
    cast.settle()
    assert len(cast.received(contact)) == 1


def test_the_contact_writing_before_it_leaves_brings_it_back_to_the_queue(cast, contact, proposal):
    Account.objects.update(approval_hold=5)
    _decide(proposal, by=cast.alice)
    cast.write(contact, "Wait")
    Dispatch.objects.update(not_before=proposal.created_at)
    cast.settle()
    again = _again(proposal)
    assert cast.received(contact) == []
    assert again.awaits_decision
    assert again.is_stale
    assert Proposal.objects.awaiting_decision().filter(pk=proposal.pk).exists()
    _decide(proposal, by=cast.alice)
    Dispatch.objects.update(not_before=proposal.created_at)
    cast.settle()
    assert len(cast.received(contact)) == 1
    assert [decision.undone_at is None for decision in _again(proposal).decisions.all()] == [True, False]


def test_a_reaction_does_not_bring_it_back(cast, contact, proposal):
    mid = cast.conversation(contact).newest_inbound.mid
    _decide(proposal, by=cast.alice)
    cast.simulator.react(contact.account.external_id, contact.external_id, mid)
    work_until_idle("ingest")
    cast.settle()
    assert len(cast.received(contact)) == 1


def test_a_persons_own_reply_goes_out_though_the_contact_wrote_again(cast, contact):
    message = cast.conversation(contact).reply(Content(text="One moment"), by=cast.bob)
    cast.write(contact, "Hello?")
    cast.settle()
    assert Dispatch.objects.get(message=message).state == Dispatch.State.SENT


def test_an_approval_taken_back_waits_for_another_decision(cast, contact, proposal):
    Account.objects.update(approval_hold=5)
    _decide(proposal, by=cast.alice)
    cancel(_again(proposal).part.message.dispatch, by=cast.alice)
    assert _again(proposal).awaits_decision
    cast.settle()
    assert cast.received(contact) == []


def test_a_closed_window_refuses_the_approval_and_the_proposal_stays(cast, proposal, clock):
    clock.shift(timedelta(hours=25))
    with pytest.raises(WindowIsClosed):
        _decide(proposal, by=cast.alice)
    assert _again(proposal).awaits_decision
    assert not Dispatch.objects.exists()


def test_after_a_day_a_person_takes_the_text_over_as_their_own_words(cast, contact, proposal, clock):
    Account.objects.update(human_agent_feature=True)
    cast.simulator.world.set_account(contact.account.external_id, "human_agent", True)
    cast.simulator.advance(25 * 3600)
    clock.shift(timedelta(hours=25))
    with pytest.raises(WindowIsClosed):
        _decide(proposal, by=cast.alice)
    take_over(proposal, by=cast.bob, text="Sorry for the wait: yes.", **_seen(proposal))
    cast.settle()
    assert [(message["text"], message["tag"]) for message in cast.received(contact)] == [("Sorry for the wait: yes.", "HUMAN_AGENT")]
    assert _again(proposal).state == Proposal.State.SUPERSEDED


@pytest.mark.parametrize("scope", ["everything", "account", "agent", "conversation"])
def test_a_stop_keeps_an_approved_message_here_until_it_is_lifted(cast, contact, proposal, scope):
    conversation = cast.conversation(contact)
    _decide(proposal, by=cast.alice)
    where = {"account": {"account": contact.account}, "agent": {"agent": cast.assistant.user}, "conversation": {"conversation": conversation.public_id}}
    stop = Stop.place(by=cast.dana, reason="Wrong prices", at=proposal.created_at, **where.get(scope, {}))
    mine = conversation.reply(Content(text="A person here"), by=cast.bob)
    cast.settle()
    assert [message["text"] for message in cast.received(contact)] == ["A person here"]
    assert Dispatch.objects.get(message=mine).state == Dispatch.State.SENT
    assert stop.lift(by=cast.dana, reason="Mended", at=proposal.created_at)
    cast.settle()
    assert [message["text"] for message in cast.received(contact)] == ["A person here", "Yes, 250 g bags."]


def test_a_stop_elsewhere_stops_nothing_here(cast, contact, proposal):
    other = cast.studio if contact.account == cast.shop else cast.shop
    Stop.place(by=cast.dana, reason="Elsewhere", at=proposal.created_at, account=other)
    Stop.place(by=cast.dana, reason="Elsewhere", at=proposal.created_at, conversation="somewhereelse123")
    _decide(proposal, by=cast.alice)
    cast.settle()
    assert len(cast.received(contact)) == 1
