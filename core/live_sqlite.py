"""Notices what other processes wrote to the same SQLite file: the stdio MCP server, management commands.

Source: SQLite, "PRAGMA data_version": it changes when another connection, in this process or not, has committed.
"""

import logging
import threading
from collections.abc import Callable

from django.db import connection

from core.live import Change, hub
from core.wake import ring_all

logger = logging.getLogger("countersign.live")
EVERY = 0.3


class Watch:
    """A thread that looks at the file a few times a second.

    Args:
        mark: something that changes with every verb, in whatever process. Browsers are told only when it did: a session that was
            saved or a conversation that was read changes the file as well, and telling browsers of those would make them read again.
    """

    def __init__(self, mark: Callable[[], object]) -> None:
        self._mark = mark
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="watch", daemon=True)
        self._version: object = None
        self._seen: object = None
        self._announced = 0

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
        mark, announced = self._mark(), hub.announced
        by_others = mark != self._seen and announced == self._announced
        self._seen, self._announced = mark, announced
        if first:
            return
        ring_all()
        if by_others:
            hub.announce(Change())
            self._announced = hub.announced

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
