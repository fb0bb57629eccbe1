"""Agents keep out of a conversation in which a person switched them off, and are told so."""

import pytest

from accounts.models import Account, Activity
from agents.deciding import decide, take_over
from agents.models import AgentKey, Proposal, ToolCall
from agents.proposing import foresee, propose
from agents.refusals import Stopped
from inbox.claiming import claim
from inbox.content import Content
from inbox.errors import NotAllowed
from inbox.models import Conversation, Dispatch
from inbox.teamwork import silence, unsilence
from tests.agents.calling import answer, refusal
from tests.agents.test_server import put_in_force
from tests.inbox.handing import hand_over

OFF = "A person switched agents off in this conversation."


@pytest.fixture
def conversation(cast) -> Conversation:
    return cast.conversation(cast.amina)


@pytest.fixture
def proposal(cast, conversation) -> Proposal:
    return propose(cast.assistant, conversation, Content(text="It is back.")).proposal


def take(proposal, conversation, **how):
    conversation.refresh_from_db()
    return take_over(proposal, text="Yes, since today.", digest=proposal.digest, revision=conversation.revision, **how)


def test_an_agent_is_refused_where_a_person_switched_agents_off(cast, conversation):
    silence(conversation, by=cast.bob)
    conversation.refresh_from_db()
    refused = refusal(cast.key, "propose_message", conversation_id=conversation.public_id, text="It is back.")
    assert (refused["code"], refused["message"]) == ("stopped", OFF)
    assert refused["since"] == conversation.agents_off_at.isoformat(timespec="seconds")
    assert not Proposal.objects.exists()
    assert ToolCall.objects.get().outcome == "stopped"


def test_elsewhere_the_agent_goes_on(cast, conversation):
    silence(conversation, by=cast.bob)
    other = cast.conversation(cast.noor)
    assert answer(cast.key, "propose_message", conversation_id=other.public_id, text="Yes.")["status"] == "pending"


def test_an_agent_goes_on_once_it_is_switched_on_again(cast, conversation):
    silence(conversation, by=cast.bob)
    unsilence(conversation, by=cast.alice)
    assert answer(cast.key, "propose_message", conversation_id=conversation.public_id, text="It is back.")["status"] == "pending"


def test_even_what_the_policy_lets_out_by_itself_is_refused(cast, conversation):
    put_in_force(cast, default="allow", tools={})
    Account.objects.update(agents_may_send=True)
    silence(conversation, by=cast.bob)
    with pytest.raises(Stopped):
        propose(cast.assistant, conversation, Content(text="It is back."))
    assert not Dispatch.objects.exists()


def test_a_picture_is_not_even_fetched(cast, conversation):
    silence(conversation, by=cast.bob)
    with pytest.raises(Stopped, match=OFF):
        foresee(AgentKey.objects.get(), conversation, "image", arguments={})


def test_the_agent_reads_that_it_is_off_and_since_when(cast, conversation):
    on = answer(cast.key, "get_conversation", conversation_id=conversation.public_id)
    assert on["stop"] == {"stopped": False, "reason": "", "since": None}
    silence(conversation, by=cast.bob)
    stop = answer(cast.key, "get_conversation", conversation_id=conversation.public_id)["stop"]
    assert (stop["stopped"], stop["reason"], bool(stop["since"])) == (True, OFF, True)


def test_what_was_proposed_before_may_still_be_approved(cast, conversation, proposal):
    silence(conversation, by=cast.bob)
    conversation.refresh_from_db()
    decide(proposal, by=cast.alice, approve=True, digest=proposal.digest, revision=conversation.revision)
    cast.settle()
    assert [message["text"] for message in cast.received(cast.amina)] == ["It is back."]


def test_taking_over_a_proposal_switches_agents_off(cast, conversation, proposal):
    take(proposal, conversation, by=cast.bob)
    conversation.refresh_from_db()
    assert conversation.agents_off_by == cast.bob
    assert Activity.objects.filter(verb="conversation.agents_off", by=cast.bob).count() == 1
    assert refusal(cast.key, "propose_message", conversation_id=conversation.public_id, text="And another.")["code"] == "stopped"


def test_taking_over_where_they_are_off_already_leaves_it_as_it_was(cast, conversation, proposal):
    silence(conversation, by=cast.alice)
    take(proposal, conversation, by=cast.bob)
    conversation.refresh_from_db()
    assert conversation.agents_off_by == cast.alice
    assert Activity.objects.filter(verb="conversation.agents_off").count() == 1


def test_who_may_not_take_over_switches_nothing_off(cast, conversation, proposal):
    with pytest.raises(NotAllowed):
        take(proposal, conversation, by=cast.dana)
    conversation.refresh_from_db()
    assert conversation.agents_off_at is None


def test_whoever_takes_over_is_told(cast, conversation, proposal, sign_in):
    typed = {"text": "Yes.", "digest": proposal.digest, "revision": conversation.revision, "place": "conversation"}
    response = sign_in(cast.bob).post(f"/proposals/{proposal.public_id}/takeover/", typed, headers={"HX-Request": "true"})
    assert "Agents are off here until you switch them on again." in response["HX-Trigger"]


def test_what_an_agent_let_out_by_itself_does_not_leave_once_a_worker_has_it(cast, conversation):
    put_in_force(cast, default="allow", tools={})
    Account.objects.update(agents_may_send=True, reply_hold=0)
    proposed = propose(cast.assistant, conversation, Content(text="By the agent alone."))
    claimed = claim("one", at=Dispatch.objects.get().not_before)
    assert claimed and claimed.message == proposed.message
    silence(conversation, by=cast.bob)
    assert hand_over(claimed) is None
    assert cast.received(cast.amina) == []
    assert Dispatch.objects.get().state == Dispatch.State.CANCELLED
    assert Proposal.objects.get().awaits_decision
