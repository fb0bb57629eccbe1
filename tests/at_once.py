"""Two hands at once, the second of which comes while the first is not done yet."""

import threading
import time
from collections.abc import Callable

from django.db import connection, transaction

PATIENCE = 30


def behind(first: Callable[[], object], second: Callable[[], object], then: Callable[[], object] = lambda: None) -> object:
    """Do the first; before it is committed, begin the second on a connection of its own, and do the rest of the first. What the second
    returned or raised.
    """
    results: list[object] = []
    began = threading.Event()

    def run() -> None:
        began.set()
        try:
            results.append(second())
        except Exception as error:
            results.append(error)
        finally:
            connection.close()

    thread = threading.Thread(target=run)
    with transaction.atomic():
        first()
        thread.start()
        began.wait(timeout=30)
        _until_it_waits()
        then()
    thread.join(timeout=60)
    return results[0]


def _until_it_waits() -> None:
    """On SQLite the second waits before it can write anything; on PostgreSQL for us, as its locks tell. Its view of activity would
    show the same throughout our transaction.
    """
    if connection.vendor != "postgresql":
        return
    deadline = time.monotonic() + PATIENCE
    with connection.cursor() as cursor:
        while time.monotonic() < deadline:
            cursor.execute("SELECT EXISTS (SELECT 1 FROM pg_locks WHERE NOT granted AND pg_backend_pid() = ANY(pg_blocking_pids(pid)))")
            if cursor.fetchone()[0]:
                return
    raise AssertionError("Nobody waited.")
