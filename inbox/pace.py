"""Meta takes two readings of conversations a second from each account (Messenger Platform, "Rate limits"); whoever reads keeps to that.

Between parts the row of the job says when it goes on, so that other accounts are read meanwhile. What one part needs beyond its first
reading waits here, outside every transaction.
"""

import time
from collections.abc import Callable
from datetime import datetime, timedelta

from django.conf import settings

from core.clock import now


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
