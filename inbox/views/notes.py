"""Notes for colleagues: written beside the place to answer, read between the messages."""

from typing import Any

from django.contrib import messages as notices
from django.core.exceptions import PermissionDenied
from django.http import HttpResponse, HttpResponseNotAllowed
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods
from django_htmx.http import trigger_client_event

from inbox import noting
from inbox.errors import NotAllowed, Refused
from inbox.models import Conversation, Note
from inbox.views.access import Request, conversation_for, conversations_of, person
from inbox.views.composer import Composer
from inbox.views.conversation import conversation_page
from inbox.views.messages import thread_fragment
from inbox.views.thread import Thread


@require_http_methods(["GET", "HEAD", "POST"])
def notes(request: Request, public_id: str) -> HttpResponse:
    """Whom a note can mention; or one is written."""
    opened = conversation_for(request, public_id)
    if not getattr(opened, "may_reply", False):
        raise PermissionDenied
    if request.method == "POST":
        return _write(request, opened)
    if request.htmx:
        colleagues = [user for user in noting.colleagues_of(opened.account) if user != person(request)]
        return render(request, "inbox/_mentionable.html", {"colleagues": colleagues})
    return conversation_page(request, opened, Composer(opened, person(request)), noting=True)


def _write(request: Request, opened: Conversation) -> HttpResponse:
    typed = request.POST.get("note", "")
    try:
        noting.write_note(opened, typed, by=person(request))
    except Refused as refused:
        return _refused(request, opened, typed, refused)
    if not request.htmx:
        notices.info(request, _("Noted for your colleagues."))
        return redirect(opened)
    opened = conversation_for(request, opened.public_id)
    thread = Thread(opened, since=request.POST.get("since", ""))
    context = {"conversation": opened, "thread": thread, "composer": Composer(opened, person(request)), "noted": True}
    return trigger_client_event(render(request, "inbox/_noting.html", context), "announce", {"words": _("Noted for your colleagues.")})


def _refused(request: Request, opened: Conversation, typed: str, refused: Refused) -> HttpResponse:
    status = 403 if isinstance(refused, NotAllowed) else 422
    trouble: dict[str, Any] = {"noting": True, "note_typed": typed, "note_trouble": refused.sentence}
    if request.htmx:
        return render(request, "inbox/_noting.html", {"conversation": opened} | trouble, status=status)
    return conversation_page(request, opened, Composer(opened, person(request)), status, **trouble)


@require_http_methods(["POST", "DELETE"])
def note(request: Request, public_id: str) -> HttpResponse:
    """Taken away: by DELETE, or by a plain form that says so."""
    found = get_object_or_404(Note.objects.select_related("conversation"), public_id=public_id, conversation__in=conversations_of(person(request)))
    if request.method == "POST" and request.POST.get("method") != "delete":
        return HttpResponseNotAllowed(("DELETE",))
    status, words, tone = 200, _("The note is taken away."), "calm"
    try:
        noting.take_note_away(found, by=person(request))
    except Refused as refused:
        status, words, tone = 403, refused.sentence, "bad"
    opened = conversation_for(request, found.conversation.public_id)
    if request.htmx:
        response = thread_fragment(request, opened, since=request.POST.get("since", request.GET.get("since", "")), status=status)
        return trigger_client_event(response, "announce", {"words": words, "tone": tone})
    notices.info(request, words)
    return redirect(opened) if status == 200 else conversation_page(request, opened, Composer(opened, person(request)), status)
