"""The lanes as the list shows them: what each is called, how many stand in it, and the way there."""

from collections.abc import Mapping
from dataclasses import dataclass

from inbox.lanes import LANES, LOOKED_THROUGH, Lane
from inbox.views.asked import Asked

MOST = 99
# Beside these three, only what may not wait stands open where there is something in it; the others are a menu away.
FIRST = ("mine", "unassigned", "all")
PRESSING = ("soon", "proposal", "mentions", "trouble")


@dataclass(frozen=True)
class Tab:
    """One lane.

    Args:
        number: how many stand in it, as it is shown; "" where nobody counts.
    """

    lane: Lane
    asked: Asked
    number: str
    is_current: bool

    @property
    def address(self) -> str:
        return self.asked.address

    @property
    def is_empty(self) -> bool:
        return self.number in ("", "0")


@dataclass(frozen=True)
class Tabs:
    """All of them.

    Args:
        asked: what the list shows.
        counts: by name of the lane; None where nobody counts.
    """

    asked: Asked
    counts: Mapping[str, int]

    @property
    def first(self) -> list[Tab]:
        return [self._tab(name) for name in FIRST]

    @property
    def pressing(self) -> list[Tab]:
        """What may not wait, where there is something in it."""
        return [tab for name in PRESSING if not (tab := self._tab(name)).is_empty or tab.is_current]

    @property
    def others(self) -> list[Tab]:
        """What the menu shows."""
        return [self._tab(name) for name in LANES if name not in FIRST]

    @property
    def current(self) -> Tab | None:
        """The lane that is shown where it stands in the menu alone."""
        return next((tab for tab in self.others if tab.is_current and tab.lane.name not in PRESSING), None)

    @property
    def previous(self) -> Tab:
        return self._beside(-1)

    @property
    def next(self) -> Tab:
        return self._beside(1)

    def _beside(self, step: int) -> Tab:
        names = list(LANES)
        return self._tab(names[(names.index(self.asked.the_lane.name) + step) % len(names)])

    def _tab(self, name: str) -> Tab:
        # Words are looked for in every lane.
        is_current = name == self.asked.the_lane.name and not self.asked.q
        return Tab(LANES[name], self.asked.to(name), self._number(LANES[name]), is_current)

    def _number(self, lane: Lane) -> str:
        if lane.name not in self.counts:
            return ""
        number = self.counts[lane.name]
        # Only the newest were looked through: there may be more.
        is_least = lane.is_open and self.counts["all"] >= LOOKED_THROUGH
        return f"{MOST}+" if number > MOST else f"{number}+" if is_least else str(number)
