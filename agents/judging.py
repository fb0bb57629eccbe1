"""One call before the policy in force: counts what the policy asks about, and says what it says."""

from dataclasses import dataclass
from datetime import datetime

from agents.facts import facts_for, hold
from agents.models import Agent, AgentKey, PolicyVersion, ToolCall
from agents.policy import Call, Kind, Verdict, evaluate, limits_of
from agents.refusals import Denied, Limited
from inbox.models import Conversation


@dataclass(frozen=True)
class Judgement:
    """A verdict, and the version of the policy that gave it."""

    verdict: Verdict
    version: PolicyVersion | None

    def note_on(self, call: ToolCall) -> None:
        call.verdict, call.rule, call.reason, call.policy_version = self.verdict.kind, self.verdict.rule, self.verdict.reason, self.version

    def check(self) -> None:
        """Whether the call may go on, alone or after a person.

        Raises:
            Denied, Limited
        """
        verdict = self.verdict
        if verdict.kind == Kind.DENY:
            raise Denied(verdict.reason, rule=verdict.rule)
        if verdict.kind == Kind.LIMIT:
            raise Limited(verdict.reason, rule=verdict.rule, retry_at=verdict.retry_at)


def judge(call: Call, *, agent: Agent, key: AgentKey | None, conversation: Conversation | None, at: datetime) -> Judgement:
    """What the agent's policy says now. Inside a transaction, whose locks make the counts hold until it ends."""
    version = agent.policy.current if agent.policy else None
    document = version.document if version else None
    limits = limits_of(document, call)
    hold(limits, agent=agent, conversation=conversation)
    facts = facts_for(limits, agent=agent, key=key, conversation=conversation, at=at)
    return Judgement(evaluate(document, call, facts), version)
