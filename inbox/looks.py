"""When the thread at Meta is read to find out what became of a message, as a value; and what its row says while that is unknown."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings

A_SECOND = timedelta(seconds=1)


@dataclass(frozen=True)
class Looks:
    """How long after a call was lost the thread is read: soon, ever later until Meta cannot carry it out any more, then for the proof.

    Args:
        settles: for so long Meta may still carry it out, or tell of it.
        longest: no pause is longer.
        until: after that nobody looks any more.
    """

    settles: timedelta
    longest: timedelta = timedelta(hours=6)
    until: timedelta = timedelta(days=7)

    @property
    def first(self) -> timedelta:
        """The echo comes within seconds, so it gets the first word."""
        return min(5 * A_SECOND, self.settles / 4)

    @property
    def pause(self) -> timedelta:
        """Between the two readings that together prove that a message is not there."""
        return max(A_SECOND, self.settles / 12)

    def __iter__(self) -> Iterator[timedelta]:
        passed, pause = self.first, self.pause
        while passed < self.settles:
            yield passed
            passed *= 2
        passed = self.settles
        while passed <= self.until:
            yield passed
            passed, pause = passed + pause, min(self.longest, pause * 2)

    def after(self, passed: timedelta) -> timedelta | None:
        """The first after so much time; None where nobody looks any more."""
        return next((look for look in self if look > passed), None)


def looks() -> Looks:
    return Looks(timedelta(seconds=settings.SETTLE_SECONDS))


def next_look(unknown_since: datetime, *, at: datetime, absences: int = 0) -> datetime | None:
    """When the thread is read again. Half a proof is completed, however late it is."""
    if absences == 1:
        return at + looks().pause
    look = looks().after(at - unknown_since)
    return unknown_since + look if look else None


# Nothing is known of the thread yet, or nothing of it counts any more.
UNREAD: dict[str, Any] = {"thread_read_at": None, "thread_matches": None, "thread_doubt": "", "thread_trouble": "", "looks": 0, "absences": 0}
# Nobody looks any more.
SETTLED: dict[str, Any] = {"unknown_since": None, "look_due_at": None}


def lost(since: datetime, *, at: datetime) -> dict[str, Any]:
    """What the row of a message says whose call was lost at `since`."""
    return UNREAD | {"unknown_since": since, "look_due_at": max(since + looks().first, at), "lease_until": None}
