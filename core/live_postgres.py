"""Hears what any process published, and tells the browsers of this one: one LISTEN connection a process, on PostgreSQL."""

import json
import logging
import threading

from django.db import connection
from django.db.utils import Error

from core.live import CHANNEL, Change, hub

logger = logging.getLogger("countersign.live")
LOOK_UP = 0.5
TRY_AGAIN = 2.0


class Listener:
    """A thread that listens, and connects again by itself."""

    def __init__(self) -> None:
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="listen", daemon=True)
        self.listening = threading.Event()

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        self._stopping.set()
        self._thread.join()

    def _run(self) -> None:
        while not self._stopping.is_set():
            try:
                self._listen()
            except (Error, OSError) as error:
                logger.warning("The connection for live updates was lost (%s); trying again.", type(error).__name__)
                self.listening.clear()
                connection.close()
                self._stopping.wait(TRY_AGAIN)
        connection.close()

    def _listen(self) -> None:
        with connection.cursor() as cursor:
            cursor.execute(f"LISTEN {CHANNEL}")
        self.listening.set()
        # What was published while nobody listened is lost, so browsers look again.
        hub.announce(Change())
        while not self._stopping.is_set():
            with connection.wrap_database_errors:
                for notice in connection.connection.notifies(timeout=LOOK_UP):
                    hub.announce(_change(notice.payload))


def _change(body: str) -> Change:
    """What a payload says; anything may have changed where it says something else than we do."""
    try:
        return Change(**json.loads(body))
    except (TypeError, ValueError):
        return Change()
