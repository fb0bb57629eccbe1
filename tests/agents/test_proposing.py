"""Agents ask. Every wall lets through what it should and stops what it should, and every call is kept."""

from datetime import timedelta

import pytest

from accounts.models import Account, Activity, Grant, Right, Stop, User
from agents.models import Agent, AgentKey, Policy, Proposal, ToolCall
from agents.policy import Kind
from agents.proposing import foresee, propose
from agents.refusals import Denied, KeyInvalid, KeyReused, Limited, NotFound, Stale, Stopped
from core.clock import now
from graph.payloads import Link
from inbox.content import Content
from inbox.errors import AccountUnavailable, ContentRefused, WindowIsClosed
from inbox.models import Conversation, Dispatch, Message
from inbox.outbox import cancel

HELLO = Content(text="Yes, since this morning.")
ALLOW_ALL = {"version": "1", "default": "allow"}


@pytest.fixture
def conversation(cast) -> Conversation:
    return cast.conversation(cast.amina)


@pytest.fixture
def key(cast) -> AgentKey:
    return AgentKey.objects.select_related("agent__user", "agent__policy").get(agent=cast.assistant)


def put_in_force(agent: Agent, document) -> None:
    policy = Policy.objects.create(name=f"Policy of {agent} {now()}")
    policy.publish(document, by=None, at=now())
    agent.policy = policy
    agent.save()


def last_call() -> ToolCall:
    return ToolCall.objects.latest("pk")


def refused(error, *args, **kwargs) -> ToolCall:
    """The refusal must come, leave no trace but its record, and be the record's outcome."""
    before = (Proposal.objects.count(), Message.objects.count(), Activity.objects.count())
    with pytest.raises(error) as caught:
        propose(*args, **kwargs)
    assert (Proposal.objects.count(), Message.objects.count(), Activity.objects.count()) == before
    call = last_call()
    assert call.outcome == caught.value.code
    assert call.verdict in (Kind.DENY, Kind.LIMIT)
    assert call.reason
    return call


# What is stored ---------------------------------------------------------------------------------------------------
def test_a_proposal_keeps_what_was_asked_and_why_a_person_looks(cast, conversation, key):
    proposed = propose(key, conversation, HELLO, reason="Stock says so", idempotency_key="k1", answers=conversation.newest_inbound)
    proposal = Proposal.objects.get()
    assert proposed.proposal == proposal
    assert proposed.message is None
    assert proposed.verdict.kind == Kind.REQUIRE_APPROVAL
    assert (proposal.state, proposal.reason, proposal.digest) == ("pending", "Stock says so", HELLO.digest(conversation))
    assert proposal.answers == conversation.newest_inbound
    assert proposal.expects_heard == conversation.heard
    assert (proposal.rule, proposal.rule_reason) == ("/tools/send.text/action", "A person reads every message before it goes out.")
    assert proposal.policy_version == Policy.shipped().current
    assert proposal.part.content == HELLO
    assert Activity.objects.get(verb="proposal.made").by == cast.assistant.user


def test_a_link_card_is_kept_as_it_is(cast, conversation, key):
    card = Content(link=Link(url="https://harbour.example/beans", title="Beans", subtitle="Fresh"))
    assert propose(key, conversation, card).proposal.part.content == card


def test_the_screen_of_the_conversation_changes(conversation, key):
    before = conversation.screen
    propose(key, conversation, HELLO)
    conversation.refresh_from_db()
    assert conversation.screen > before


def test_every_call_is_kept_with_its_verdict(conversation, key):
    propose(key, conversation, HELLO, reason="r")
    call = last_call()
    assert (call.agent, call.key, call.tool, call.verdict, call.outcome) == (key.agent, key, "propose_message", "require_approval", "pending")
    assert (call.rule, call.policy_version) == ("/tools/send.text/action", Policy.shipped().current)
    assert call.arguments == {"conversation_id": conversation.public_id, "text": HELLO.text, "reason": "r"}


# Who may ----------------------------------------------------------------------------------------------------------
def test_without_a_grant_there_is_no_such_conversation(cast, conversation, key):
    Grant.objects.filter(user=key.agent.user).delete()
    refused(NotFound, key, conversation, HELLO)


def test_who_may_only_read_may_not_propose(cast, conversation, key):
    Grant.objects.filter(user=key.agent.user).update(right=Right.READ)
    assert refused(Denied, key, conversation, HELLO).reason


def test_a_revoked_key_proposes_nothing(cast, conversation, key):
    key.revoke(by=cast.dana, at=now())
    refused(KeyInvalid, key, conversation, HELLO)


def test_an_expired_key_proposes_nothing(conversation, key):
    AgentKey.objects.update(expires_at=now() - timedelta(seconds=1))
    refused(KeyInvalid, key, conversation, HELLO)


@pytest.mark.parametrize("by_key", [True, False])
def test_an_inactive_agent_proposes_nothing(cast, conversation, key, by_key):
    User.objects.filter(pk=key.agent.user_id).update(is_active=False)
    key.agent.user.refresh_from_db()
    refused(KeyInvalid, key if by_key else key.agent, conversation, HELLO)


# Stop -------------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize("where", ["everywhere", "agent", "account", "conversation"])
def test_a_stop_refuses_above_every_rule_until_it_is_lifted(cast, conversation, key, where):
    put_in_force(key.agent, ALLOW_ALL)
    scope = {"everywhere": {}, "agent": {"agent": key.agent.user}, "account": {"account": cast.shop}, "conversation": {"conversation": conversation.public_id}}
    stop = Stop.place(by=cast.dana, reason="Price mistake", at=now(), **scope[where])
    assert "Price mistake" in refused(Stopped, key, conversation, HELLO).reason
    stop.lift(by=cast.dana, reason="Mended", at=now())
    assert propose(key, conversation, HELLO).proposal


def test_a_stop_elsewhere_stops_nothing_here(cast, conversation, key):
    Stop.place(by=cast.dana, reason="r", at=now(), account=cast.studio)
    Stop.place(by=cast.dana, reason="r", at=now(), conversation=cast.conversation(cast.noor).public_id)
    assert propose(key, conversation, HELLO).proposal


# Window -----------------------------------------------------------------------------------------------------------
def test_a_closed_window_refuses(conversation, key):
    refused(WindowIsClosed, key, conversation, HELLO, at=now() + timedelta(hours=25))


@pytest.mark.parametrize(
    ("counts", "lets_in"), [(Account.HumanAgentText.OWN, False), (Account.HumanAgentText.EDITED, True), (Account.HumanAgentText.APPROVED, True)]
)
def test_after_24_hours_only_what_an_approver_could_let_out_is_let_in(cast, conversation, key, counts, lets_in):
    Account.objects.filter(pk=cast.shop.pk).update(human_agent_feature=True, human_agent_text=counts)
    later = now() + timedelta(hours=25)
    if lets_in:
        assert propose(key, conversation, HELLO, at=later).proposal
    else:
        assert "a person must take over" in refused(WindowIsClosed, key, conversation, HELLO, at=later).reason.lower()


def test_a_disconnected_account_refuses(cast, conversation, key):
    Account.objects.filter(pk=cast.shop.pk).update(state=Account.State.DISCONNECTED)
    refused(AccountUnavailable, key, conversation, HELLO)


# Content ----------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    "content",
    [
        Content(),
        Content(text="   "),
        Content(text="x" * 2001),
        Content(text="a\0b"),
        Content(text="half \ud83d"),
        Content(text="a", link=Link(url="https://a.example", title="A")),
        Content(link=Link(url="ftp://a.example", title="A")),
        Content(link=Link(url="https://a.example", title="")),
        Content(link=Link(url="https://a.example", title="A\0")),
    ],
)
def test_what_meta_would_not_take_is_refused(conversation, key, content):
    refused(ContentRefused, key, conversation, content)


def test_instagram_counts_bytes(cast, key):
    studio = cast.conversation(cast.noor)
    refused(ContentRefused, key, studio, Content(text="ä" * 501))
    assert propose(key, studio, Content(text="ä" * 500)).proposal


def test_a_reason_with_a_nul_is_refused(conversation, key):
    refused(ContentRefused, key, conversation, HELLO, reason="a\0b")


# Which message it answers -----------------------------------------------------------------------------------------
def test_answering_what_is_no_longer_newest_is_stale(cast, conversation, key):
    first = conversation.newest_inbound
    cast.write(cast.amina, "And decaf?")
    refused(Stale, key, conversation, HELLO, answers=first)
    conversation.refresh_from_db()
    assert propose(key, conversation, HELLO, answers=conversation.newest_inbound).proposal


def test_a_message_of_another_conversation_is_not_found(cast, conversation, key):
    refused(NotFound, key, conversation, HELLO, answers=cast.conversation(cast.noor).newest_inbound)


# The same again ---------------------------------------------------------------------------------------------------
def test_the_same_key_returns_the_same_proposal_whatever_became_of_it(cast, conversation, key):
    first = propose(key, conversation, HELLO, idempotency_key="order-7").proposal
    Proposal.objects.update(state=Proposal.State.REJECTED)
    again = propose(key, conversation, HELLO, idempotency_key="order-7")
    assert (again.proposal, again.message, again.verdict) == (first, None, None)
    assert last_call().outcome == "same"


def test_the_same_key_with_other_content_is_a_conflict(cast, conversation, key):
    propose(key, conversation, HELLO, idempotency_key="order-7")
    refused(KeyReused, key, conversation, Content(text="No."), idempotency_key="order-7")
    refused(KeyReused, key, cast.conversation(cast.noor), HELLO, idempotency_key="order-7")


def test_two_agents_may_use_the_same_key(cast, conversation, key):
    other = Agent.create("Other", owner=cast.dana, at=now())
    Grant.objects.create(user=other.user, account=cast.shop, right=Right.PROPOSE)
    assert propose(key, conversation, HELLO, idempotency_key="k").proposal != propose(other, conversation, HELLO, idempotency_key="k").proposal


def test_identical_content_that_waits_is_the_same_proposal(conversation, key):
    first = propose(key, conversation, HELLO).proposal
    assert propose(key, conversation, HELLO).proposal == first
    assert Proposal.objects.count() == 1


def test_identical_content_is_a_new_proposal_once_the_first_was_rejected(conversation, key):
    first = propose(key, conversation, HELLO).proposal
    Proposal.objects.update(state=Proposal.State.REJECTED)
    assert propose(key, conversation, HELLO).proposal != first


def test_what_went_stale_makes_room_for_newer_words(cast, conversation, key):
    first = propose(key, conversation, HELLO).proposal
    cast.write(cast.amina, "And decaf?")
    second = propose(key, conversation, HELLO).proposal
    first.refresh_from_db()
    assert (first.state, second.state) == ("superseded", "pending")


def test_a_refused_proposal_leaves_the_stale_one_in_the_queue(cast, conversation, key):
    first = propose(key, conversation, HELLO).proposal
    cast.write(cast.amina, "And decaf?")
    put_in_force(key.agent, {"version": "1", "default": "deny"})
    refused(Denied, key, conversation, Content(text="Other"))
    first.refresh_from_db()
    assert first.state == "pending"


# Policy -----------------------------------------------------------------------------------------------------------
def test_a_rule_that_denies_refuses_with_rule_and_reason(conversation, key):
    put_in_force(key.agent, {"version": "1", "default": "allow", "tools": {"send.text": {"action": "deny", "reason": "Pictures only."}}})
    call = refused(Denied, key, conversation, HELLO)
    assert (call.rule, call.reason, call.verdict) == ("/tools/send.text/action", "Pictures only.", "deny")
    assert propose(key, conversation, Content(link=Link(url="https://a.example", title="A"))).proposal


@pytest.mark.parametrize("broken", [None, {"version": "9"}])
def test_without_a_readable_policy_everything_is_denied(conversation, key, broken):
    if broken is None:
        key.agent.policy = None
    else:
        put_in_force(key.agent, broken)
    refused(Denied, key, conversation, HELLO)


def test_one_open_proposal_per_conversation_and_agent(cast, conversation, key):
    propose(key, conversation, HELLO)
    call = refused(Limited, key, conversation, Content(text="Something else"))
    assert (call.verdict, call.rule) == ("limit", "/all_tools/limits/open_proposals-per-conversation")
    assert propose(key, cast.conversation(cast.noor), Content(text="Something else")).proposal
    other = Agent.create("Other", owner=cast.dana, at=now())
    Grant.objects.create(user=other.user, account=cast.shop, right=Right.PROPOSE)
    assert propose(other, conversation, Content(text="Something else")).proposal


def test_at_most_so_many_proposals_wait_per_agent(cast, conversation, key):
    limit = {"counter": "open_proposals", "max": 1, "scope": "agent"}
    put_in_force(key.agent, {"version": "1", "default": "allow", "all_tools": {"limits": [limit]}})
    propose(key, conversation, HELLO)
    refused(Limited, key, cast.conversation(cast.noor), HELLO)
    Proposal.objects.update(state=Proposal.State.REJECTED)
    assert propose(key, cast.conversation(cast.noor), HELLO).proposal


@pytest.fixture
def free(cast, key) -> None:
    """Agents send without review on the shop, at most three times without an answer."""
    limit = {"counter": "unanswered_sends", "max": 3, "scope": "contact"}
    put_in_force(key.agent, {"version": "1", "default": "allow", "all_tools": {"limits": [limit]}})
    Account.objects.filter(pk=cast.shop.pk).update(agents_may_send=True)


@pytest.mark.usefixtures("free")
def test_three_messages_may_go_unanswered(cast, conversation, key):
    for number in range(3):
        assert propose(key, conversation, Content(text=f"Message {number}")).message
    refused(Limited, key, conversation, Content(text="Message 4"))
    cast.write(cast.amina, "Thanks")
    assert propose(key, conversation, Content(text="Message 4")).message


@pytest.mark.usefixtures("free")
@pytest.mark.parametrize(("state", "counts"), [("unknown", True), ("sent", True), ("failed", False), ("cancelled", False)])
def test_what_may_have_arrived_counts_as_sent(conversation, key, state, counts):
    for number in range(3):
        propose(key, conversation, Content(text=f"Message {number}"))
    Dispatch.objects.update(state=state, unknown_since=now(), sent_at=now())
    Proposal.objects.update(state=Proposal.State.REJECTED)
    if counts:
        refused(Limited, key, conversation, Content(text="Message 4"))
    else:
        assert propose(key, conversation, Content(text="Message 4")).message


@pytest.mark.usefixtures("free")
def test_a_persons_own_replies_do_not_count(cast, conversation, key):
    for number in range(3):
        conversation.reply(Content(text=f"Reply {number}"), by=cast.bob)
    assert propose(key, conversation, HELLO).message


@pytest.mark.parametrize(
    ("scope", "elsewhere"), [("grant", "limited"), ("agent", "limited"), ("account", "passes"), ("conversation", "passes"), ("contact", "passes")]
)
def test_calls_are_counted_in_a_sliding_window(cast, conversation, key, scope, elsewhere, clock):
    limit = {"counter": "calls", "window": "minute", "max": 2, "scope": scope}
    put_in_force(key.agent, {"version": "1", "default": "allow", "tools": {"send.text": {"limits": [limit]}}})
    first = now()
    propose(key, conversation, HELLO)
    clock.shift(timedelta(seconds=30))
    propose(key, conversation, Content(text="Second"))
    with pytest.raises(Limited) as caught:
        propose(key, conversation, Content(text="Third"))
    assert caught.value.details["retry_at"][:16] == (first + timedelta(minutes=1)).isoformat()[:16]
    refused(Limited, key, conversation, Content(text="Third"))
    if elsewhere == "passes":
        assert propose(key, cast.conversation(cast.noor), HELLO).proposal
    else:
        refused(Limited, key, cast.conversation(cast.noor), HELLO)
    clock.shift(timedelta(seconds=31))
    assert propose(key, conversation, Content(text="Third")).proposal


def test_a_limit_of_one_key_leaves_another_alone(cast, conversation, key):
    put_in_force(key.agent, {"version": "1", "default": "allow", "tools": {"propose_message": {"rate_limit": {"max": 1, "window": 60}}}})
    other, _text = AgentKey.issue(key.agent, name="other", by=cast.dana, at=now())
    propose(key, conversation, HELLO)
    refused(Limited, key, conversation, Content(text="Second"))
    assert propose(other, conversation, Content(text="Second")).proposal


# Without a person -------------------------------------------------------------------------------------------------
def test_what_the_policy_allows_still_needs_a_person_while_the_accounts_switch_is_off(conversation, key):
    put_in_force(key.agent, ALLOW_ALL)
    proposed = propose(key, conversation, HELLO)
    assert (proposed.message, proposed.proposal.state, proposed.proposal.rule) == (None, "pending", "/account/agents_may_send")


@pytest.mark.usefixtures("free")
def test_with_the_switch_on_it_goes_out_once(cast, conversation, key):
    proposed = propose(key, conversation, HELLO, idempotency_key="k")
    assert (proposed.proposal.state, proposed.proposal.part.message) == ("approved", proposed.message)
    assert propose(key, conversation, HELLO, idempotency_key="k").message == proposed.message
    cast.settle()
    assert [message["text"] for message in cast.received(cast.amina)] == [HELLO.text]


@pytest.mark.usefixtures("free")
@pytest.mark.parametrize("state", ["human", "unknown"])
def test_outside_24_hours_a_person_looks(cast, conversation, key, state):
    Account.objects.filter(pk=cast.shop.pk).update(human_agent_feature=True, human_agent_text=Account.HumanAgentText.APPROVED)
    if state == "unknown":
        Conversation.objects.update(window_closes_at=None)
    proposed = propose(key, conversation, HELLO, at=now() + timedelta(hours=25))
    assert (proposed.message, proposed.proposal.rule) == (None, "/account/window")


@pytest.mark.usefixtures("free")
def test_an_allowed_message_that_is_taken_back_waits_for_a_person(cast, conversation, key):
    proposed = propose(key, conversation, HELLO)
    cancel(proposed.message.dispatch, by=cast.alice)
    assert Proposal.objects.awaiting_decision().get() == proposed.proposal


def test_the_policy_allows_nothing_where_the_agent_has_no_grant(cast, conversation, key):
    put_in_force(key.agent, ALLOW_ALL)
    Grant.objects.filter(user=key.agent.user).delete()
    refused(NotFound, key, conversation, HELLO)


# Before it costs time ---------------------------------------------------------------------------------------------
def test_foreseeing_changes_nothing_and_records_only_refusals(cast, conversation, key):
    propose(key, conversation, HELLO)
    cast.write(cast.amina, "And decaf?")
    calls = ToolCall.objects.count()
    foresee(key, conversation, "image", arguments={})
    assert Proposal.objects.get().state == "pending"
    assert ToolCall.objects.count() == calls
    Stop.place(by=cast.dana, reason="r", at=now())
    with pytest.raises(Stopped):
        foresee(key, conversation, "image", arguments={"conversation_id": "x"})
    assert (last_call().outcome, last_call().arguments) == ("stopped", {"conversation_id": "x"})
