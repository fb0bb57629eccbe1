"""The review queue: what waits for a person, what closes first at the top."""

from dataclasses import dataclass
from datetime import UTC, datetime

from django.http import HttpResponse
from django.shortcuts import render
from django.utils.functional import cached_property
from django.views.decorators.http import require_safe

from accounts.models import User
from agents.models import Proposal
from agents.views.card import Card
from core.clock import now
from inbox.views.access import Request, conversations_of, person

SHOWN = 100
NEVER = datetime.max.replace(tzinfo=UTC)


@require_safe
def queue(request: Request) -> HttpResponse:
    """The page, with the most pressing card; as a fragment, the list alone."""
    waiting = Queue(person(request))
    if request.htmx:
        return render(request, "agents/_queue.html", {"queue": waiting, "open": request.GET.get("open", "")})
    return desk_page(request, waiting, waiting.card(waiting.first))


def desk_page(request: Request, waiting: "Queue", card: Card | None, status: int = 200) -> HttpResponse:
    """The whole page with this card on the desk."""
    shown = card.proposal.public_id if card else ""
    return render(request, "agents/queue.html", {"queue": waiting, "card": card, "open": shown}, status=status)


@dataclass(frozen=True)
class Queue:
    """What waits on the accounts that one person may read."""

    user: User

    @cached_property
    def proposals(self) -> list[Proposal]:
        waiting = Proposal.objects.awaiting_decision().visible_to(self.user).by_deadline(now())
        return list(waiting.for_cards().select_related("conversation__window_message").defer("conversation__account__token")[:SHOWN])

    @property
    def first(self) -> Proposal | None:
        return self.proposals[0] if self.proposals else None

    def after(self, decided: Proposal) -> Proposal | None:
        """The one that follows in the same order, so that what was passed over is not pushed in front again."""
        following = (proposal for proposal in self.proposals if _place(proposal) > _place(decided))
        return next(following, self.first)

    def card(self, proposal: Proposal | None, **more: object) -> Card | None:
        """The card of one proposal, for the desk."""
        if proposal is None:
            return None
        conversation = conversations_of(self.user).get(pk=proposal.conversation_id)
        return Card(proposal, conversation, self.user, "queue", **more)  # type: ignore[arg-type]


def _place(proposal: Proposal) -> tuple[bool, datetime, datetime, int]:
    """Its place in the order of `by_deadline`."""
    closes_at = proposal.conversation.window_closes_at
    return bool(closes_at and closes_at < now()), closes_at or NEVER, proposal.created_at, proposal.pk
