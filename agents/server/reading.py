"""What agents read. Each function is the whole unit of work of one tool call, on the database's thread."""

import re
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, TypeVar

from django.db.models import Count, Q, QuerySet
from django.utils.translation import gettext as _

from accounts.models import Account
from agents.calls import recorded
from agents.judging import judge
from agents.models import Agent, Proposal
from agents.policy import Call
from agents.refusals import NotFound
from agents.server import identity
from agents.server.describing import conversation_out, report_out, row_out
from agents.server.results import ConversationList, ConversationOut, ProposalReport
from core.clock import now
from inbox.errors import ContentRefused
from inbox.models import Conversation, Message

T = TypeVar("T")
_CURSOR = re.compile(r"([0-9]{1,18})Z([0-9A-Za-z]{1,16})")
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def conversations(key: int | None, *, account: str, limit: int, cursor: str) -> ConversationList:
    """One page of the conversations that this agent may read, newest first."""

    def read(agent: Agent, at: datetime) -> ConversationList:
        rows = list(_after(_listed(agent, account), cursor)[: limit + 1])
        page = rows[:limit]
        waiting = _waiting_in(agent, page)
        return ConversationList(
            conversations=[row_out(row, waiting.get(row.pk, 0), at) for row in page], next_cursor=_cursor(page[-1]) if len(rows) > limit else ""
        )

    return _supervised(key, "list_conversations", "read.conversations", {"account": account, "limit": limit, "cursor": cursor}, read)


def conversation(key: int | None, *, conversation_id: str, limit: int) -> ConversationOut:
    """One conversation with its newest messages."""

    def read(agent: Agent, at: datetime) -> ConversationOut:
        found = find_conversation(agent, conversation_id)
        newest_first = list(_for_reading(found.messages.all()).order_by("-at", "-pk")[: limit + 1])
        waiting = Proposal.objects.filter(agent=agent, conversation=found).awaiting_decision().for_cards()
        return conversation_out(agent, found, newest_first[:limit][::-1], len(newest_first) > limit, list(waiting), at)

    arguments = {"conversation_id": conversation_id, "limit": limit}
    return _supervised(key, "get_conversation", "read.conversation", arguments, read, conversation_id=conversation_id)


def proposal(key: int | None, *, proposal_id: str) -> ProposalReport:
    """One of this agent's own proposals. No policy stands in front of that."""

    def read(agent: Agent, at: datetime) -> ProposalReport:
        return report_out(find_proposal(agent, proposal_id), at)

    return _supervised(key, "get_proposal", "", {"proposal_id": proposal_id}, read)


def find_conversation(agent: Agent, public_id: str) -> Conversation:
    """
    Raises:
        NotFound: there is none, or none that this agent may read.
    """
    rows = Conversation.objects.visible_to(agent.user).select_related("account", "contact", "newest_inbound")
    found = rows.filter(public_id=public_id).first()
    if found is None:
        raise NotFound(_("There is no such conversation."))
    return found


def find_proposal(agent: Agent, public_id: str) -> Proposal:
    """
    Raises:
        NotFound: there is none, or it is not this agent's, or it may not read the account any more.
    """
    found = Proposal.objects.filter(agent=agent, public_id=public_id).visible_to(agent.user).for_cards().first()
    if found is None:
        raise NotFound(_("There is no such proposal."))
    return found


def find_message(conversation: Conversation, public_id: str) -> Message:
    """
    Raises:
        NotFound: there is none in this conversation.
    """
    found = conversation.messages.filter(public_id=public_id).first()
    if found is None:
        raise NotFound(_("There is no such message in this conversation."))
    return found


def _supervised(
    key: int | None, tool: str, act: str, arguments: Mapping[str, Any], read: Callable[[Agent, datetime], T], *, conversation_id: str = ""
) -> T:
    """Read under the agent's policy, and keep that it was read. Without an act the policy has no say."""
    at = now()
    loaded = identity.load(key)
    with recorded(loaded.agent, loaded, tool, {name: value for name, value in arguments.items() if value}, at=at) as call:
        where = find_conversation(loaded.agent, conversation_id) if conversation_id else None
        if act:
            judgement = judge(Call((tool, act)), agent=loaded.agent, key=loaded, conversation=where, at=at)
            judgement.note_on(call)
            judgement.check()
        else:
            call.verdict = call.Verdict.ALLOW
        answer = read(loaded.agent, at)
        call.outcome = "done"
        return answer


def _listed(agent: Agent, account: str) -> "QuerySet[Conversation]":
    accounts = Account.objects.visible_to(agent.user)
    if account and not (accounts := accounts.filter(public_id=account)):
        raise NotFound(_("There is no such account."))
    rows = Conversation.objects.filter(account__in=accounts).select_related("account", "contact", "last_message")
    return rows.newest_first()


def _cursor(last: Conversation) -> str:
    return f"{(last.last_message_at - _EPOCH) // timedelta(microseconds=1)}Z{last.public_id}"


def _after(rows: "QuerySet[Conversation]", cursor: str) -> "QuerySet[Conversation]":
    if not cursor:
        return rows
    match = _CURSOR.fullmatch(cursor)
    if match is None:
        raise ContentRefused([_("This cursor is not one that list_conversations gave. Begin without one.")])
    moment = _EPOCH + timedelta(microseconds=int(match[1]))
    pk = Conversation.objects.filter(public_id=match[2]).values("pk")[:1]
    return rows.filter(Q(last_message_at__lt=moment) | Q(last_message_at=moment, pk__lt=pk))


def _waiting_in(agent: Agent, page: list[Conversation]) -> dict[int, int]:
    waiting = Proposal.objects.filter(agent=agent, conversation__in=page).awaiting_decision().order_by()
    return dict(waiting.values_list("conversation").annotate(Count("pk")))


def _for_reading(messages: "QuerySet[Message]") -> "QuerySet[Message]":
    return messages.select_related("written_by", "dispatch").prefetch_related("attachments", "reactions")
