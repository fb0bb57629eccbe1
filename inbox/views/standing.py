"""What became of an outgoing message, in words, and what a person can do about it."""

from dataclasses import dataclass
from datetime import datetime

from django.utils.translation import gettext as _

from inbox.models import Conversation, Dispatch, Message
from inbox.outcomes import sentence_for
from inbox.templatetags.times import moment_ahead, when
from inbox.views.finding import Finding
from inbox.views.later import Box, in_box
from inbox.views.waiting import Around, why_nothing_leaves, why_waiting
from inbox.views.way_on import way_on
from inbox.window import WindowState

State = Dispatch.State


@dataclass(frozen=True)
class Standing:
    """How one message stands.

    Args:
        tone: "calm", "waiting", "care", "bad", or "gone" for what never left.
        words: two or three words beside the time.
        sentence: why, where there is something to explain.
        leaves_at: until when it can still be taken back, where it is held.
        actions: nouns of what may be done: "hold", "hasten", "schedule", "cancel", "words", "retry", "arrived", "again".
        dispatch: the row it is about.
        box: where another moment is chosen for it.
        evidence: what is known of one of which Meta did not say whether it arrived.
        asks_at: when a person will be asked about it, while that is ahead.
    """

    tone: str
    words: str
    sentence: str = ""
    leaves_at: datetime | None = None
    actions: tuple[str, ...] = ()
    dispatch: Dispatch | None = None
    box: Box | None = None
    evidence: tuple[str, ...] = ()
    asks_at: datetime | None = None

    @property
    def leaves_ms(self) -> int | None:
        return int(self.leaves_at.timestamp() * 1000) if self.leaves_at else None

    @property
    def asks_ms(self) -> int | None:
        """When a person will be asked what became of it, while that is ahead."""
        return int(self.asks_at.timestamp() * 1000) if self.asks_at else None


def standing_of(message: Message, conversation: Conversation, around: Around, at: datetime) -> Standing | None:
    """How this outgoing message stands; None where there is nothing to say of it."""
    if message.removed_at:
        return None
    dispatch: Dispatch | None = getattr(message, "dispatch", None)
    if dispatch is None:
        return Standing("calm", _receipt(message, conversation))
    if dispatch.state == State.QUEUED:
        return _queued(dispatch, conversation, around, at)
    return _moved(message, dispatch, conversation, at)


def _receipt(message: Message, conversation: Conversation) -> str:
    if conversation.was_read(message):
        return _("Read")
    if conversation.was_delivered(message):
        return _("Delivered")
    return _("Sent")


def is_given_back(dispatch: Dispatch) -> bool:
    """Whether a person's own words did not leave, and may be written again."""
    return dispatch.state == State.CANCELLED and not dispatch.message.is_by_agent and dispatch.message.removed_at is None


def _scheduled(dispatch: Dispatch, conversation: Conversation, at: datetime) -> Standing:
    """What waits for its moment, and what speaks against its leaving then, as far as that is known now."""
    tone, sentences = "waiting", [_("Leaves %s.") % moment_ahead(dispatch.not_before)]
    if why := _why_not_then(dispatch, conversation, at):
        tone, sentences = "care", [why]
    elif dispatch.checks_newest:
        sentences.append(_("If they write before, it stays here."))
    if obstacle := why_nothing_leaves(conversation, dispatch.not_before):
        tone, sentences = "care", [*sentences, obstacle]
    box = Box.of(conversation.window, at, value=in_box(dispatch.not_before))
    # While nothing may leave, there is no earlier time and no later one to choose.
    actions = ("cancel",) if conversation.window.state(at) == WindowState.CLOSED else ("schedule", "hasten", "cancel")
    return Standing(tone, _("Scheduled"), " ".join(sentences), actions=actions, dispatch=dispatch, box=box)


def _why_not_then(dispatch: Dispatch, conversation: Conversation, at: datetime) -> str:
    """Why it will not leave as things stand, or what is not certain, or ""."""
    values = {"moment": moment_ahead(dispatch.not_before)}
    if conversation.window.state(at) == WindowState.CLOSED:
        closed = _("It was to leave %(moment)s, but Meta's messaging window is closed.") % values
        return f"{closed} {way_on(conversation, at)['text']}"
    if dispatch.checks_newest and dispatch.expects_heard != conversation.heard:
        return _("They have written since, so this does not leave by itself. Send it now, choose another time, or cancel it.")
    match conversation.window.state(dispatch.not_before):
        case WindowState.CLOSED:
            return _("It was to leave %(moment)s, but Meta's window will be closed by then. Send it now, or choose an earlier time.") % values
        case WindowState.UNKNOWN | WindowState.PERHAPS:
            return _("Leaves %(moment)s. Nobody knows whether Meta's window is open then; Meta decides.") % values
    return ""


def _queued(dispatch: Dispatch, conversation: Conversation, around: Around, at: datetime) -> Standing:
    if dispatch.is_scheduled and dispatch.not_before > at:
        return _scheduled(dispatch, conversation, at)
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


def _moved(message: Message, dispatch: Dispatch, conversation: Conversation, at: datetime) -> Standing:
    why = sentence_for(dispatch)
    match dispatch.state:
        case State.SENDING:
            return Standing("waiting", _("Sending"), dispatch=dispatch)
        case State.UNKNOWN:
            return _unknown(dispatch, conversation, why, at)
        case State.FAILED:
            evidence = tuple(Finding(dispatch, conversation, at).sentences) if dispatch.reason == "not_there" else ()
            return Standing("bad", _("Not sent"), why or _("Meta did not take it."), actions=("retry",), dispatch=dispatch, evidence=evidence)
        case State.CANCELLED:
            return Standing("gone", _("Not sent"), why, actions=("words",) if is_given_back(dispatch) else (), dispatch=dispatch)
    return Standing("calm", _receipt(message, conversation), dispatch=dispatch)


def _unknown(dispatch: Dispatch, conversation: Conversation, why: str, at: datetime) -> Standing:
    """Countersign finds out by itself as far as that can be done; then a person is asked."""
    evidence = tuple(Finding(dispatch, conversation, at).sentences)
    if dispatch.asks(at):
        return Standing("care", _("Not known whether it arrived"), why, actions=("arrived", "again"), dispatch=dispatch, evidence=evidence)
    words = f"{why} {_('Countersign is finding out.')}"
    return Standing("waiting", _("Finding out whether it arrived"), words, actions=("arrived",), dispatch=dispatch, evidence=evidence, asks_at=dispatch.asks_at)
