"""What happened between the messages, in a line each."""

from collections.abc import Mapping
from typing import Any

from django.db.models import QuerySet
from django.utils.translation import gettext as _

from graph.apps import app_name
from graph.readers import mapping, words
from inbox.models import Conversation, Occurrence
from inbox.views.context import quoted, referral_sentences

OURSELVES = "Countersign"


def words_of(occurrence: Occurrence) -> str:
    """The line, or "" for what is told elsewhere or was taken back."""
    about = mapping(occurrence.about)
    match occurrence.kind:
        case Occurrence.Kind.REFERRAL | Occurrence.Kind.AD:
            return "" if about.get("mid") else " · ".join(referral_sentences(mapping(about.get("referral"))))
        case Occurrence.Kind.CONTROL:
            return _control(about)
        case Occurrence.Kind.REACTION:
            return "" if about.get("removed") else _("Reacted %s to an earlier message that is not stored here") % words(about.get("emoji"))
    return ""


def moves_of(conversation: Any) -> QuerySet[Occurrence]:
    """Who took a conversation (its key) over or was given it, newest first."""
    moves = Occurrence.objects.filter(conversation=conversation, kind=Occurrence.Kind.CONTROL).exclude(about__change="requested")
    return moves.order_by("-at", "-pk")


def holder_of(conversation: Conversation) -> str:
    """Who holds a thread that is held elsewhere: its name where it is an app of Meta's own, or "". `moved` may have come along."""
    newest = conversation.moved if hasattr(conversation, "moved") else moves_of(conversation.pk).values_list("about", flat=True).first()
    return app_name(newest.get("owner", "")) if newest and not newest.get("here") else ""


def _control(about: Mapping[str, Any]) -> str:
    change, owner, here = about.get("change"), words(about.get("owner")), bool(about.get("here"))
    who = OURSELVES if here and owner else _app(owner)
    sentence = {"taken": _("%s took this conversation over"), "requested": _("%s asks for this conversation")}.get(str(change))
    if change == "passed":
        return _with_note(_passed(about, owner, here), about)
    return _with_note(sentence % who, about) if sentence else ""


def _passed(about: Mapping[str, Any], owner: str, here: bool) -> str:
    before = words(about.get("previous"))
    if not owner:
        return _("%s let go of this conversation") % _app(before)
    if not here:
        return _("This conversation was passed to %s") % (app_name(owner) or _("another app"))
    return _("%(app)s handed this conversation to %(us)s") % {"app": _app(before), "us": OURSELVES} if before else _("Handed to %s") % OURSELVES


def _app(app_id: str) -> str:
    return app_name(app_id) or _("Another app")


def _with_note(sentence: str, about: Mapping[str, Any]) -> str:
    note = words(about.get("note"))
    return f"{sentence}: {quoted(note)}" if note else sentence
