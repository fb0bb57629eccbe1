"""Canned replies for one conversation, filled in, as one types after `/`."""

from django.core.exceptions import PermissionDenied
from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from inbox.canning import filled, matching
from inbox.views.access import Request, conversation_for, person


@require_safe
def canned(request: Request, public_id: str) -> HttpResponse:
    opened = conversation_for(request, public_id)
    if not getattr(opened, "may_reply", False):
        raise PermissionDenied
    found = matching(opened.account, request.GET.get("q", "").replace("\0", ""))
    replies = [{"reply": reply, "text": filled(reply.text, opened, by=person(request))} for reply in found]
    return render(request, "inbox/_canned.html", {"conversation": opened, "replies": replies})
