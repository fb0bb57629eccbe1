"""What people do with an open conversation beside answering it: who works on it, whether it is done with, its labels, and whether agents may propose.

Every address takes plain forms as well: those post `method=delete` where the verb is DELETE, and are led back to the conversation.
"""

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from django.contrib import messages as notices
from django.core.exceptions import PermissionDenied
from django.db import IntegrityError, transaction
from django.http import HttpResponse, HttpResponseNotAllowed
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods
from django_htmx.http import push_url, retarget, trigger_client_event

from accounts.models import User
from core.clock import now
from inbox import closing, labelling, teamwork
from inbox.errors import AlreadyMoved, ContentRefused, NotAllowed, Refused
from inbox.models import Conversation, Dispatch, Label
from inbox.templatetags.times import moment_ahead
from inbox.views.access import Request, conversation_for, person, shown_heard
from inbox.views.asked import Asked
from inbox.views.between import Between
from inbox.views.composer import Composer
from inbox.views.conversation import conversation_page
from inbox.views.snoozing import Snoozing

LONGEST_NAME = 40
STATUS: dict[type[Refused], int] = {NotAllowed: 403, AlreadyMoved: 409}


@dataclass(frozen=True)
class Done:
    """What was done.

    Args:
        words: for people.
        noun: the address whose call puts things back as they were; "" where nothing does.
        tone: "care" where there is more to know than that it is done.
    """

    words: str
    noun: str = ""
    method: str = "POST"
    values: Mapping[str, str] = field(default_factory=dict)
    thing: str = ""
    tone: str = "calm"

    def event(self, conversation: Conversation) -> dict[str, Any]:
        address = reverse(f"inbox:{self.noun}", args=[conversation.public_id, *([self.thing] if self.thing else [])]) if self.noun else ""
        back = {"back": {"address": address, "method": self.method, "values": dict(self.values)}} if address else {}
        return {"words": self.words, "tone": self.tone} | back


Verb = Callable[[Conversation, User], Done]


def verbs_of(request: Request, **verbs: Verb) -> Verb | None:
    """The verb of the method that was used, or that a plain form names."""
    named = request.POST.get("method", "post") if request.method == "POST" else str(request.method).lower()
    return verbs.get(named)


# Who works on it --------------------------------------------------------------------------------------------------


@require_http_methods(["GET", "HEAD", "POST"])
def assignment(request: Request, public_id: str) -> HttpResponse:
    """To whom it can be handed; or it is."""
    if request.method != "POST":
        return _menu(request, public_id, "assignment")
    return _do(request, public_id, lambda opened, by: _assign(request, opened, by), menu="assignment")


def _assign(request: Request, opened: Conversation, by: User) -> Done:
    to = _whom(request.POST.get("to", ""), by)
    if request.POST.get("agents") == "on":
        teamwork.give_back(opened, to, by=by)
        return Done(_("It is as it was before you took over."))
    before = teamwork.assign(opened, to, by=by)
    words = _("Assigned to nobody.") if to is None else _("This is yours now.") if to == by else _("Assigned to %s.") % to
    return Done(words, "assignment", values={"to": before.public_id if before else ""})


def _whom(wanted: str, by: User) -> User | None:
    if wanted in ("", "me"):
        return by if wanted else None
    found = User.objects.filter(public_id=wanted, is_agent=False).first()
    if found is None:
        raise ContentRefused([_("Choose somebody who may reply here.")])
    return found


@require_http_methods(["POST"])
def takeover(request: Request, public_id: str) -> HttpResponse:
    return _do(request, public_id, _take_over)


def _take_over(opened: Conversation, by: User) -> Done:
    before, were_on = opened.assignee, opened.agents_off_at is None
    teamwork.take_over(opened, by=by)
    values = {"to": before.public_id if before else "", "agents": "on" if were_on else ""}
    return Done(_("You took over. Agents propose nothing here any more."), "assignment", values=values)


@require_http_methods(["POST", "DELETE"])
def silence(request: Request, public_id: str) -> HttpResponse:
    """Agents propose nothing here; taken away, they may again."""
    return _do(request, public_id, verbs_of(request, post=_silence, delete=_unsilence))


def _silence(opened: Conversation, by: User) -> Done:
    teamwork.silence(opened, by=by)
    return Done(_("Agents are off here."), "silence", "DELETE")


def _unsilence(opened: Conversation, by: User) -> Done:
    teamwork.unsilence(opened, by=by)
    return Done(_("Agents may propose here again."), "silence")


# Whether it is done with ------------------------------------------------------------------------------------------


@require_http_methods(["POST", "DELETE"])
def closure(request: Request, public_id: str) -> HttpResponse:
    heard = shown_heard(request.POST)
    return _do(request, public_id, verbs_of(request, post=lambda opened, by: _close(opened, by, heard), delete=_reopen))


def _close(opened: Conversation, by: User, heard: int | None) -> Done:
    was_snoozed_until = opened.snoozed_until
    if not closing.close(opened, by=by, heard=heard):
        return Done(_("It was closed already."))
    waits = _what_waits(opened)
    back = ("snooze", "POST", _until(was_snoozed_until) | _heard(opened)) if was_snoozed_until and was_snoozed_until > now() else ("closure", "DELETE", {})
    return Done(" ".join([_("Closed."), *waits]), *back, tone="care" if waits else "calm")


def _what_waits(opened: Conversation) -> list[str]:
    """What goes on in a closed conversation, because somebody asked for it before."""
    waiting = opened.dispatches.filter(state__in=(Dispatch.State.QUEUED, Dispatch.State.SENDING))
    next_at = waiting.order_by("not_before").values_list("not_before", flat=True).first()
    found = []
    if next_at:
        found.append(_("A message still leaves %s.") % moment_ahead(next_at) if next_at > now() else _("A message is still on its way."))
    if Conversation.objects.filter(pk=opened.pk, proposals__state="pending").exists():
        found.append(_("A proposal still waits for a decision."))
    return found


def _reopen(opened: Conversation, by: User) -> Done:
    reopened = closing.reopen(opened, by=by)
    return Done(_("It is open again."), "closure", values=_heard(opened)) if reopened else Done(_("It was open already."))


@require_http_methods(["GET", "HEAD", "POST", "DELETE"])
def snooze(request: Request, public_id: str) -> HttpResponse:
    """Until when it may sleep; or it sleeps, or wakes up."""
    if request.method in ("GET", "HEAD"):
        return _menu(request, public_id, "snooze")
    verb = verbs_of(request, post=lambda opened, by: _snooze(request, opened, by), delete=_wake_up)
    return _do(request, public_id, verb, menu="snooze")


def _snooze(request: Request, opened: Conversation, by: User) -> Done:
    asked = Snoozing(opened, request.POST.dict(), now())
    until, before, was_closed = asked.until, opened.snoozed_until, opened.closed_at is not None
    closing.snooze(opened, until=until, by=by, past_window=asked.may_pass, heard=shown_heard(request.POST))
    words = _("Snoozed. It comes back %s, or when they write.") % moment_ahead(until)
    if was_closed:
        return Done(words, "closure", values=_heard(opened))
    return Done(words, "snooze", values=_until(before) | _heard(opened)) if before and before > now() else Done(words, "snooze", "DELETE")


def _wake_up(opened: Conversation, by: User) -> Done:
    before = opened.snoozed_until
    if not closing.wake_up(opened, by=by):
        return Done(_("It was awake already."))
    back = ("snooze", "POST", _until(before) | _heard(opened)) if before and before > now() else ()
    return Done(_("It is on the table again."), *back)


def _heard(opened: Conversation) -> dict[str, str]:
    """Undoing puts nothing away that they said meanwhile."""
    return {"heard": str(opened.heard)}


def _until(moment: Any) -> dict[str, str]:
    return {"until": moment.isoformat(), "past_window": "on"}


# Labels -----------------------------------------------------------------------------------------------------------


@require_http_methods(["GET", "HEAD", "POST"])
def labels(request: Request, public_id: str) -> HttpResponse:
    """Those that there are; or one is put on."""
    if request.method != "POST":
        return _menu(request, public_id, "labels")
    return _do(request, public_id, lambda opened, by: _label(request.POST.get("label", ""), opened, by), menu="labels")


def _label(wanted: str, opened: Conversation, by: User) -> Done:
    put_on = label_called(wanted)
    if not labelling.put_label(opened, put_on, by=by):
        return Done(_("“%s” is on it already.") % put_on)
    return Done(_("Put on: %s") % put_on, "label", "DELETE", thing=put_on.public_id)


def label_called(wanted: str) -> Label:
    """The label of this public id or name; a new name makes a new one.

    Raises:
        ContentRefused: it is no name.
    """
    name = " ".join(wanted.split())
    if not name or "\0" in name:
        raise ContentRefused([_("Write the name of a label.")])
    if len(name) > LONGEST_NAME:
        raise ContentRefused([_("The name of a label has up to %s characters.") % LONGEST_NAME])
    return Label.objects.filter(public_id=name).first() or _named(name) or _made(name)


def _named(name: str) -> Label | None:
    return Label.objects.filter(name__iexact=name).first()


def _made(name: str) -> Label:
    """Its colour follows from its name, so that it is the same wherever it is made."""
    colours = Label.Colour.values
    colour = colours[hashlib.sha256(name.casefold().encode()).digest()[0] % len(colours)]
    try:
        with transaction.atomic():
            return Label.objects.create(name=name, colour=colour)
    except IntegrityError:
        # A colleague made it at the same moment, or it differs by case alone.
        found = _named(name)
        if found is None:
            raise
        return found


@require_http_methods(["POST", "DELETE"])
def label(request: Request, public_id: str, label_id: str) -> HttpResponse:
    found = get_object_or_404(Label, public_id=label_id)
    return _do(request, public_id, verbs_of(request, delete=lambda opened, by: _unlabel(found, opened, by)))


def _unlabel(found: Label, opened: Conversation, by: User) -> Done:
    labelling.take_label(opened, found, by=by)
    return Done(_("Taken off: %s") % found, "labels", values={"label": found.public_id})


# Whether it is read -----------------------------------------------------------------------------------------------


@require_http_methods(["POST", "DELETE"])
def unread(request: Request, public_id: str) -> HttpResponse:
    """As if this person had not seen the newest; they are led back to the list, because whoever looks has read."""
    opened, by = conversation_for(request, public_id), person(request)
    verb = verbs_of(request, post=_unread, delete=_read)
    if verb is None:
        return HttpResponseNotAllowed(("POST", "DELETE"))
    done = verb(opened, by)
    if not request.htmx:
        notices.info(request, done.words)
        return redirect("inbox:conversations")
    response = push_url(retarget(render(request, "inbox/_nothing_open.html"), "#conversation"), Asked.beside(request).address)
    return trigger_client_event(trigger_client_event(response, "look-again", {}), "announce", done.event(opened))


def _unread(opened: Conversation, by: User) -> Done:
    return Done(_("Marked as unread."), "unread", "DELETE") if opened.mark_unread(by=by) else Done(_("They have written nothing yet."))


def _read(opened: Conversation, by: User) -> Done:
    opened.mark_read(by=by)
    return Done(_("Marked as read."))


# Answers ----------------------------------------------------------------------------------------------------------


def _do(request: Request, public_id: str, verb: Verb | None, *, menu: str = "") -> HttpResponse:
    if verb is None:
        return HttpResponseNotAllowed(("POST", "DELETE"))
    opened = conversation_for(request, public_id)
    try:
        if not getattr(opened, "may_reply", False):
            raise NotAllowed
        done = verb(opened, person(request))
    except Refused as refused:
        return _refused(request, opened, refused, menu)
    if not request.htmx:
        notices.info(request, done.words)
        return redirect(opened)
    opened = conversation_for(request, public_id)
    return trigger_client_event(_worked(request, opened), "announce", done.event(opened))


def _worked(request: Request, opened: Conversation, status: int = 200, **more: Any) -> HttpResponse:
    """The controls as they stand now, and what else on the page says the same."""
    context = {"conversation": opened, "between": Between(opened, since=now()), "shows_state": True}
    return render(request, "inbox/_work.html", context | more, status=status)


def _refused(request: Request, opened: Conversation, refused: Refused, menu: str) -> HttpResponse:
    """The sentence, in the menu that it is about where there is one, with what was typed."""
    status = STATUS.get(type(refused), 422)
    trouble = _choices(request, opened, menu) | {"opened_menu": menu, "trouble_words": refused.sentence}
    if request.htmx:
        response = _worked(request, opened, status, **trouble)
        return response if menu else trigger_client_event(response, "announce", {"words": refused.sentence, "tone": "bad"})
    if not menu:
        notices.error(request, refused.sentence)
    return conversation_page(request, opened, Composer(opened, person(request)), status, **trouble)


def _menu(request: Request, public_id: str, menu: str) -> HttpResponse:
    """What there is to choose from; without scripts, on the page."""
    opened = conversation_for(request, public_id)
    if not getattr(opened, "may_reply", False):
        raise PermissionDenied
    context = _choices(request, opened, menu)
    if request.htmx:
        return render(request, f"inbox/_{menu}.html", context | {"conversation": opened})
    return conversation_page(request, opened, Composer(opened, person(request)), **context | {"opened_menu": menu})


def _choices(request: Request, opened: Conversation, menu: str) -> dict[str, Any]:
    """What stands in a menu, with what was typed in it."""
    match menu:
        case "assignment":
            return {"colleagues": [user for user in teamwork.who_may_have(opened.account) if user != person(request)]}
        case "snooze":
            return {"snoozing": Snoozing(opened, request.POST.dict(), now())}
        case "labels":
            return {"known": Label.objects.all(), "put_on": Label.objects.filter(conversations=opened), "wanted": request.POST.get("label", "")}
    return {}
