"""Two hands at once, the second of which comes while the first is not done yet."""

import threading
from collections.abc import Callable

from django.db import connection, transaction

PATIENCE = 5_000


def behind(first: Callable[[], object], second: Callable[[], object]) -> object:
    """Do the first; before it is committed, begin the second on a connection of its own. What the second returned or raised."""
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
    thread.join(timeout=60)
    return results[0]


def _until_it_waits() -> None:
    """On SQLite the second waits before it can write anything; on PostgreSQL for a row, which the server knows."""
    if connection.vendor != "postgresql":
        return
    with connection.cursor() as cursor:
        for _ in range(PATIENCE):
            cursor.execute("SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'")
            if cursor.fetchone()[0]:
                return
