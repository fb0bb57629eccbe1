"""Who works on a conversation, and how it stands, for the pages that show it."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django import template

from accounts.models import User
from core.clock import now
from inbox.models import Conversation

register = template.Library()


@dataclass(frozen=True)
class Work:
    """What people make of one conversation, as one of them sees it at this moment.

    Args:
        opened: which of the menus is to be open: "assignment", "snooze", "labels", or "".
        trouble: why what was asked for in it could not be done.
    """

    conversation: Conversation
    user: User
    at: datetime
    opened: str = ""
    trouble: str = ""

    @property
    def is_mine(self) -> bool:
        return self.conversation.assignee_id == self.user.pk

    @property
    def may_take_over(self) -> bool:
        """Whether there is anybody to take it from."""
        somebody_has_it = bool(self.conversation.assignee_id) and not self.is_mine
        return somebody_has_it or self.agents_may_propose

    @property
    def agents_may_propose(self) -> bool:
        return bool(getattr(self.conversation, "has_agents", False)) and not self.conversation.agents_off_at

    @property
    def shows_agents(self) -> bool:
        """Whether there is anything to switch."""
        return bool(getattr(self.conversation, "has_agents", False)) or bool(self.conversation.agents_off_at)

    @property
    def is_snoozed(self) -> bool:
        until = self.conversation.snoozed_until
        return until is not None and until > self.at and not self.conversation.closed_at

    @property
    def wakes_ms(self) -> int | None:
        until = self.conversation.snoozed_until
        return int(until.timestamp() * 1000) if until and self.is_snoozed else None


@register.simple_tag(takes_context=True)
def work_of(context: dict[str, Any], conversation: Conversation) -> Work:
    return Work(conversation, context["user"], now(), context.get("opened_menu", ""), context.get("trouble_words", ""))
