"""Takes what an agent wrote about one contact away, where somebody asked to be forgotten. That something was proposed and decided stays."""

from datetime import datetime
from typing import Any

from django.db.models import CharField
from django.db.models.fields.json import KT
from django.db.models.functions import Cast

from accounts.models import Activity
from agents.models import Agent, Decision, Proposal, ProposalPart, ToolCall, Vote
from inbox.models import Conversation, MediaFile

# What of a call's arguments says which, and nothing about whom.
KEPT = ("conversation_id", "proposal_id", "idempotency_key", "limit")


def forget(agent: Agent, conversation: Conversation, *, at: datetime) -> list[MediaFile]:
    """Erase it in this locked conversation, and end what waits for a decision. Returns the files that were proposed."""
    proposals = Proposal.objects.filter(agent=agent, conversation=conversation)
    for proposal in proposals.awaiting_decision():
        Proposal.objects.filter(pk=proposal.pk).update(state=Proposal.State.WITHDRAWN)
        Decision.objects.filter(proposal=proposal, undone_at=None).update(undone_at=at)
        Activity.record("proposal.withdrawn", proposal, by=None, at=at, account=conversation.account)
    parts = ProposalPart.objects.filter(proposal__in=proposals)
    files = list(MediaFile.objects.filter(pk__in=parts.exclude(media=None).values("media")))
    parts.update(text="", link=None, media=None)
    proposals.update(reason="")
    for model in (Vote, Decision):
        model._default_manager.filter(proposal__in=proposals).update(text="", reason="")
    _forget_calls(agent, conversation)
    return files


def _forget_calls(agent: Agent, conversation: Conversation) -> None:
    where = Cast(KT("arguments__conversation_id"), CharField())
    for call in ToolCall.objects.alias(conversation=where).filter(agent=agent, conversation=conversation.public_id).only("arguments"):
        kept = {name: value if name in KEPT else _blank(value) for name, value in call.arguments.items()}
        ToolCall.objects.filter(pk=call.pk).update(arguments=kept)


def _blank(value: Any) -> Any:
    """The same shape without words: limits are counted by which arguments there were."""
    if isinstance(value, dict):
        return {name: _blank(part) for name, part in value.items()}
    return "" if isinstance(value, str) else value
