"""Group commit: however many bodies arrive at once, one durable transaction stores them."""

import asyncio
import logging
from concurrent.futures import ThreadPoolExecutor

from django.db import close_old_connections

from inbox.webhooks.store import Arrival, store_many

logger = logging.getLogger("countersign.webhooks")
MOST = 500


class Batcher:
    """One flush at a time, on one thread with its own connection; what arrives meanwhile is the next batch.

    No timer: an idle server adds no wait, a busy one grows its batches. `add` returns once the body is durable.
    """

    def __init__(self) -> None:
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="webhook-store")
        self._waiting: list[tuple[Arrival, asyncio.Future[None]]] = []
        self._flushing: asyncio.Task[None] | None = None

    async def add(self, arrival: Arrival) -> None:
        """Store one body.

        Raises:
            Exception: it could not be stored; Meta must be told, so that it sends it again.
        """
        stored: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.append((arrival, stored))
        if self._flushing is None or self._flushing.done():
            self._flushing = asyncio.create_task(self._flush())
        await stored

    async def _flush(self) -> None:
        while self._waiting:
            batch, self._waiting = self._waiting[:MOST], self._waiting[MOST:]
            errors = await asyncio.get_running_loop().run_in_executor(self._thread, _store, [arrival for arrival, _stored in batch])
            for (_arrival, stored), error in zip(batch, errors, strict=True):
                if stored.done():  # its request went away
                    continue
                stored.set_exception(error) if error else stored.set_result(None)


def _store(arrivals: list[Arrival]) -> list[Exception | None]:
    """Store a batch; where it fails, each body by itself, so that one bad row does not take its neighbours along."""
    close_old_connections()
    try:
        error = _try(arrivals)
        if error is None or len(arrivals) == 1:
            return [error] * len(arrivals)
        return [_try([arrival]) for arrival in arrivals]
    finally:
        close_old_connections()


def _try(arrivals: list[Arrival]) -> Exception | None:
    try:
        store_many(arrivals)
    except Exception as error:
        logger.exception("Webhook bodies could not be stored.")
        return error
    return None
