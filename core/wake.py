"""Tells workers that there is something to do.

A wake-up carries no data and may be lost or doubled: the leased row is the truth, and a sweep finds what nobody was woken for.
On SQLite it rings a bell inside this process after the commit; on PostgreSQL it defers a procrastinate job in the same transaction.
"""

import threading
from collections import defaultdict
from datetime import datetime

from django.conf import settings
from django.db import transaction

_bells: dict[str, threading.Event] = defaultdict(threading.Event)


def bell(work: str) -> threading.Event:
    """The bell that this process rings for one kind of work: a name in `inbox.work.WORK`."""
    return _bells[work]


def wake(work: str, *, at: datetime | None = None) -> None:
    """Ask for one kind of work once the current transaction has committed.

    Args:
        work: the kind of work.
        at: when it becomes due; None is at once. The embedded engine sleeps no longer than its next due row by itself.
    """
    if settings.POSTGRES:
        _defer(work, at)
    else:
        transaction.on_commit(bell(work).set)


def ring_all() -> None:
    """Ring every bell of this process: something changed that it cannot see (another process wrote to the file)."""
    for event in list(_bells.values()):
        event.set()


def _defer(work: str, at: datetime | None) -> None:
    from procrastinate.contrib.django import app

    app.configure_task(f"countersign.{work}", schedule_at=at).defer()
