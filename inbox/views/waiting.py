"""Why a message stays in the outbox, in a sentence: what `inbox.claiming` asks the database, told of what is on the page."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from django.utils.translation import gettext as _

from accounts.models import Account, Stop
from accounts.reasons import next_try_sentence
from inbox.models import Conversation, Dispatch
from inbox.models.conversation_queries import LONG_AGO
from inbox.models.dispatch import UNKNOWN_HOLDS_FOR
from inbox.templatetags.times import when

State = Dispatch.State


@dataclass(frozen=True)
class Around:
    """What may stand in the way of a message.

    Args:
        stops: in force here, of the agents whose messages wait.
        dispatches: of the same conversation and not at an end.
    """

    stops: Sequence[Stop] = ()
    dispatches: Sequence[Dispatch] = ()

    def is_stopped(self, dispatch: Dispatch) -> bool:
        return dispatch.message.is_by_agent and any(stop.agent_id in (None, dispatch.message.written_by_id) for stop in self.stops)

    def before(self, dispatch: Dispatch, at: datetime) -> list[Dispatch]:
        """What has to be out of the way first."""
        return [other for other in self.dispatches if other.pk != dispatch.pk and self._goes_first(other, dispatch, at)]

    def _goes_first(self, other: Dispatch, dispatch: Dispatch, at: datetime) -> bool:
        if other.state == State.UNKNOWN:
            return other.unknown_since is not None and other.unknown_since > at - UNKNOWN_HOLDS_FOR
        if other.state == State.QUEUED:
            return not self.is_stopped(other) and _turn(other) < _turn(dispatch)
        return other.state == State.SENDING


def _turn(dispatch: Dispatch) -> tuple[datetime, int]:
    """Its place in the order of a conversation: what was tried stands before what was not."""
    return LONG_AGO if dispatch.attempts_made else dispatch.not_before, dispatch.pk


def why_waiting(dispatch: Dispatch, conversation: Conversation, around: Around, at: datetime) -> str:
    """Why it waits for more than its time, or ""."""
    if why := why_nothing_leaves(conversation, at):
        return why
    if around.is_stopped(dispatch):
        return _("Agents are stopped here. It leaves when the stop is lifted.")
    return _because_of_earlier(dispatch, around, at)


def why_nothing_leaves(conversation: Conversation, at: datetime) -> str:
    """What the account of the conversation lacks, or "". `lacks_token` comes with the conversation, so that the token itself stays in the database."""
    account = conversation.account
    if account.state == Account.State.DISCONNECTED:
        return _("%s is disconnected. It cannot leave unless an admin connects the account again.") % account
    if account.state == Account.State.NEEDS_RECONNECT:
        return _("It leaves as soon as an admin has reconnected %s.") % account
    if account.state == Account.State.RESTRICTED:
        return f"{_('Meta restricts %s for now. It leaves as soon as that is over.') % account} {next_try_sentence(account, at)}".rstrip()
    if getattr(conversation, "lacks_token", False):
        return _("%s has no access token. It leaves as soon as an admin has stored one.") % account
    if account.is_held(at):
        until = _("It leaves after %s.") % when(account.pauses_end_at(at)) if account.held_until else _("It leaves as soon as somebody resumes it.")
        return _("Sending from %(account)s is paused: “%(reason)s”.") % {"account": account, "reason": account.held_reason} + " " + until
    if account.paused_until and account.is_paused(at):
        return _("Meta asked for a slower pace. It leaves after %s.") % when(account.paused_until)
    return ""


def _because_of_earlier(dispatch: Dispatch, around: Around, at: datetime) -> str:
    before = around.before(dispatch, at)
    if any(other.state == State.UNKNOWN for other in before):
        return _("Nobody knows yet whether the message before it arrived. It waits a minute for that, so that the order is kept.")
    # While it is held anyway, only what is being tried again may take longer than that.
    if any(dispatch.not_before <= at or (other.state == State.QUEUED and other.attempts_made) for other in before):
        return _("It leaves after the message before it.")
    return ""
