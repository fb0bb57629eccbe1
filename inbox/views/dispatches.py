"""What people do with a message between writing it and Meta having it."""

from collections.abc import Callable
from functools import partial
from typing import Any

from django.contrib import messages as notices
from django.http import HttpResponse, HttpResponseBadRequest
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST
from django_htmx.http import trigger_client_event

from inbox import outbox
from inbox.errors import Refused
from inbox.views.access import Request, conversation_for, dispatch_for, person
from inbox.views.messages import STATUS, thread_fragment


@require_http_methods(["DELETE", "POST"])
def hold(request: Request, public_id: str) -> HttpResponse:
    """Taken away, the message goes back to its author; ended by POST, it leaves now."""
    if request.method == "DELETE":
        return _do(request, public_id, outbox.cancel, _("Taken back."))
    return _do(request, public_id, outbox.send_now, _("It leaves now."))


@require_POST
def retry(request: Request, public_id: str) -> HttpResponse:
    return _do(request, public_id, partial(outbox.retry, revision=_shown_revision(request)), _("It is tried again."))


@require_POST
def settlement(request: Request, public_id: str) -> HttpResponse:
    """A person has looked at Meta and says whether an unknown message arrived."""
    send_again = partial(outbox.send_again, revision=_shown_revision(request))
    verbs: dict[str, tuple[Callable[..., Any], str]] = {
        "arrived": (outbox.it_arrived, _("Noted: it arrived.")),
        "again": (send_again, _("It is sent again.")),
    }
    chosen = verbs.get(request.POST.get("outcome", ""))
    return _do(request, public_id, *chosen) if chosen else HttpResponseBadRequest(_("Say whether it arrived."))


def _shown_revision(request: Request) -> int | None:
    """The revision of the conversation that was on the screen when the button was pressed."""
    typed = request.POST.get("revision", "")
    return int(typed) if typed.isdecimal() and len(typed) < 10 else None


def _do(request: Request, public_id: str, verb: Callable[..., Any], done: str) -> HttpResponse:
    dispatch = dispatch_for(request, public_id)
    status, words = 200, done
    try:
        verb(dispatch, by=person(request))
    except Refused as refused:
        status, words = STATUS.get(type(refused), 422), refused.sentence
    if not request.htmx:
        notices.info(request, words)
        return redirect(dispatch.conversation)
    opened = conversation_for(request, dispatch.conversation.public_id)
    response = thread_fragment(request, opened, since=request.POST.get("since", request.GET.get("since", "")), status=status)
    return trigger_client_event(response, "announce", {"words": words, "tone": "calm" if status == 200 else "bad"})
