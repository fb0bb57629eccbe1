"""The part of the page on what comes in that keeps itself fresh: the answer, the numbers, and how far a repetition is."""

import hashlib
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db.models import QuerySet
from django.http import HttpRequest
from django.urls import reverse
from django.utils.functional import cached_property
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from accounts.admin.permissions import managed_accounts
from accounts.models import User
from inbox import incoming
from inbox.admin.replaying import since_of
from inbox.models import KeptEvent, RefusedDelivery
from inbox.replaying import COUNTED, Progress, progress

# Longer than any batch takes: whoever finds this looks for a worker that does not run.
TOO_LONG = timedelta(minutes=2)
BUSY, IDLE = "every 2s", "every 15s"
LONGEST_SEARCH = 200

Reason = RefusedDelivery.Reason


@dataclass(frozen=True)
class Figure:
    """One number, what it counts, and what there is to say about it."""

    name: str
    number: str
    note: str = ""
    tone: str = ""
    href: str = ""


@dataclass(frozen=True)
class Verdict:
    """The answer, in a sentence."""

    sentence: str
    tone: str


@dataclass(frozen=True)
class Asked:
    """What the address asks for.

    Args:
        account: public id of the only account to show, or "".
        text: what to look for in bodies.
        again, since: how many deliveries are being applied again, and since when.
    """

    account: str = ""
    text: str = ""
    again: int = 0
    since: datetime | None = None

    @classmethod
    def by(cls, request: HttpRequest) -> "Asked":
        asked = request.GET
        again = asked.get("again", "")
        number = int(again) if again.isascii() and again.isdigit() and len(again) < 8 else 0
        return cls(asked.get("account", "")[:16], asked.get("q", "").strip()[:LONGEST_SEARCH], number, since_of(asked.get("since", "")))


class Now:
    """The part of the page that keeps itself fresh: the answer, the numbers, and how far a repetition is."""

    def __init__(self, user: User, asked: Asked, at: datetime) -> None:
        self.asked, self.at, self.sees_all = asked, at, user.is_superuser
        self.managed = managed_accounts(user)
        self.accounts = self.managed.filter(public_id=asked.account) if asked.account else self.managed

    @cached_property
    def verdict(self) -> Verdict:
        if not self.sees_all:
            return self._verdict_for_managers()
        if self._failed:
            text = ngettext("%d delivery could not be applied.", "%d deliveries could not be applied.", self._failed) % self._failed
            return Verdict(text, "bad")
        if self._is_stuck:
            return Verdict(_("What Meta delivers is stored and not applied: the worker does not keep up, or does not run."), "bad")
        if any(row["day"] for row in self.refusals if row["reason"] == Reason.NOT_JSON):
            return Verdict(_("Meta signed something today that nobody can read."), "bad")
        if not self._week.number:
            return Verdict(_("Nothing has come in for a week."), "care")
        return Verdict(_("Everything that Meta delivered has been applied."), "good")

    def _verdict_for_managers(self) -> Verdict:
        newest = max((account.webhook_at for account in self.accounts.defer("token") if account.webhook_at), default=None)
        if newest is None:
            return Verdict(_("Meta has delivered nothing for your accounts yet."), "care")
        return Verdict(_("Meta delivers for your accounts."), "good")

    @cached_property
    def figures(self) -> list[Figure]:
        return [*(self._deliveries if self.sees_all else ()), *self._events]

    @cached_property
    def progress(self) -> Progress | None:
        """How far what somebody wanted again is; None where nobody did."""
        if not self.sees_all:
            return None
        found = progress(since=self.asked.since or self.at)
        return found if found.left or self.asked.again else None

    @property
    def is_moving(self) -> bool:
        return bool(self.sees_all and (self._backlog.number or (self.progress and self.progress.left)))

    @property
    def trigger(self) -> str:
        return BUSY if self.is_moving else IDLE

    @property
    def done(self) -> int:
        """Of those that are applied again, how many are."""
        return max(0, self.asked.again - self.progress.left) if self.progress else 0

    @property
    def mark(self) -> str:
        """The same as long as the page would look the same."""
        shown = repr((self.verdict, self.figures, self.progress))
        return hashlib.sha256(shown.encode()).hexdigest()[:16]

    # Numbers ------------------------------------------------------------------------------------------------------
    @cached_property
    def refusals(self) -> list[dict[str, Any]]:
        return incoming.refusals(self.at)

    @cached_property
    def kept_events(self) -> QuerySet[KeptEvent]:
        """Those of the accounts that are shown; whoever sees everything also sees those of accounts that are not connected."""
        rows = KeptEvent.objects.all()
        return rows if self.sees_all and not self.asked.account else rows.filter(account__in=self.accounts)

    @cached_property
    def _backlog(self) -> incoming.Backlog:
        return incoming.backlog()

    @cached_property
    def _week(self) -> incoming.Arrivals:
        return incoming.arrivals(since=self.at - incoming.WEEK)

    @cached_property
    def _failed(self) -> int:
        return incoming.failed()[:COUNTED].count()

    @property
    def _is_stuck(self) -> bool:
        return self._backlog.oldest_at is not None and self.at - self._backlog.oldest_at > TOO_LONG

    @property
    def _deliveries(self) -> Sequence[Figure]:
        day, week = incoming.arrivals(since=self.at - incoming.DAY), self._week
        deliveries = reverse("admin:inbox_webhookdelivery_changelist")
        refused = sum(row["day"] for row in self.refusals)
        return (
            Figure(_("Delivered in 24 hours"), _plain(day), _("%s in 7 days") % _plain(week), href=deliveries),
            Figure(_("Wait to be applied"), str(self._backlog.number), self._oldest, "bad" if self._is_stuck else "", deliveries + "?state__exact=received"),
            Figure(_("Could not be applied"), str(self._failed), _("of all that is kept"), "bad" if self._failed else "", "#failed"),
            Figure(_("Turned away in 24 hours"), str(refused), _("%d in 7 days") % sum(row["week"] for row in self.refusals), href="#refused"),
            Figure(_("Words taken out"), str(incoming.redacted(since=self.at - incoming.WEEK)), _("bodies in 7 days, after unsends and deletions")),
        )

    @property
    def _oldest(self) -> str:
        if oldest := self._backlog.oldest_at:
            return _("the oldest for %s") % _length(self.at - oldest)
        return _("only what is applied again") if self._backlog.number else _("nothing waits")

    @property
    def _events(self) -> Sequence[Figure]:
        waiting = incoming.waiting(self.kept_events)[:COUNTED].count()
        waits = Figure(_("Events that wait"), str(waiting), _("for something that has not come yet"), "", "#waiting")
        return (waits,) if self.sees_all else (waits, self._copies)

    @property
    def _copies(self) -> Figure:
        """Of what contacts sent."""
        states = sum(incoming.copies(self.accounts).values(), Counter[str]())
        lost = _("%d could not be saved") % (states["gone"] + states["failed"])
        return Figure(_("Copies of media"), str(states["ready"]), lost)


def _plain(arrivals: incoming.Arrivals) -> str:
    return str(arrivals.number) if arrivals.is_complete else _("more than %d") % arrivals.number


def _length(passed: timedelta) -> str:
    """How long, in the largest unit that fits."""
    minutes = int(passed.total_seconds() // 60)
    if minutes < 1:
        return _("less than a minute")
    if minutes < 60:
        return ngettext("%d minute", "%d minutes", minutes) % minutes
    hours = minutes // 60
    if hours < 48:
        return ngettext("%d hour", "%d hours", hours) % hours
    return ngettext("%d day", "%d days", hours // 24) % (hours // 24)
