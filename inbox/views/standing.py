"""What became of an outgoing message, in words, and what a person can do about it."""

from dataclasses import dataclass
from datetime import datetime

from django.utils.translation import gettext as _

from inbox.models import Conversation, Dispatch, Message
from inbox.outcomes import sentence_for
from inbox.templatetags.times import when
from inbox.views.waiting import Around, why_waiting

State = Dispatch.State


@dataclass(frozen=True)
class Standing:
    """How one message stands.

    Args:
        tone: "calm", "waiting", "care", "bad", or "gone" for what never left.
        words: two or three words beside the time.
        sentence: why, where there is something to explain.
        leaves_at: until when it can still be taken back, where it is held.
        actions: nouns of what may be done: "hold", "hasten", "retry", "settlement".
        dispatch: the row it is about.
    """

    tone: str
    words: str
    sentence: str = ""
    leaves_at: datetime | None = None
    actions: tuple[str, ...] = ()
    dispatch: Dispatch | None = None

    @property
    def leaves_ms(self) -> int | None:
        return int(self.leaves_at.timestamp() * 1000) if self.leaves_at else None

    @property
    def evidence(self) -> str:
        """What is known about a message of which Meta did not say whether it arrived."""
        dispatch = self.dispatch
        if dispatch is None or dispatch.thread_read_at is None:
            return _("Countersign is reading the conversation at Meta to find out.")
        if not dispatch.thread_matches:
            return _("The conversation at Meta was read at %s, and no message like this was in it.") % when(dispatch.thread_read_at)
        return _("The conversation at Meta was read at %(when)s. Messages in it that look like this one: %(number)s.") % {
            "when": when(dispatch.thread_read_at), "number": dispatch.thread_matches,
        }  # fmt: skip


def standing_of(message: Message, conversation: Conversation, around: Around, at: datetime) -> Standing | None:
    """How this outgoing message stands; None where there is nothing to say of it."""
    if message.removed_at:
        return None
    dispatch: Dispatch | None = getattr(message, "dispatch", None)
    if dispatch is None:
        return Standing("calm", _receipt(message, conversation))
    if dispatch.state == State.QUEUED:
        return _queued(dispatch, conversation, around, at)
    return _moved(message, dispatch, conversation)


def _receipt(message: Message, conversation: Conversation) -> str:
    if conversation.was_read(message):
        return _("Read")
    if conversation.was_delivered(message):
        return _("Delivered")
    return _("Sent")


def _queued(dispatch: Dispatch, conversation: Conversation, around: Around, at: datetime) -> Standing:
    if why := why_waiting(dispatch, conversation, around, at):
        return Standing("care", _("Waiting"), why, actions=("hold",), dispatch=dispatch)
    if dispatch.reason:
        # Meta or the network set that time, so nobody is offered to hasten it.
        later = _("Next try at %s.") % when(dispatch.not_before)
        return Standing("care", _("Waiting"), f"{sentence_for(dispatch)} {later}", actions=("hold",), dispatch=dispatch)
    if dispatch.not_before > at:
        left = max(1, round((dispatch.not_before - at).total_seconds()))
        return Standing("waiting", _("Leaves in %s s") % left, leaves_at=dispatch.not_before, actions=("hold", "hasten"), dispatch=dispatch)
    return Standing("waiting", _("Leaving now"), dispatch=dispatch, actions=("hold",))


def _moved(message: Message, dispatch: Dispatch, conversation: Conversation) -> Standing:
    why = sentence_for(dispatch)
    match dispatch.state:
        case State.SENDING:
            return Standing("waiting", _("Sending"), dispatch=dispatch)
        case State.UNKNOWN:
            return Standing("care", _("Not known whether it arrived"), why, actions=("settlement",), dispatch=dispatch)
        case State.FAILED:
            return Standing("bad", _("Not sent"), why or _("Meta did not take it."), actions=("retry",), dispatch=dispatch)
        case State.CANCELLED:
            return Standing("gone", _("Not sent"), why, dispatch=dispatch)
    return Standing("calm", _receipt(message, conversation), dispatch=dispatch)
