"""One proposal as people see it, wherever they decide on it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from django.utils.functional import cached_property

from accounts.models import User
from agents.models import Proposal
from core.clock import now
from graph.limits import Limits, limits_for
from graph.networks import Network
from inbox.content import Content
from inbox.errors import Refused
from inbox.models import Conversation
from inbox.replies import check_reply
from inbox.views.entries import Line
from inbox.views.thread import Thread

CONTEXT_LINES = 8


@dataclass(frozen=True)
class Card:
    """One proposal, for one person.

    Args:
        conversation: as `inbox.views.access` fetches it, with what this person may do there.
        place: "queue" or "conversation"; the one shows the words before it, the other stands among them.
        typed: what stood in its boxes when a decision was refused.
        errors: why it was refused, in sentences.
    """

    proposal: Proposal
    conversation: Conversation
    user: User
    place: str
    typed: Mapping[str, str] = field(default_factory=dict)
    errors: Sequence[str] = ()

    @cached_property
    def content(self) -> Content:
        return self.proposal.part.content

    @property
    def awaits(self) -> bool:
        return self.proposal.awaits_decision

    @property
    def may_decide(self) -> bool:
        return bool(getattr(self.conversation, "may_approve", False)) and self.awaits

    @property
    def may_edit(self) -> bool:
        return self.may_decide and self.content.kind == "text" and not self.why_not_edited

    @property
    def may_take_over(self) -> bool:
        """Only text can become somebody's own words; a picture or a card is sent from the conversation."""
        return self.awaits and self.content.kind == "text" and bool(getattr(self.conversation, "may_reply", False))

    @cached_property
    def why_not(self) -> str:
        """Why it could not leave as it stands, or ""."""
        return self._obstacle(edited_by=None)

    @cached_property
    def why_not_edited(self) -> str:
        return self._obstacle(edited_by=self.user)

    @property
    def is_stale(self) -> bool:
        return self.awaits and self.conversation.heard != self.proposal.expects_heard

    @cached_property
    def lines(self) -> list[Line]:
        """The last things said before a decision."""
        return Thread(self.conversation).lines[-CONTEXT_LINES:]

    @property
    def first_news(self) -> int | None:
        """Above this one stands that what follows is new."""
        news = self.news
        return next((line.message.pk for line in self.lines if line.message.pk in news), None)

    @cached_property
    def news(self) -> set[int]:
        """Messages that the agent had not seen, by primary key."""
        if not self.is_stale:
            return set()
        came = [line.message for line in self.lines if line.message.is_inbound and not line.message.is_history]
        return {message.pk for message in came if message.received_at > self.proposal.created_at}

    @property
    def limits(self) -> Limits:
        return limits_for(Network(self.conversation.account.network))

    def _obstacle(self, edited_by: User | None) -> str:
        content = Content(text="…") if edited_by else self.content
        try:
            check_reply(self.conversation, content, by=self.user, author=self.proposal.agent.user, edited_by=edited_by, at=now())
        except Refused as refused:
            return refused.sentence
        return ""
