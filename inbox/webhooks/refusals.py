"""Counts what is turned away at Meta's doors: in memory, written down at most once a second.

Anybody on the internet can send forgeries; however many come, they are one row an hour and reason, and one write a second. Nothing of a
body or a signature is kept or logged.
"""

import logging
import threading
from dataclasses import dataclass
from datetime import datetime

from django.db import close_old_connections, connections, transaction
from django.db.models import F
from django.db.models.functions import Greatest

from core.clock import now
from inbox.models import RefusedDelivery

logger = logging.getLogger("countersign.webhooks")
PAUSE = 1.0
# The column's largest number; a length can be announced that nobody has.
MOST = 2**31 - 1

Reason = RefusedDelivery.Reason
Key = tuple[datetime, str]


@dataclass
class Count:
    """What came in one hour for one reason since it was last written down."""

    number: int
    largest: int
    last_at: datetime

    def add(self, other: "Count") -> None:
        self.number += other.number
        self.largest = max(self.largest, other.largest)
        self.last_at = max(self.last_at, other.last_at)


class Refusals:
    """A tally that any thread may add to. `start` writes it down from a thread of its own; without that, `write_down` does."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._counted: dict[Key, Count] = {}
        self._something = threading.Event()
        self._stopping = threading.Event()
        self._thread: threading.Thread | None = None

    def note(self, reason: Reason, *, size: int = 0) -> None:
        """Count one. Costs no look at the database."""
        at = now()
        self._add({_key(at, reason): Count(1, min(size, MOST), at)})
        self._something.set()

    def write_down(self) -> None:
        """Write what was counted; what cannot be written now stays counted."""
        with self._lock:
            counted, self._counted = self._counted, {}
        try:
            _store(counted)
        except Exception as error:
            self._add(counted)
            self._something.set()
            logger.error("What was turned away could not be counted: %s.", type(error).__name__)
            return
        for (_hour, reason), count in counted.items():
            logger.warning("Turned away at Meta's door, %s: %d (the largest had %d bytes).", reason, count.number, count.largest)

    def start(self) -> None:
        self._stopping.clear()
        self._thread = threading.Thread(target=self._work, name="webhook-refusals", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """End the thread; what was counted to the last is written first."""
        self._stopping.set()
        self._something.set()
        if self._thread:
            self._thread.join()

    def _work(self) -> None:
        while not self._stopping.is_set():
            self._something.wait()
            self._something.clear()
            self._write_down_here()
            self._stopping.wait(PAUSE)
        self._write_down_here()
        connections.close_all()

    def _write_down_here(self) -> None:
        close_old_connections()
        self.write_down()
        close_old_connections()

    def _add(self, more: dict[Key, Count]) -> None:
        with self._lock:
            for key, count in more.items():
                self._counted[key].add(count) if key in self._counted else self._counted.update({key: count})


def _key(at: datetime, reason: str) -> Key:
    return at.replace(minute=0, second=0, microsecond=0), reason


def _store(counted: dict[Key, Count]) -> None:
    """One transaction; several processes add to the same rows."""
    if not counted:
        return
    with transaction.atomic():
        for (hour, reason), count in sorted(counted.items()):
            first = {"number": count.number, "largest": count.largest, "last_at": count.last_at}
            row, is_new = RefusedDelivery.objects.get_or_create(hour=hour, reason=reason, defaults=first)
            if not is_new:
                RefusedDelivery.objects.filter(pk=row.pk).update(
                    number=F("number") + count.number, largest=Greatest(F("largest"), count.largest), last_at=Greatest(F("last_at"), count.last_at)
                )


refusals = Refusals()
