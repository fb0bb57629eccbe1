"""What became of an outgoing message, in words, and what a person can do about it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from django.utils.translation import gettext as _

from accounts.models import Account, Stop
from inbox.models import Conversation, Dispatch, Message
from inbox.outcomes import sentence_for
from inbox.templatetags.windows import when

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


def standing_of(message: Message, conversation: Conversation, stops: Sequence[Stop], at: datetime) -> Standing | None:
    """How this outgoing message stands; None where there is nothing to say of it."""
    if message.removed_at:
        return None
    dispatch: Dispatch | None = getattr(message, "dispatch", None)
    if dispatch is None:
        return Standing("calm", _receipt(message, conversation))
    if dispatch.state == State.QUEUED:
        return _queued(dispatch, conversation, stops, at)
    return _moved(message, dispatch, conversation)


def _receipt(message: Message, conversation: Conversation) -> str:
    if conversation.was_read(message):
        return _("Read")
    if conversation.was_delivered(message):
        return _("Delivered")
    return _("Sent")


def _queued(dispatch: Dispatch, conversation: Conversation, stops: Sequence[Stop], at: datetime) -> Standing:
    if why := _held_back(dispatch, conversation, stops, at):
        return Standing("care", _("Waiting"), why, actions=("hold",), dispatch=dispatch)
    if dispatch.reason:
        later = _("Next try at %s.") % when(dispatch.not_before)
        return Standing("care", _("Waiting"), f"{sentence_for(dispatch)} {later}", actions=("hold", "hasten"), dispatch=dispatch)
    if dispatch.not_before > at:
        left = max(1, round((dispatch.not_before - at).total_seconds()))
        return Standing("waiting", _("Leaves in %s s") % left, leaves_at=dispatch.not_before, actions=("hold", "hasten"), dispatch=dispatch)
    return Standing("waiting", _("Leaving now"), dispatch=dispatch, actions=("hold",))


def _held_back(dispatch: Dispatch, conversation: Conversation, stops: Sequence[Stop], at: datetime) -> str:
    """Why it waits for more than its turn, or ""."""
    account = conversation.account
    if account.state == Account.State.NEEDS_RECONNECT:
        return _("It leaves as soon as an admin has reconnected %s.") % account
    if account.state == Account.State.RESTRICTED:
        return _("Meta restricts %s for now. It leaves as soon as that is over.") % account
    if dispatch.checks_newest and any(stop.agent_id in (None, dispatch.message.written_by_id) for stop in stops):
        return _("Agents are stopped here. It leaves when the stop is lifted.")
    if account.paused_until and account.paused_until > at:
        return _("Meta asked for a slower pace. It leaves after %s.") % when(account.paused_until)
    return ""


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
