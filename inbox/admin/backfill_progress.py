"""How far the reading back of an account's history is, in words and numbers that people can follow."""

import hashlib
from datetime import datetime

from django.contrib.humanize.templatetags.humanize import intcomma
from django.utils.formats import date_format
from django.utils.functional import cached_property
from django.utils.timezone import localdate, localtime
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from accounts.models import Account
from accounts.reasons import trouble_sentence
from inbox.models import Backfill

State = Backfill.State
TONES = {State.COUNTING: "care", State.READING: "care", State.DONE: "good", State.FAILED: "bad", State.CANCELLED: "quiet"}
BUSY = "every 2s"


class Progress:
    """What its page and its line in the list say."""

    def __init__(self, backfill: Backfill) -> None:
        self.backfill = backfill

    @property
    def tone(self) -> str:
        return TONES[State(self.backfill.state)]

    @cached_property
    def verdict(self) -> str:
        """What is going on, in a sentence."""
        match self.backfill.state:
            case State.DONE:
                return _("Everything that Meta opens has been read.")
            case State.CANCELLED:
                return _("It was stopped. What had been read stays.")
            case State.FAILED:
                return _("It was given up after several tries. What had been read stays.")
        if waits := self._waits:
            return waits
        return _("The conversations are being counted.") if self.backfill.state == State.COUNTING else _("The conversations are being read.")

    @cached_property
    def numbers(self) -> str:
        """ "1,240 of 5,000 conversations, 8,112 messages, back to 3 March." """
        backfill = self.backfill
        if backfill.state == State.COUNTING:
            return ngettext("%s conversation so far.", "%s conversations so far.", backfill.counted) % intcomma(backfill.counted)
        said = [self._conversations, ngettext("%s message", "%s messages", backfill.messages) % intcomma(backfill.messages)]
        if backfill.oldest_at:
            said.append(_("back to %s") % _day(backfill.oldest_at))
        return ", ".join(said) + "."

    @cached_property
    def notes(self) -> list[str]:
        """What else there is to know, a sentence each."""
        backfill, notes = self.backfill, []
        if backfill.trouble and backfill.state not in (State.DONE, State.CANCELLED):
            notes.append(_why(backfill.trouble))
        if backfill.state == State.FAILED:
            notes.append(_("It can be asked for again; what is known is not read twice."))
        if backfill.total is None and backfill.state == State.READING:
            notes.append(_("Meta does not let Countersign count this account's conversations, so nobody knows how many are left."))
        if backfill.left_out:
            number = backfill.left_out
            left_out = ngettext("%s conversation was left out: Meta does not open it.", "%s conversations were left out: Meta does not open them.", number)
            notes.append(left_out % intcomma(number))
        return notes

    @property
    def most(self) -> int | None:
        """Where the bar ends; None where nobody knows, and the bar only shows that something is going on."""
        backfill = self.backfill
        return max(backfill.total, backfill.conversations, 1) if backfill.total is not None and backfill.state != State.COUNTING else None

    @property
    def is_moving(self) -> bool:
        return self.backfill.finished_at is None

    @property
    def trigger(self) -> str:
        return BUSY

    @property
    def mark(self) -> str:
        """The same as long as the page would look the same."""
        shown = repr((str(self.backfill.state), self.verdict, self.numbers, self.notes, self.most))
        return hashlib.sha256(shown.encode()).hexdigest()[:16]

    @property
    def _conversations(self) -> str:
        read, total = self.backfill.conversations, self.backfill.total
        if total is None or self.backfill.state == State.DONE:
            return ngettext("%s conversation", "%s conversations", read) % intcomma(read)
        return ngettext("%(read)s of %(total)s conversation", "%(read)s of %(total)s conversations", total) % {"read": intcomma(read), "total": intcomma(total)}

    @property
    def _waits(self) -> str:
        account = self.backfill.account
        if account.state == Account.State.DISCONNECTED:
            return _("It waits: the account is disconnected. Connect it again, or stop this.")
        if account.state != Account.State.CONNECTED or not account.token:
            return _("It waits until the account is mended, and goes on by itself.")
        if self.backfill.trouble:
            return _("It waits, and goes on by itself at %s.") % date_format(localtime(self.backfill.not_before), "H:i")
        return ""


def _why(code: str) -> str:
    return _("Something of ours went wrong; the log says what.") if code == "broken" else trouble_sentence(code)


def _day(moment: datetime) -> str:
    local = localtime(moment)
    return date_format(local, _("j F") if local.year == localdate().year else _("j F Y"))
