"""Canned replies for one conversation, filled in: as one types after `/`, and as a page to choose from without scripts."""

from django.core.exceptions import PermissionDenied
from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from inbox.canning import MOST, filled, matching
from inbox.views.access import Request, conversation_for, person


@require_safe
def canned(request: Request, public_id: str) -> HttpResponse:
    opened = conversation_for(request, public_id)
    if not getattr(opened, "may_reply", False):
        raise PermissionDenied
    wanted = request.GET.get("q", request.GET.get("words", "")).replace("\0", "")
    found = matching(opened.account, wanted)
    replies = [{"reply": reply, "text": filled(reply.text, opened, by=person(request))} for reply in found]
    context = {"conversation": opened, "replies": replies, "wanted": wanted, "is_full": len(replies) == MOST}
    return render(request, "inbox/_canned.html" if "q" in request.GET else "inbox/canned.html", context)
