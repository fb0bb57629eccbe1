"""Until when a conversation may sleep: the moments that are offered, and the one that was chosen. Times of the day are those of the person's own zone."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.utils.dateparse import parse_datetime
from django.utils.functional import cached_property
from django.utils.text import capfirst
from django.utils.timezone import get_current_timezone_name, localtime
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from inbox.closing import LONGEST_SNOOZE
from inbox.errors import MomentRefused
from inbox.models import Conversation
from inbox.schedule import A_MINUTE
from inbox.templatetags.times import moment_ahead, when
from inbox.views.later import BOX, EVENING, MORNING, Box, in_box, moment_of

HOURS = {"hour": 1, "hours": 3}
BEFORE_THE_END = timedelta(hours=1)


@dataclass(frozen=True)
class Sleep:
    """One moment to choose.

    Args:
        value: what the form says of it.
        is_past_window: whether Meta's window ends before.
    """

    value: str
    words: str
    until: datetime
    is_past_window: bool


@dataclass(frozen=True)
class Snoozing:
    """The choice of a moment.

    Args:
        typed: what stands in the form: `preset`, `until` and `past_window`.
        at: the present moment.
    """

    conversation: Conversation
    typed: Mapping[str, str]
    at: datetime

    @cached_property
    def offers(self) -> list[Sleep]:
        """In the order in which they come."""
        found = [Sleep(value, self._words(value, until), until, self._is_past(until)) for value, until in self._moments() if until > self.at]
        return sorted(found, key=lambda offer: offer.until)

    @property
    def box(self) -> Box:
        return Box(self.typed.get("until", ""), in_box(self.at + A_MINUTE), in_box(self.at + LONGEST_SNOOZE))

    @property
    def may_pass(self) -> bool:
        return self.typed.get("past_window") == "on"

    @property
    def ends(self) -> str:
        """When Meta's window ends, where that is known."""
        return when(self._ends_at) if self._ends_at else ""

    @property
    def zone(self) -> str:
        return get_current_timezone_name()

    @property
    def until(self) -> datetime:
        """What was chosen.

        Raises:
            MomentRefused: it is no moment.
        """
        if preset := self.typed.get("preset"):
            return self._offered(preset)
        typed = self.typed.get("until", "").strip()
        return _exact(typed) or moment_of(typed, at=self.at)

    def _offered(self, preset: str) -> datetime:
        found = dict(self._moments()).get(preset)
        if found is None:
            raise MomentRefused(_("Choose a day and a time."))
        return found

    def _moments(self) -> Iterator[tuple[str, datetime]]:
        for value, hours in HOURS.items():
            yield value, self.at + timedelta(hours=hours)
        today = localtime(self.at).date()
        days = [("evening", 0, EVENING), ("tomorrow", 1, MORNING)]
        if (monday := 7 - today.weekday()) > 1:
            days.append(("monday", monday, MORNING))
        for value, ahead, hour in days:
            yield value, moment_of(datetime.combine(today + timedelta(days=ahead), hour).strftime(BOX), at=self.at)
        if self._ends_at:
            yield "window", self._ends_at - BEFORE_THE_END

    def _words(self, value: str, until: datetime) -> str:
        if value in HOURS:
            return ngettext("In %s hour", "In %s hours", HOURS[value]) % HOURS[value]
        return _("An hour before the window ends") if value == "window" else capfirst(moment_ahead(until))

    @cached_property
    def _ends_at(self) -> datetime | None:
        return self.conversation.window.ends_at(self.at)

    def _is_past(self, until: datetime) -> bool:
        return self._ends_at is not None and until >= self._ends_at


def _exact(typed: str) -> datetime | None:
    """A moment with its zone, as Undo gives back what was."""
    try:
        moment = parse_datetime(typed)
    except ValueError:
        return None
    return moment if moment and moment.tzinfo else None
