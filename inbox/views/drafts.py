"""What somebody has typed and not sent: saved while they type, found again wherever they open the conversation."""

from django.core.exceptions import PermissionDenied
from django.http import HttpResponse, QueryDict
from django.shortcuts import render
from django.views.decorators.http import require_http_methods

from inbox.drafting import forget_draft, save_draft
from inbox.errors import ContentRefused, KeyIsSpent, NotAllowed, WrittenElsewhere
from inbox.models import Conversation, Draft
from inbox.views.access import Request, conversation_for, number_in, person
from inbox.views.composer import Composer


@require_http_methods(["GET", "HEAD", "PUT", "POST", "DELETE"])
def draft(request: Request, public_id: str) -> HttpResponse:
    """The place to answer with what was left in it; by PUT or POST, how a save went. The address alone says whose conversation it is."""
    opened = conversation_for(request, public_id)
    if not getattr(opened, "may_reply", False):
        raise PermissionDenied
    if request.method in ("PUT", "POST"):
        return _save(request, opened)
    if request.method == "DELETE":
        forget_draft(opened, by=person(request))
        return _said(request, opened, "none")
    composer = Composer.kept(opened, person(request), since=request.GET.get("since", ""))
    return render(request, "inbox/_composer.html", {"conversation": opened, "composer": composer, "again": True})


def _save(request: Request, opened: Conversation) -> HttpResponse:
    typed = request.POST if request.method == "POST" else QueryDict(request.body)
    words, files = typed.dict(), typed.getlist("media")
    writer, number, seen = words.get("writer", "")[:40], number_in(words.get("number", "")) or 0, words.get("seen", "")
    try:
        saved = save_draft(opened, words, files, by=person(request), writer=writer, number=number, seen=seen)
    except WrittenElsewhere as refused:
        return _said(request, opened, "elsewhere", refused.draft, status=409)
    except KeyIsSpent as refused:
        return _said(request, opened, "sent", words=refused.sentence)
    except ContentRefused as refused:
        return _said(request, opened, "refused", words=refused.sentence, status=422)
    except NotAllowed as refused:
        raise PermissionDenied from refused
    return _said(request, opened, "saved", saved)


def _said(request: Request, opened: Conversation, state: str, draft: Draft | None = None, *, words: str = "", status: int = 200) -> HttpResponse:
    context = {"conversation": opened, "state": state, "draft": draft, "words": words}
    return render(request, "inbox/_draft.html", context, status=status)
