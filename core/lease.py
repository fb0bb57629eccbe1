"""Work that one worker has at a time: a row is leased until a moment, and after it anybody may go on.

A lease is short, so that whoever dies is replaced soon; whoever lives renews it from a thread, however long Meta takes to answer. What proves
that a row is still ours is the moment that we wrote into it: whoever takes it over writes a later one.
"""

import logging
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import Any, Generic, TypeVar

from django.conf import settings
from django.db import close_old_connections, connection, models
from django.db.models import Q, QuerySet

from core.clock import now

logger = logging.getLogger("countersign.lease")
Row = TypeVar("Row", bound=models.Model)


class TakenOver(Exception):
    """Our lease has ended and another worker does this now, or somebody called it off."""


def lease_time() -> timedelta:
    """How long a worker may be silent before another takes its place."""
    return timedelta(seconds=settings.LEASE_SECONDS)


def is_free(at: datetime) -> Q:
    """Rows with a `lease_until` that no worker is at."""
    return Q(lease_until=None) | Q(lease_until__lt=at)


@contextmanager
def kept(renew: Callable[[], bool]) -> Iterator[None]:
    """Renew a lease again and again, in a thread of its own, until the block ends or `renew` says that there is nothing to renew."""
    done = threading.Event()
    thread = threading.Thread(target=_beat, args=(renew, done), name="lease", daemon=True)
    thread.start()
    try:
        yield
    finally:
        done.set()
        thread.join()


def _beat(renew: Callable[[], bool], done: threading.Event) -> None:
    while not done.wait(settings.LEASE_SECONDS / 3):
        try:
            if not renew():
                break
        except Exception:
            logger.exception("A lease could not be renewed.")
        finally:
            close_old_connections()
    connection.close()


class Lease(Generic[Row]):
    """What a worker may write to a row for as long as nobody else has taken it over.

    Args:
        row: as it was claimed, with the moment of the claim in `field`.
        field: holds the end of the lease.
        only: what else has to be true of the row for it to be ours.
        until: the moment that a renewal writes; a field that says when a row is due again may count from another one than the end.
    """

    def __init__(self, row: Row, field: str = "lease_until", *, only: Q | None = None, until: Callable[[], datetime] | None = None) -> None:
        self.row = row
        self._field, self._only = field, only or Q()
        self._until = until or (lambda: now() + lease_time())
        # Everything that we ever wrote or tried to write. The thread that renews adds to it, and neither side waits for the other:
        # one of them may be inside a transaction.
        self._moments: list[datetime | None] = [getattr(row, field)]

    def update(self, *also: Q, **values: Any) -> bool:
        """Write to the row. False where it is not ours any more, or `also` is not true of it."""
        return self._while_ours(lambda ours: bool(ours.filter(*also).update(**values)))

    def renew(self, **values: Any) -> bool:
        """Hold on to the row, and write to it. False where it is not ours any more."""
        until = self._until()
        self._moments.append(until)
        return self.update(**{self._field: until}, **values)

    def is_ours(self) -> bool:
        return self._while_ours(lambda ours: ours.exists())

    def locked(self) -> bool:
        """Whether it is ours, and stays so until the transaction ends."""
        return self._while_ours(lambda ours: ours.select_for_update().first() is not None)

    @contextmanager
    def kept(self) -> Iterator[None]:
        """Hold on to the row while the block lasts."""
        with kept(self.renew):
            yield

    def _while_ours(self, do: Callable[[QuerySet[Row]], bool]) -> bool:
        """Once more where the thread has renewed it between our look at the moments and the row's."""
        known = 0
        while known != len(self._moments):
            known = len(self._moments)
            if do(self._rows(self._moments[:known])):
                return True
        return False

    def _rows(self, moments: list[datetime | None]) -> "QuerySet[Row]":
        ours = Q(**{f"{self._field}__in": [moment for moment in moments if moment]})
        if None in moments:
            ours |= Q(**{self._field: None})
        return type(self.row)._default_manager.filter(ours, self._only, pk=self.row.pk)
