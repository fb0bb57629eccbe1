"""One proposal on the desk."""

from django.http import HttpResponse
from django.shortcuts import get_object_or_404, render
from django.views.decorators.http import require_safe

from agents.models import Proposal
from agents.views.queue import Queue, desk_page
from inbox.views.access import Request, person


@require_safe
def proposal(request: Request, public_id: str) -> HttpResponse:
    """The page with this card; as a fragment, the desk alone, or nothing where it shows the newest already."""
    shown = proposal_for(request, public_id)
    waiting = Queue(person(request))
    if not request.htmx or request.htmx.history_restore_request:
        return desk_page(request, waiting, waiting.card(shown))
    if request.GET.get("screen") == str(shown.conversation.screen):
        return HttpResponse(status=204)
    return render(request, "agents/_desk.html", {"card": waiting.card(shown), "counts": True})


def proposal_for(request: Request, public_id: str) -> Proposal:
    visible = Proposal.objects.visible_to(person(request)).for_cards().defer("conversation__account__token")
    return get_object_or_404(visible, public_id=public_id)
