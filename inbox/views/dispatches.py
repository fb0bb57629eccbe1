"""What people do with a message between writing it and Meta having it."""

from collections.abc import Callable
from functools import partial
from typing import Any

from django.contrib import messages as notices
from django.core.exceptions import PermissionDenied
from django.http import HttpResponse, HttpResponseBadRequest
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST
from django_htmx.http import trigger_client_event

from core.clock import now
from inbox import outbox
from inbox.errors import Refused
from inbox.models import Conversation, Dispatch
from inbox.templatetags.times import moment_ahead
from inbox.views.access import Request, conversation_for, dispatch_for, person, shown_revision
from inbox.views.composer import Composer
from inbox.views.conversation import conversation_page
from inbox.views.later import in_box, moment_of
from inbox.views.messages import STATUS, thread_fragment
from inbox.views.standing import is_given_back, standing_of
from inbox.views.thread import around_of

State = Dispatch.State


@require_http_methods(["DELETE", "POST"])
def hold(request: Request, public_id: str) -> HttpResponse:
    """Taken away, by DELETE or by a form that says so, the message goes back to its author; ended by a form that says "post", it leaves now."""
    method = "delete" if request.method == "DELETE" else request.POST.get("method", "")
    if method == "delete":
        return _given_back(request, public_id, _do(request, public_id, outbox.cancel, _("Taken back.")))
    if method == "post":
        return _do(request, public_id, outbox.send_now, _("It leaves now."))
    # A form that lost which button was pressed sends nothing.
    return HttpResponseBadRequest(_("Say whether it is to leave now or to be taken back."))


@require_POST
def schedule(request: Request, public_id: str) -> HttpResponse:
    """Another moment for a message that waits for one."""
    dispatch, typed = dispatch_for(request, public_id), request.POST.get("moment", "").strip()
    try:
        # Boxes tell whole minutes, and no zone: what was left as it stood means the very same moment.
        moment = dispatch.not_before if typed == in_box(dispatch.not_before) else moment_of(typed)
    except Refused as refused:
        return _refused(request, dispatch, refused, where="schedule")
    unless = request.POST.get("unless") == "on"
    verb = partial(outbox.reschedule, to=moment, unless_they_write=unless, revision=shown_revision(request.POST))
    return _do(request, public_id, verb, _("It leaves %s.") % moment_ahead(moment), where="schedule")


@require_POST
def words(request: Request, public_id: str) -> HttpResponse:
    """The place to answer, with what a message says that did not leave beside what stands there."""
    dispatch = dispatch_for(request, public_id)
    opened = conversation_for(request, dispatch.conversation.public_id)
    if not getattr(opened, "may_reply", False):
        raise PermissionDenied
    composer = Composer(opened, person(request), typed=request.POST.dict(), chosen=request.POST.getlist("media"))
    if is_given_back(dispatch):
        composer = composer.with_words_of(dispatch.message)
    if not request.htmx:
        return conversation_page(request, opened, composer)
    return render(request, "inbox/_composer.html", {"conversation": opened, "composer": composer, "again": True})


@require_POST
def retry(request: Request, public_id: str) -> HttpResponse:
    return _do(request, public_id, partial(outbox.retry, revision=shown_revision(request.POST)), _("It is tried again."))


@require_POST
def settlement(request: Request, public_id: str) -> HttpResponse:
    """A person has looked at Meta and says whether an unknown message arrived."""
    send_again = partial(outbox.send_again, revision=shown_revision(request.POST))
    verbs: dict[str, tuple[Callable[..., Any], str]] = {
        "arrived": (outbox.it_arrived, _("Noted: it arrived.")),
        "again": (send_again, _("It is sent again.")),
    }
    chosen = verbs.get(request.POST.get("outcome", ""))
    return _do(request, public_id, *chosen) if chosen else HttpResponseBadRequest(_("Say whether it arrived."))


def _do(request: Request, public_id: str, verb: Callable[..., Any], done: str, *, where: str = "") -> HttpResponse:
    dispatch = dispatch_for(request, public_id)
    try:
        verb(dispatch, by=person(request))
    except Refused as refused:
        return _refused(request, dispatch, refused, where=where)
    opened = conversation_for(request, dispatch.conversation.public_id)
    why = _why_less(opened, dispatch)
    return _answer(request, opened, why or done, tone="care" if why else "calm")


def _why_less(opened: Conversation, dispatch: Dispatch) -> str:
    """What is so of the message after the verb, where it is less than what was asked for; or ""."""
    message = opened.messages.select_related("dispatch", "written_by").get(pk=dispatch.message_id)
    not_at_an_end = opened.dispatches.filter(state__in=(State.QUEUED, State.SENDING, State.UNKNOWN)).select_related("message__written_by")
    standing = standing_of(message, opened, around_of(opened, list(not_at_an_end)), now())
    is_less = standing and (standing.tone in ("care", "bad") or message.dispatch.state == State.UNKNOWN)
    return standing.sentence if standing and is_less else ""


def _refused(request: Request, dispatch: Dispatch, refused: Refused, *, where: str = "") -> HttpResponse:
    """The sentence, and again in the form of this message that it is about."""
    status = STATUS.get(type(refused), 422)
    trouble = {"where": where, "dispatch": dispatch.public_id, "words": refused.sentence}
    opened = conversation_for(request, dispatch.conversation.public_id)
    if where and not request.htmx:
        return conversation_page(request, opened, status=status, trouble=trouble | {"typed": request.POST.get("moment", "")})
    return _answer(request, opened, refused.sentence, tone="bad", status=status, trouble=trouble)


def _answer(request: Request, opened: Conversation, words: str, *, tone: str, status: int = 200, trouble: dict[str, str] | None = None) -> HttpResponse:
    if not request.htmx:
        notices.info(request, words)
        return redirect(opened)
    since = request.POST.get("since", request.GET.get("since", ""))
    response = thread_fragment(request, opened, since=since, status=status, trouble=trouble)
    return trigger_client_event(response, "announce", {"words": words, "tone": tone})


def _given_back(request: Request, public_id: str, response: HttpResponse) -> HttpResponse:
    """Whoever takes their own words back finds them where they wrote them."""
    dispatch = dispatch_for(request, public_id)
    is_own = dispatch.message.written_by_id == person(request).pk
    if response.status_code not in (200, 302) or not is_own or not is_given_back(dispatch):
        return response
    if not request.htmx:
        return redirect(f"{dispatch.conversation.get_absolute_url()}?again={public_id}#composer")
    return trigger_client_event(response, "taken-back", {"dispatch": public_id}, after="settle")
