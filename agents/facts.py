"""Counts what a policy's limits ask about, from rows, under locks that make the count hold."""

from collections.abc import Iterable
from datetime import datetime, timedelta

from django.db import connection
from django.db.models import CharField, F, Q, QuerySet
from django.db.models.fields.json import KT
from django.db.models.functions import Cast

from accounts.models import Account
from agents.models import Agent, AgentKey, Proposal, ToolCall
from agents.policy import Count, Facts, Kind, Limit
from inbox.models import Conversation, Dispatch, Message

# A call that was refused did nothing, so it uses nothing up; what is unknown may have arrived, so it counts as sent.
PASSED = (Kind.ALLOW, Kind.REQUIRE_APPROVAL)
NEVER_LEFT = (Dispatch.State.FAILED, Dispatch.State.CANCELLED)

# Which stored calls were which act: the arguments of a proposal name what it holds.
ACTS = {
    "send.text": Q(tool="propose_message", arguments__has_key="text"),
    "send.image": Q(tool="propose_message", arguments__has_key="image_url"),
    "send.link": Q(tool="propose_message", arguments__has_key="link"),
    "read.conversations": Q(tool="list_conversations"),
    "read.conversation": Q(tool="get_conversation"),
    "read.proposal": Q(tool="get_proposal"),
}


def hold(limits: Iterable[Limit], *, agent: Agent, conversation: Conversation | None) -> None:
    """Lock what is counted until the transaction ends, so that two calls cannot both take the last place.

    The order is conversation, agent, account, and only then what a verb writes: proposal, dispatch, activity. A caller that has the
    conversation and the agent already loses nothing by taking them again. The locks are of the kind that foreign keys do not wait for.
    """
    scopes = {limit.scope for limit in limits}
    if conversation and scopes & {"conversation", "contact"}:
        Conversation.objects.lock(conversation.pk)
    if scopes:
        lock_agent(agent)
    if conversation and "account" in scopes:
        _lock(Account.objects.filter(pk=conversation.account_id))


def lock_agent(agent: Agent) -> None:
    """The agent's row until the transaction ends: its calls, proposals and idempotency keys are judged one at a time."""
    _lock(Agent.objects.filter(pk=agent.pk))


def facts_for(limits: Iterable[Limit], *, agent: Agent, key: AgentKey | None, conversation: Conversation | None, at: datetime) -> Facts:
    """How much there is of everything that these limits ask about."""
    count = _Counting(agent, key, conversation, at)
    return {limit: getattr(count, limit.counter)(limit) for limit in limits}


class _Counting:
    """Counts for one call at one moment. A call outside any conversation fills none of its limits."""

    def __init__(self, agent: Agent, key: AgentKey | None, conversation: Conversation | None, at: datetime) -> None:
        self.agent, self.key, self.conversation, self.at = agent, key, conversation, at

    def calls(self, limit: Limit) -> Count:
        window = timedelta(seconds=limit.seconds)
        rows = ToolCall.objects.filter(self._whose_calls(limit.scope), ACTS.get(limit.name, Q(tool=limit.name) if limit.name else Q()))
        times = rows.filter(at__gt=self.at - window, verdict__in=PASSED).order_by("-at").values_list("at", flat=True)
        number = times.count()
        frees_at = times[limit.max - 1] + window if 0 < limit.max <= number else None
        return Count(number, frees_at)

    def unanswered_sends(self, limit: Limit) -> Count:
        """What agents wrote since the contact last did, whoever let it out. People's own replies do not count."""
        if self.conversation is None:
            return Count(0)
        sends = Message.objects.filter(self._where(limit.scope, "written_by"), direction=Message.Direction.OUT, written_by__is_agent=True)
        unanswered = Q(conversation__newest_inbound=None) | Q(at__gt=F("conversation__newest_inbound__at"))
        return Count(sends.filter(unanswered).exclude(dispatch__state__in=NEVER_LEFT).count())

    def open_proposals(self, limit: Limit) -> Count:
        """This agent's own proposals that wait for a decision."""
        if self.conversation is None:
            return Count(0)
        waiting = Proposal.objects.filter(agent=self.agent).awaiting_decision()
        if limit.scope == "account":
            waiting = waiting.filter(conversation__account=self.conversation.account_id)
        elif limit.scope != "agent":
            waiting = waiting.filter(conversation=self.conversation)
        return Count(waiting.count())

    def _whose_calls(self, scope: str) -> Q:
        if scope == "grant":
            return Q(key=self.key, agent=self.agent)
        if scope == "agent":
            return Q(agent=self.agent)
        if self.conversation is None:
            return Q(pk=None)
        where = Cast(KT("arguments__conversation_id"), CharField())
        recent = ToolCall.objects.alias(conversation=where).filter(at__gt=self.at - timedelta(days=1))
        if scope == "account":
            here = recent.filter(conversation__in=Conversation.objects.filter(account=self.conversation.account_id).values_list("public_id"))
        else:
            here = recent.filter(conversation=self.conversation.public_id)
        return Q(pk__in=here.values("pk"))

    def _where(self, scope: str, agent: str) -> Q:
        conversation = self.conversation
        if scope == "agent" or conversation is None:
            return Q(**{agent: self.agent.user})
        return Q(account=conversation.account_id) if scope == "account" else Q(conversation=conversation)


def _lock(rows: "QuerySet[Agent] | QuerySet[Account]") -> None:
    """On SQLite every transaction of ours begins IMMEDIATE, so there is one writer anyhow."""
    if connection.features.has_select_for_update:
        rows = rows.select_for_update(no_key=True)
    rows.values_list("pk").first()
