"""When a reply leaves: the moments that the composer offers, and the one that was chosen. Times of the day are those of the person's own zone."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta

from django.utils.functional import cached_property
from django.utils.text import capfirst
from django.utils.timezone import get_current_timezone, get_current_timezone_name, localtime
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from accounts.moments import when
from core.clock import now
from inbox.errors import MomentRefused
from inbox.models import Conversation
from inbox.schedule import A_MINUTE, is_now, latest
from inbox.templatetags.times import moment_ahead
from inbox.window import MessagingWindow, WindowState

BOX = "%Y-%m-%dT%H:%M"
# Of the values of `when`: the box beside it, and so many minutes from the moment of sending.
AT, IN = "at", "in:"
MINUTES = (60, 180)
MORNING, EVENING = time(9), time(18)


@dataclass(frozen=True)
class Offer:
    """One moment to choose.

    Args:
        value: what the form says of it.
    """

    value: str
    words: str


@dataclass(frozen=True)
class Box:
    """A box for a moment, in the words of browsers.

    Args:
        value: what stands in it.
        min: the earliest that may.
        max: the latest.
    """

    value: str
    min: str
    max: str

    @classmethod
    def of(cls, window: MessagingWindow, at: datetime, *, value: str = "") -> "Box":
        end = latest(window, at)
        return cls(value, in_box(at + A_MINUTE), in_box(end) if end else "")


@dataclass(frozen=True)
class Later:
    """The choice of a moment.

    Args:
        typed: what stands in the form: `when`, `moment` and `unless`.
        at: the present moment.
    """

    conversation: Conversation
    typed: Mapping[str, str]
    at: datetime

    @property
    def is_possible(self) -> bool:
        """Whether there is any moment to choose."""
        end = latest(self.conversation.window, self.at)
        return end is not None and not is_now(end, self.at)

    @property
    def chosen(self) -> str:
        """Which of the offers, "at" for the box, "" for now."""
        wanted = self.typed.get("when", "")
        return wanted if not wanted or wanted in [offer.value for offer in self.offers] else AT

    @property
    def chosen_words(self) -> str:
        """What was chosen, for the button that opens the choice."""
        known = {offer.value: offer.words for offer in self.offers}
        if self.chosen == AT and (moment := _moment_or_none(self.box.value)):
            return capfirst(moment_ahead(moment))
        return known.get(self.chosen, _("At another time")) if self.chosen else ""

    @property
    def is_conditional(self) -> bool:
        """Whether it stays here if they write before; so it begins."""
        return "when" not in self.typed or self.typed.get("unless") == "on"

    @property
    def box(self) -> Box:
        wanted = self.typed.get("when", "")
        is_old_offer = self.chosen == AT and wanted != AT and not wanted.startswith(IN)
        return Box.of(self.conversation.window, self.at, value=wanted if is_old_offer else self.typed.get("moment", ""))

    @cached_property
    def offers(self) -> list[Offer]:
        end = latest(self.conversation.window, self.at)
        return [offer for moment, offer in self._all_offers() if end and moment <= end]

    @property
    def moment(self) -> datetime | None:
        """What was chosen; None for now.

        Raises:
            MomentRefused: it is no moment.
        """
        wanted, typed = self.typed.get("when", ""), self.typed.get("moment", "").strip()
        if not wanted:
            if typed:
                raise MomentRefused(_("There is a moment in the box, but “Now” is chosen. Choose one of them."))
            return None
        if wanted.startswith(IN) and wanted.removeprefix(IN) in map(str, MINUTES):
            return self.at + timedelta(minutes=int(wanted.removeprefix(IN)))
        return moment_of(typed if wanted == AT else wanted, at=self.at)

    @property
    def zone(self) -> str:
        return get_current_timezone_name()

    @property
    def note(self) -> str:
        """Until when it may wait, and what is not known."""
        window, end = self.conversation.window, latest(self.conversation.window, self.at)
        if end is None:
            return ""
        match window.state(end):
            case WindowState.UNKNOWN:
                return _("Nobody knows whether Meta's window is open then; Meta decides.")
            case WindowState.PERHAPS:
                return _("Until %s. Towards the end Meta alone knows whether its window is open.") % when(end)
            case WindowState.HUMAN if window.closes_at and not window.is_refused and self.at < window.closes_at:
                marked = {"end": when(end), "closes": when(window.closes_at)}
                return _("Until %(end)s; what leaves after %(closes)s is marked for Meta as a person's reply.") % marked
            case WindowState.HUMAN:
                return _("Until %s, marked for Meta as a person's reply.") % when(end)
        return _("Until %s, while Meta's window is open.") % when(end)

    def _all_offers(self) -> Iterator[tuple[datetime, Offer]]:
        for minutes in MINUTES:
            words = ngettext("In %s hour", "In %s hours", minutes // 60) % (minutes // 60)
            yield self.at + timedelta(minutes=minutes), Offer(f"{IN}{minutes}", words)
        today = localtime(self.at)
        monday = 7 - today.weekday()
        wanted = [(0, MORNING), (0, EVENING), (1, MORNING), *([(monday, MORNING)] if monday > 1 else [])]
        for days, hour in wanted:
            value = datetime.combine(today.date() + timedelta(days=days), hour).strftime(BOX)
            moment = _moment_or_none(value)
            if moment and moment > self.at + timedelta(hours=2):
                yield moment, Offer(value, capfirst(moment_ahead(moment)))


def in_box(moment: datetime) -> str:
    """As a browser's box for moments has it."""
    return localtime(moment).strftime(BOX)


def moment_of(typed: str, *, at: datetime | None = None) -> datetime:
    """The moment that stands in a box, in the zone in force. Of one that comes twice, because clocks are put back, the first that is ahead.

    Raises:
        MomentRefused: it is none.
    """
    try:
        wanted = datetime.fromisoformat(typed)
    except ValueError:
        raise MomentRefused(_("Choose a day and a time.")) from None
    if wanted.tzinfo or not 2000 < wanted.year < 9000:
        raise MomentRefused(_("Choose a day and a time."))
    zone = get_current_timezone()
    first, second = (wanted.replace(tzinfo=zone, fold=fold).astimezone(UTC) for fold in (0, 1))
    if first.astimezone(zone).replace(tzinfo=None) != wanted:
        values = {"time": wanted.strftime("%H:%M"), "zone": get_current_timezone_name()}
        raise MomentRefused(_("There is no %(time)s on that day in %(zone)s, because the clocks are put forward. Choose another time.") % values)
    return second if first <= (at or now()) < second else first


def _moment_or_none(typed: str) -> datetime | None:
    try:
        return moment_of(typed)
    except MomentRefused:
        return None
