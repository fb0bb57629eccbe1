"""The person behind a contact: the other conversations of theirs, whom to link with them, and undoing that.

Every address takes plain forms as well: those post `method=delete` where the verb is DELETE, and are led back to the conversation.
"""

from typing import Any

from django.contrib import messages as notices
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpResponse, HttpResponseNotAllowed
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods
from django_htmx.http import trigger_client_event

from core.clock import now
from core.secret import Unreadable, decrypt, encrypt
from inbox import linking
from inbox.errors import AlreadyMoved, NotAllowed, Refused
from inbox.models import Conversation
from inbox.views.access import Request, conversation_for, person
from inbox.views.between import Between
from inbox.views.context import isolated
from inbox.views.conversation import conversation_page
from inbox.views.linkable import Linkable, typed

STATUS: dict[type[Refused], int] = {NotAllowed: 403, AlreadyMoved: 409}
Back = dict[str, Any]
# Public ids have this length, and so has what stands for none.
LENGTH = 16
NOBODY = "-" * LENGTH


@require_http_methods(["GET", "HEAD", "POST"])
def person_behind(request: Request, public_id: str) -> HttpResponse:
    """Whom to link; or somebody is linked, or that is taken back."""
    opened = conversation_for(request, public_id)
    if request.method != "POST":
        return _menu(request, opened)
    do = _undo if "undo" in request.POST else _link
    try:
        words, back = do(request, opened)
    except Refused as refused:
        return _refused(request, opened, refused)
    return _done(request, opened, words, back)


def _link(request: Request, opened: Conversation) -> tuple[str, Back]:
    other = conversation_for(request, request.POST.get("other", ""))
    done = linking.link(opened, other, by=person(request))
    if done is None:
        return _("They were linked already."), {}
    words = _("Linked with %(name)s on %(account)s.") % _names(other)
    return words, _back(opened, undo=_sealed(opened, other, done))


def _undo(request: Request, opened: Conversation) -> tuple[str, Back]:
    """What was linked is taken back, in the same words and with the same way back whoever came along."""
    here, there, joined, came_with = _unsealed(request.POST["undo"])
    if here != opened.public_id:
        raise Http404
    other = conversation_for(request, there)
    is_undone = linking.undo(opened, other, joined=opened if joined == here else other, came_with=came_with, by=person(request))
    return _unlinked(opened, other) if is_undone else (_("They were not linked any more."), {})


def _sealed(opened: Conversation, other: Conversation, done: linking.Linked) -> str:
    """How it is undone, for nobody to read: who came along may be on accounts of which this person must not know. Always as long."""
    return encrypt(opened.public_id + other.public_id + done.joined.public_id + (done.came_with or NOBODY))


def _unsealed(undo: str) -> tuple[str, str, str, str]:
    """The ids in it; what is no undo of ours is 404."""
    try:
        text = decrypt(undo)
    except Unreadable:
        raise Http404 from None
    here, there, joined, came_with = (text[start : start + LENGTH] for start in range(0, 4 * LENGTH, LENGTH))
    return here, there, joined, "" if came_with == NOBODY else came_with


@require_http_methods(["POST", "DELETE"])
def linked(request: Request, public_id: str, other_id: str) -> HttpResponse:
    """The other one is not the same person after all."""
    if request.method == "POST" and request.POST.get("method") != "delete":
        return HttpResponseNotAllowed(("DELETE",))
    opened, other = conversation_for(request, public_id), conversation_for(request, other_id)
    try:
        was_linked = linking.unlink(other, opened, by=person(request))
    except Refused as refused:
        return _refused(request, opened, refused)
    if not was_linked:
        return _done(request, opened, _("They were not linked any more."), {})
    return _done(request, opened, *_unlinked(opened, other))


def _unlinked(opened: Conversation, other: Conversation) -> tuple[str, Back]:
    words = _("%(name)s on %(account)s is not linked any more.") % _names(other)
    return words, _back(opened, other=other.public_id)


def _names(conversation: Conversation) -> dict[str, str]:
    return {"name": isolated(str(conversation.contact)), "account": isolated(str(conversation.account))}


def _back(opened: Conversation, **values: str) -> Back:
    return {"back": {"address": reverse("inbox:person", args=[opened.public_id]), "method": "POST", "values": values}}


def _menu(request: Request, opened: Conversation) -> HttpResponse:
    if not getattr(opened, "may_reply", False):
        raise PermissionDenied
    linkable = Linkable(opened, person(request), typed(request.GET.get("q", "")))
    if request.htmx:
        return render(request, "inbox/_linkable.html", {"conversation": opened, "linkable": linkable})
    return conversation_page(request, opened, linkable=linkable)


def _done(request: Request, opened: Conversation, words: str, back: Back) -> HttpResponse:
    if not request.htmx:
        notices.info(request, words)
        return redirect(opened)
    return trigger_client_event(_facts(request, opened), "announce", {"words": words, "tone": "calm"} | back)


def _refused(request: Request, opened: Conversation, refused: Refused) -> HttpResponse:
    status = STATUS.get(type(refused), 422)
    if request.htmx:
        return trigger_client_event(_facts(request, opened, status), "announce", {"words": refused.sentence, "tone": "bad"})
    notices.error(request, refused.sentence)
    return conversation_page(request, opened, status=status)


def _facts(request: Request, opened: Conversation, status: int = 200) -> HttpResponse:
    """All about the contact as it stands now; what was open to link somebody is closed."""
    opened = conversation_for(request, opened.public_id)
    context = {"conversation": opened, "between": Between(opened, since=now()), "oob": True, "closes_linking": True}
    return render(request, "inbox/_facts.html", context, status=status)
