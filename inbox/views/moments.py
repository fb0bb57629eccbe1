"""The moments that a reply can wait for, as they are when somebody looks."""

from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from core.clock import now
from inbox.views.access import Request, conversation_for
from inbox.views.later import Later


@require_safe
def moments(request: Request, public_id: str) -> HttpResponse:
    """The choice alone, with what was chosen in it."""
    opened = conversation_for(request, public_id)
    later = Later(opened, request.GET.dict(), now())
    return render(request, "inbox/_moments.html", {"conversation": opened, "later": later})
