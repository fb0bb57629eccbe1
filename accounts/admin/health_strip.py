"""The last thirty days of one account, as a strip of bars and in words."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from itertools import groupby

from django.db.models import Max
from django.db.models.functions import TruncDate
from django.utils.formats import date_format
from django.utils.timezone import get_current_timezone, localdate
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from accounts.models import Account, AccountCheck

DAYS = 30
Verdict = AccountCheck.Verdict
WORST_FIRST = (Verdict.BAD, Verdict.CARE, Verdict.UNKNOWN, Verdict.WELL)
TONES = {Verdict.BAD: "bad", Verdict.CARE: "care", Verdict.UNKNOWN: "quiet", Verdict.WELL: "good"}
# How tall each verdict stands, so that trouble is seen without colours too.
HEIGHTS = {Verdict.BAD: 24, Verdict.CARE: 15, Verdict.UNKNOWN: 3, Verdict.WELL: 7}
NOTHING = 1
STEP, BAR, HEIGHT = 8, 6, 24


@dataclass(frozen=True)
class Day:
    """The worst that was seen on one day.

    Args:
        verdict: "" where nobody looked.
        causes: which lines of the checklist it was.
    """

    date: date
    verdict: str = ""
    causes: tuple[str, ...] = ()

    @property
    def words(self) -> str:
        return _("not looked at") if not self.verdict else str(Verdict(self.verdict).label)


@dataclass(frozen=True)
class Bar:
    """One day as it is drawn."""

    x: int
    y: int
    height: int
    tone: str
    title: str


@dataclass(frozen=True)
class Stretch:
    """Days in a row that were alike."""

    first: date
    last: date
    words: str
    causes: str
    tone: str


@dataclass(frozen=True)
class Strip:
    """The days of one account, oldest first."""

    days: Sequence[Day]

    @property
    def width(self) -> int:
        return STEP * len(self.days)

    @property
    def height(self) -> int:
        return HEIGHT

    @property
    def bar(self) -> int:
        return BAR

    @property
    def bars(self) -> list[Bar]:
        return [_bar(position, day) for position, day in enumerate(self.days)]

    @property
    def stretches(self) -> list[Stretch]:
        """The same in words, newest first."""
        alike = (list(days) for _key, days in groupby(self.days, key=lambda day: (day.verdict, day.causes)))
        return [Stretch(days[0].date, days[-1].date, days[0].words, ", ".join(days[0].causes), _tone(days[0])) for days in alike][::-1]

    @property
    def summary(self) -> str:
        """How many days were how, worst first."""
        counted = [(verdict, sum(day.verdict == verdict for day in self.days)) for verdict in (*WORST_FIRST, "")]
        return ", ".join(_("%(days)s %(how)s") % {"days": _number(number), "how": Day(date.min, verdict).words} for verdict, number in counted if number)


def strips(accounts: Iterable[Account], labels: Mapping[str, str]) -> dict[int, Strip]:
    """By account, in two queries however many there are: the worst verdict of each day, and what it was about.

    Args:
        labels: what the lines of the checklist are called.
    """
    first = localdate() - timedelta(days=DAYS - 1)
    pks = [account.pk for account in accounts]
    seen = _worst_by_day(pks, first)
    causes = _causes([check for days in seen.values() for verdict, check in days.values() if verdict in (Verdict.BAD, Verdict.CARE)], labels)
    return {pk: Strip([_day(first + timedelta(days=passed), seen[pk], causes) for passed in range(DAYS)]) for pk in pks}


def _worst_by_day(accounts: Sequence[int], first: date) -> dict[int, dict[date, tuple[str, int]]]:
    """By account and day, in the reader's own time zone: the worst verdict, and the key of the newest check that gave it."""
    since = datetime.combine(first, time.min, get_current_timezone())
    rows = AccountCheck.objects.since(since).filter(account__in=accounts).order_by().annotate(day=TruncDate("at"))
    found: dict[int, dict[date, tuple[str, int]]] = defaultdict(dict)
    for account, day, verdict, newest in rows.values_list("account", "day", "verdict").annotate(newest=Max("pk")):
        known = found[account].get(day)
        if known is None or WORST_FIRST.index(Verdict(verdict)) < WORST_FIRST.index(Verdict(known[0])):
            found[account][day] = (verdict, newest)
    return found


def _causes(checks: Sequence[int], labels: Mapping[str, str]) -> dict[int, tuple[str, ...]]:
    """By check: the lines that were as bad as its verdict."""
    rows = AccountCheck.objects.filter(pk__in=checks).values_list("pk", "verdict", "findings")
    return {pk: tuple(label for name, label in labels.items() if findings.get("lines", {}).get(name) == verdict) for pk, verdict, findings in rows}


def _day(day: date, seen: Mapping[date, tuple[str, int]], causes: Mapping[int, tuple[str, ...]]) -> Day:
    verdict, check = seen.get(day, ("", 0))
    return Day(day, verdict, causes.get(check, ()))


def _tone(day: Day) -> str:
    return TONES[Verdict(day.verdict)] if day.verdict else "none"


def _bar(position: int, day: Day) -> Bar:
    height = HEIGHTS[Verdict(day.verdict)] if day.verdict else NOTHING
    title = f"{date_format(day.date, _('j F'))}: {day.words}"
    causes = f" ({', '.join(day.causes)})" if day.causes else ""
    return Bar(position * STEP, HEIGHT - height, height, _tone(day), title + causes)


def _number(days: int) -> str:
    return ngettext("%d day", "%d days", days) % days
