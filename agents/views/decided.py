"""What was decided, newest first."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from agents.models import Proposal
from inbox.views.access import person

ROWS = 40


@require_safe
def decided(request: HttpRequest) -> HttpResponse:
    settled = Proposal.objects.visible_to(person(request)).exclude(state=Proposal.State.PENDING).for_cards().defer("conversation__account__token")
    if before := request.GET.get("before"):
        settled = settled.filter(pk__lt=Proposal.objects.filter(public_id=before).values("pk")[:1])
    found = list(settled.order_by("-pk")[: ROWS + 1])
    rows = found[:ROWS]
    return render(request, "agents/decided.html", {"proposals": rows, "older": rows[-1].public_id if len(found) > ROWS else ""})
