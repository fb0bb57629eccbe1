"""The embedded engine: on one machine, threads of the web process do the background work.

Each thread does units of one kind until there is none, then waits for its bell. On PostgreSQL procrastinate's workers do the same work
(`inbox.tasks`), and none of this runs.
"""

import logging
import threading
import time

from django.conf import settings
from django.db import close_old_connections, connection, connections

from core.clock import now
from core.wake import bell, ring_all
from inbox import work

logger = logging.getLogger("countersign.engine")
# How long a stop waits for calls to Meta that are under way; what is cut off is settled at the next start.
PATIENCE = 10.0
AFTER_TROUBLE = 1.0


class Engine:
    """The threads: some send, some read threads, one sweeps, and one does each of the other kinds."""

    def __init__(self) -> None:
        self._stopping, self._may_begin = threading.Event(), threading.Event()
        kinds = ["ingest", "fetch", "upkeep", "connect", "tend", "history", *["settle"] * work.PLACES_TO_SETTLE, *["dispatch"] * settings.SENDING_THREADS]
        self._threads = [threading.Thread(target=self._work, args=(kind,), name=f"engine-{kind}", daemon=True) for kind in kinds]
        self._threads.append(threading.Thread(target=self._sweep, name="engine-sweep", daemon=True))

    def start(self) -> None:
        for thread in self._threads:
            thread.start()

    def stop(self) -> None:
        """End every thread after the unit it is at."""
        self._stopping.set()
        ring_all()
        deadline = time.monotonic() + PATIENCE
        for thread in self._threads:
            thread.join(max(0.0, deadline - time.monotonic()))

    def _work(self, kind: str) -> None:
        self._may_begin.wait()
        while not self._stopping.is_set():
            bell(kind).clear()
            while not self._stopping.is_set() and self._one_unit(kind):
                continue
            # A stop that rang the bell before we cleared it is seen here.
            if not self._stopping.is_set():
                bell(kind).wait(self._pause(kind))
        connections.close_all()

    def _sweep(self) -> None:
        self._take_over()
        while not self._stopping.wait(settings.SWEEP_SECONDS):
            self._one_unit("sweep")
        connections.close_all()

    def _take_over(self) -> None:
        """What a killed process had leased goes on now instead of when its lease ends."""
        try:
            work.take_over()
        except Exception:
            logger.exception("The leases of an earlier process stay until they end.")
            connection.close()
        finally:
            self._may_begin.set()

    def _one_unit(self, kind: str) -> bool:
        """Whether there was something to do. One failed unit must never end the thread that others depend on."""
        try:
            close_old_connections()
            return work.WORK[kind]()
        except Exception:
            logger.exception("Work of the kind %s failed; it goes on.", kind)
            connection.close()
            self._stopping.wait(AFTER_TROUBLE)
            return False

    def _pause(self, kind: str) -> float:
        """Until the next row is due, but no longer than a sweep: a bell can be missed, and the clock can jump."""
        try:
            due = work.next_due(kind)
        except Exception:
            logger.exception("When work of the kind %s is next due could not be read.", kind)
            connection.close()
            return AFTER_TROUBLE
        left = (due - now()).total_seconds() if due else settings.SWEEP_SECONDS
        return float(min(max(left, 0.0), settings.SWEEP_SECONDS))
