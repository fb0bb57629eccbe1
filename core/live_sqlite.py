"""Notices what other processes wrote to the same SQLite file: the stdio MCP server, management commands.

Source: SQLite, "PRAGMA data_version": it changes when another connection, in this process or not, has committed.
"""

import logging
import threading
from collections import Counter
from collections.abc import Callable

from django.db import connection

from core.live import Change, Present, hub
from core.wake import ring_all

logger = logging.getLogger("countersign.live")
EVERY = 0.3


class Watch:
    """A thread that looks at the file a few times a second.

    Args:
        mark: something that changes with every verb, in whatever process. Browsers are told only when it did: a session that was
            saved or a conversation that was read changes the file as well, and telling browsers of those would make them read again.
        present: what comes and goes without a verb, each with the change that its coming and going is.
    """

    def __init__(self, mark: Callable[[], object], present: Callable[[], Present] = frozenset) -> None:
        self._mark, self._present = mark, present
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="watch", daemon=True)
        self._version: object = None
        self._seen: object = None
        self._here: Present = frozenset()
        self._announced: Counter[str] = Counter()

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        self._stopping.set()
        self._thread.join()

    def look(self) -> None:
        """Compare with the last look; ring bells and tell browsers where somebody else was at work."""
        version = self._data_version()
        if version == self._version:
            return
        first, self._version = self._version is None, version
        told = self._looked_at()
        if first:
            return
        ring_all()
        for change in told:
            hub.announce(change)
            self._announced[change.what] += 1

    def _looked_at(self) -> list[Change]:
        """What others did since the last look; what this process told by itself is left out."""
        mark, here = self._mark(), self._present()
        ours = hub.announced - self._announced
        did, moved = mark != self._seen and not ours[""], {change for change, _who in here ^ self._here if not ours[change.what]}
        self._seen, self._here, self._announced = mark, here, hub.announced.copy()
        return [Change()] * did + list(moved)

    def _run(self) -> None:
        while not self._stopping.is_set():
            try:
                self.look()
            except Exception:
                logger.exception("The database file could not be looked at.")
                connection.close()
            self._stopping.wait(EVERY)
        connection.close()

    @staticmethod
    def _data_version() -> object:
        with connection.cursor() as cursor:
            cursor.execute("PRAGMA data_version")
            return cursor.fetchone()[0]
