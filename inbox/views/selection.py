"""What is done with several conversations at once: each by the verb for one, so that each can refuse by itself."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from django.contrib import messages as notices
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_http_methods
from django_htmx.http import trigger_client_event

from accounts.models import Account, User
from core.clock import now
from inbox import closing, labelling, teamwork
from inbox.errors import ContentRefused, NotAllowed, Refused, WroteMeanwhile
from inbox.models import Conversation, Label
from inbox.views.access import Request, conversations_of, number_in, person
from inbox.views.asked import ME, NOBODY, Asked
from inbox.views.conversations import Page, list_fragment
from inbox.views.filters import colleagues_of, labels_for
from inbox.views.snoozing import Snoozing
from inbox.views.work import label_called

MOST = 100
LABELS = 100
MENUS = ("assign", "label", "snooze")


@dataclass(frozen=True)
class Step:
    """One verb on one conversation.

    Args:
        id: public id of the conversation.
        value: what the verb is about: whom, which label, until when.
        heard: what the conversation had heard where it was selected; None where nobody says.
    """

    id: str
    act: str
    value: str = ""
    heard: int | None = None

    @classmethod
    def of(cls, picked: str, act: str, value: str) -> "Step":
        """Of what a row says that is selected: its id, and what it had heard."""
        id, _dot, heard = picked.partition(".")
        return cls(id, act, value, number_in(heard))

    @classmethod
    def written(cls, text: str) -> "Step":
        return cls.of(*[*text.split(" ", 2), "", ""][:3])

    def __str__(self) -> str:
        picked = self.id if self.heard is None else f"{self.id}.{self.heard}"
        return f"{picked} {self.act} {self.value}"


@dataclass(frozen=True)
class Outcome:
    """What became of one step.

    Args:
        back: the step that puts it back as it was; None where nothing was changed.
        refused: why not.
    """

    id: str
    name: str = ""
    back: Step | None = None
    refused: Refused | None = None


class Missing(Refused):
    """It is not there, or not there for this person."""

    code = "missing"


@require_http_methods(["GET", "HEAD", "POST"])
def selection(request: Request) -> HttpResponse:
    """To whom, what or until when, as a menu; or it is done."""
    return _do(request) if request.method == "POST" else _menu(request)


# Menus -----------------------------------------------------------------------------------------------------------
def _menu(request: Request) -> HttpResponse:
    menu = request.GET.get("menu", "")
    if menu not in MENUS:
        raise Http404
    return render(request, "inbox/_selection_menu.html", _choices(menu, person(request)))


def _is_undecided(request: Request) -> bool:
    """Whether it is to be chosen yet to whom, what or until when: without scripts no menu is fetched, so it comes as a page."""
    return not request.htmx and request.POST.get("act", "") in MENUS and not {"label", "until"} & request.POST.keys()


def _choices(menu: str, user: User) -> dict[str, Any]:
    context: dict[str, Any] = {"menu": menu}
    if menu == "assign":
        context["colleagues"] = colleagues_of(user).exclude(pk=user.pk)
    elif menu == "label":
        context["labels"] = labels_for(user)[:LABELS]
    else:
        # Of no conversation in particular: when a window ends is looked up for each of them.
        context["snoozing"] = Snoozing(Conversation(account=Account()), {}, now())
    return context


# Deeds -----------------------------------------------------------------------------------------------------------
def _do(request: Request) -> HttpResponse:
    try:
        steps = _steps(request)
    except Refused as refused:
        return _answer(request, [Outcome("", refused=refused)], "")
    if _is_undecided(request):
        context = _choices(request.POST["act"], person(request)) | {"picked": request.POST.getlist("ids"), "asked": Asked.beside(request)}
        return render(request, "inbox/selection.html", context)
    by, act = person(request), request.POST.get("act", "").partition(" ")[0]
    found = {each.public_id: each for each in conversations_of(by).filter(public_id__in=[step.id for step in steps])}
    return _answer(request, [_take(step, found.get(step.id), request.POST, by) for step in steps], act)


def _steps(request: HttpRequest) -> list[Step]:
    """What is to be done, each conversation once.

    Raises:
        ContentRefused: nothing, too much, or nothing that we know.
    """
    act = request.POST.get("act", "")
    written = [Step.written(text) for text in request.POST.getlist("back")]
    act, _space, value = act.partition(" ")
    value = value or request.POST.get("label", "") if act in ("label", "unlabel") else value
    steps = written if act == "back" else [Step.of(picked, act, value) for picked in request.POST.getlist("ids")]
    steps = list({step.id: step for step in steps}.values())
    if not steps:
        raise ContentRefused([_("Select conversations first.")])
    if len(steps) > MOST:
        raise ContentRefused([_("Up to %s conversations at once.") % MOST])
    if any(step.act not in VERBS for step in steps):
        raise ContentRefused([_("Choose what to do with them.")])
    return steps


def _take(step: Step, conversation: Conversation | None, typed: Mapping[str, str], by: User) -> Outcome:
    if conversation is None:
        return Outcome(step.id, refused=Missing(_("It is not here any more.")))
    try:
        return Outcome(step.id, str(conversation.contact), VERBS[step.act](conversation, step, typed, by))
    except Refused as refused:
        return Outcome(step.id, str(conversation.contact), refused=refused)


def _assign(conversation: Conversation, step: Step, typed: Mapping[str, str], by: User) -> Step | None:
    to = by if step.value == ME else User.objects.filter(public_id=step.value, is_agent=False).first()
    if to is None and step.value != NOBODY:
        raise ContentRefused([_("Choose somebody who may reply here.")])
    before = teamwork.assign(conversation, to, by=by)
    return Step(conversation.public_id, "assign", before.public_id if before else NOBODY) if before != to else None


def _label(conversation: Conversation, step: Step, typed: Mapping[str, str], by: User) -> Step | None:
    # Asked here as well: a label is made before the verb can refuse.
    if not getattr(conversation, "may_reply", False):
        raise NotAllowed
    label = label_called(step.value)
    return Step(conversation.public_id, "unlabel", label.public_id) if labelling.put_label(conversation, label, by=by) else None


def _unlabel(conversation: Conversation, step: Step, typed: Mapping[str, str], by: User) -> Step | None:
    label = Label.objects.filter(public_id=step.value).first()
    is_off = label is not None and labelling.take_label(conversation, label, by=by)
    return Step(conversation.public_id, "label", step.value) if is_off else None


def _close(conversation: Conversation, step: Step, typed: Mapping[str, str], by: User) -> Step | None:
    return _as_it_was(conversation) if closing.close(conversation, by=by, heard=step.heard) else None


def _reopen(conversation: Conversation, step: Step, typed: Mapping[str, str], by: User) -> Step | None:
    return _as_it_was(conversation) if closing.reopen(conversation, by=by) else None


def _snooze(conversation: Conversation, step: Step, typed: Mapping[str, str], by: User) -> Step | None:
    value = step.value
    # One of the moments that are offered, the one in the box, or the one until which it slept before.
    chosen = {"preset": value, "past_window": typed.get("past_window", "")} if value.isalpha() else {"until": value, "past_window": "on"}
    asked = Snoozing(conversation, chosen if value else typed, now())
    closing.snooze(conversation, until=asked.until, by=by, past_window=asked.may_pass, heard=step.heard)
    return _as_it_was(conversation)


def _wake(conversation: Conversation, step: Step, typed: Mapping[str, str], by: User) -> Step | None:
    return _as_it_was(conversation) if closing.wake_up(conversation, by=by) else None


def _as_it_was(conversation: Conversation) -> Step:
    """The step back to where the conversation stood when it was looked up: closed, put off, or open."""
    id, until = conversation.public_id, conversation.snoozed_until
    # With what it had heard, so that undoing puts nothing away that they said meanwhile.
    if conversation.closed_at:
        return Step(id, "close", heard=conversation.heard)
    return Step(id, "snooze", until.isoformat(), conversation.heard) if until and until > now() else Step(id, "open")


def _open(conversation: Conversation, step: Step, typed: Mapping[str, str], by: User) -> Step | None:
    return _reopen(conversation, step, typed, by) if conversation.closed_at else _wake(conversation, step, typed, by)


Verb = Callable[[Conversation, Step, Mapping[str, str], User], Step | None]
VERBS: dict[str, Verb] = {
    "assign": _assign, "label": _label, "unlabel": _unlabel, "close": _close, "reopen": _reopen, "snooze": _snooze, "wake": _wake, "open": _open,
}  # fmt: skip


# Answers ---------------------------------------------------------------------------------------------------------
def _answer(request: Request, outcomes: list[Outcome], act: str) -> HttpResponse:
    """How many were done and why others were not; what was done can be undone, and what was not stays selected."""
    words, refusals, status = _what_was_done(outcomes, act), _reasons(outcomes), _status(outcomes)
    if not request.htmx:
        return _plain_answer(request, " ".join(filter(None, [words, *refusals])), status)
    if act == "back":
        response = HttpResponse(status=status if status != 404 else 422)
    else:
        response = list_fragment(request, Page.asked_by(request))
        response.status_code = status
    steps = [str(outcome.back) for outcome in outcomes if outcome.back]
    back = {"back": {"address": reverse("inbox:selection"), "method": "POST", "values": {"act": "back", "back": steps}}} if steps else {}
    said = {"words": " ".join(filter(None, [words, *refusals])), "tone": "care" if refusals else "calm"} | back
    trigger_client_event(response, "announce", said)
    return trigger_client_event(response, "selection", {"keep": [outcome.id for outcome in outcomes if outcome.refused and outcome.id]})


def _plain_answer(request: Request, words: str, status: int) -> HttpResponse:
    if status == 404:
        raise Http404
    if status == 403:
        raise PermissionDenied(words)
    notices.info(request, words)
    return redirect(Asked.beside(request).address)


def _status(outcomes: list[Outcome]) -> int:
    """Where nothing could be done, why."""
    refusals = [outcome.refused for outcome in outcomes if outcome.refused]
    if len(refusals) < len(outcomes):
        return 200
    kinds = {type(refused) for refused in refusals}
    if kinds == {WroteMeanwhile}:
        return 409
    return 404 if kinds == {Missing} else 403 if kinds <= {NotAllowed, Missing} else 422


def _what_was_done(outcomes: list[Outcome], act: str) -> str:
    done = sum(1 for outcome in outcomes if outcome.back)
    if done:
        return _sentence(act, done) % done
    return "" if any(outcome.refused for outcome in outcomes) else _("They were so already.")


def _sentence(act: str, done: int) -> str:
    sentences = {
        "assign": ngettext("%s conversation assigned.", "%s conversations assigned.", done),
        "label": ngettext("%s conversation labelled.", "%s conversations labelled.", done),
        "close": ngettext("%s conversation closed.", "%s conversations closed.", done),
        "reopen": ngettext("%s conversation is open again.", "%s conversations are open again.", done),
        "snooze": ngettext("%s conversation snoozed.", "%s conversations snoozed.", done),
        "wake": ngettext("%s conversation is on the table again.", "%s conversations are on the table again.", done),
        "back": ngettext("%s conversation is as it was.", "%s conversations are as they were.", done),
    }
    return sentences.get(act, ngettext("%s conversation changed.", "%s conversations changed.", done))


def _reasons(outcomes: list[Outcome]) -> list[str]:
    """Each reason once, with the names it holds for."""
    writers = [outcome.name for outcome in outcomes if isinstance(outcome.refused, WroteMeanwhile)]
    names: dict[str, list[str]] = {}
    for outcome in outcomes:
        if outcome.refused and not isinstance(outcome.refused, WroteMeanwhile):
            names.setdefault(outcome.refused.sentence, []).append(outcome.name)
    others = [_reason(sentence, [name for name in whose if name]) for sentence, whose in names.items()]
    return [_have_written(writers), *others] if writers else others


def _have_written(names: list[str]) -> str:
    words = ngettext("%s has written meanwhile; it stays open.", "%s have written meanwhile; they stay open.", len(names))
    return words % _listed(names)


def _reason(sentence: str, names: list[str]) -> str:
    if not names:
        return sentence
    return _("Not %(who)s: %(why)s") % {"who": _listed(names), "why": sentence}


def _listed(names: list[str]) -> str:
    """The first two of them, and how many more."""
    shown, left = ", ".join(names[:2]), len(names) - 2
    return ngettext("%(shown)s and %(left)s other", "%(shown)s and %(left)s others", left) % {"shown": shown, "left": left} if left > 0 else shown
