"""What is known about a message of which Meta did not say whether it arrived, in sentences."""

from dataclasses import dataclass
from datetime import datetime
from operator import attrgetter

from django.utils.formats import date_format
from django.utils.timezone import localtime
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from accounts.models.account import READABLE
from accounts.reasons import trouble_sentence
from inbox.models import Attempt, Conversation, Dispatch
from inbox.models.dispatch import NO_WORD
from inbox.outcomes import doubt_sentence
from inbox.templatetags.times import when

Outcome = Attempt.Outcome


@dataclass(frozen=True)
class Finding:
    """What Countersign has done to find out, and what came of it.

    Args:
        at: the moment that is shown.
    """

    dispatch: Dispatch
    conversation: Conversation
    at: datetime

    @property
    def sentences(self) -> list[str]:
        return [*self._calls, self._readings, *self._obstacles, *self._until]

    @property
    def _calls(self) -> list[str]:
        """Every call of which nobody knows the end, and the last one: when, how long it took, how it ended."""
        made = [call for call in self.dispatch.attempts.all() if call.step == Attempt.Step.SEND and call.error != "Stalled"]
        made.sort(key=attrgetter("number"))
        return [*(_earlier(call) for call in made[:-1] if call.outcome == Outcome.UNKNOWN), *(_last(call) for call in made[-1:])]

    @property
    def _readings(self) -> str:
        dispatch = self.dispatch
        if not dispatch.thread_read_at:
            return _("The conversation at Meta has not been read yet.")
        values = {"number": dispatch.looks, "when": _by_the_second(dispatch.thread_read_at)}
        read = ngettext(
            "The conversation at Meta was read at %(when)s.", "The conversation at Meta was read %(number)s times, last at %(when)s.", dispatch.looks
        )
        return f"{read % values} {self._found}"

    @property
    def _found(self) -> str:
        if number := self.dispatch.thread_matches:
            return _("Messages in it that look like this one: %s.") % number
        return doubt_sentence(self.dispatch.thread_doubt) or _("No message like this was in it.")

    @property
    def _obstacles(self) -> list[str]:
        """Why it cannot be read now."""
        account, trouble = self.conversation.account, self.dispatch.thread_trouble
        if account.state not in READABLE:
            return [_("It can be read again once %s is connected.") % account]
        if trouble:
            return [_("When it was to be read last, it could not be: %s") % trouble_sentence(trouble)]
        return []

    @property
    def _until(self) -> list[str]:
        asks_at = self.dispatch.asks_at
        if asks_at is None or asks_at <= self.at:
            return []
        return [_("Until %s Meta may still deliver it or tell of it, so Countersign goes on looking.") % _by_the_second(asks_at)]


def _earlier(call: Attempt) -> str:
    if call.duration_ms is None:
        return _("An earlier call to Meta began at %(when)s; %(end)s.") % _values(call)
    return _("An earlier call to Meta began at %(when)s and took %(seconds)s s; %(end)s.") % _values(call)


def _last(call: Attempt) -> str:
    if call.duration_ms is None:
        return _("The last call to Meta began at %(when)s; %(end)s.") % _values(call)
    return _("The last call to Meta began at %(when)s and took %(seconds)s s; %(end)s.") % _values(call)


def _values(call: Attempt) -> dict[str, str]:
    return {"when": _by_the_second(call.started_at), "seconds": f"{(call.duration_ms or 0) / 1000:.1f}", "end": _end_of(call)}


def _end_of(call: Attempt) -> str:
    if call.outcome == Outcome.REFUSED:
        return _("Meta refused it")
    if not call.error:
        return _("Countersign stopped before it heard the end")
    if call.error == "NotSent":
        return _("Meta could not be reached")
    if call.outcome == Outcome.NOT_SENT and call.error not in NO_WORD:
        return _("Meta did not take it (HTTP %s)") % call.status
    if call.status:
        return _("the answer does not say whether Meta took it (HTTP %s)") % call.status
    return _("there was no answer")


def _by_the_second(moment: datetime) -> str:
    """ "10:14:03" today, "12 Mar, 10:14" before."""
    local = localtime(moment)
    return date_format(local, "H:i:s") if local.date() == localtime().date() else when(moment)
