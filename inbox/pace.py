"""Meta takes two readings of conversations a second from each account (Messenger Platform, "Rate limits"); whoever reads keeps to that.

Between parts the row of the job says when it goes on, so that other accounts are read meanwhile. What one part needs beyond its first
reading waits here, outside every transaction. What became of a message is looked for first: nothing else begins to read the account meanwhile.
"""

import time
from collections.abc import Callable
from datetime import datetime, timedelta

from django.conf import settings
from django.db.models import Q

from core.clock import now

# After a pause of Meta's, what people wrote leaves first.
REPLIES_FIRST = timedelta(seconds=5)


def is_free(at: datetime, account: str = "") -> Q:
    """Accounts that may be read: Meta wants no pause, and nobody looks for a message (`inbox.looking`). `account` leads there from another row."""
    is_running = Q(**{f"{account}paused_until": None}) | Q(**{f"{account}paused_until__lte": at - REPLIES_FIRST})
    return is_running & nobody_looks(at, account)


def nobody_looks(at: datetime, account: str = "") -> Q:
    """Accounts that nobody reads to find out what became of a message."""
    return Q(**{f"{account}read_free_at": None}) | Q(**{f"{account}read_free_at__lte": at})


def free_at(paused_until: datetime | None, read_free_at: datetime | None) -> datetime | None:
    """From when `is_free` is true of an account."""
    return max(filter(None, (paused_until and paused_until + REPLIES_FIRST, read_free_at)), default=None)


class Pace:
    """The readings of one part.

    Args:
        hold: renews the lease of whoever reads, for a part that takes long.
    """

    def __init__(self, hold: Callable[[], None]) -> None:
        self._hold = hold
        self.readings, self._last_at = 1, now()

    def __call__(self) -> None:
        """Wait until another reading may be made."""
        time.sleep(max(0.0, (self.over_at - now()).total_seconds()))
        self.readings, self._last_at = self.readings + 1, now()
        self._hold()

    @property
    def over_at(self) -> datetime:
        """When the next reading of this account may begin."""
        return self._last_at + timedelta(seconds=1 / settings.GRAPH_READS_PER_SECOND)
