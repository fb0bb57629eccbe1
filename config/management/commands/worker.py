"""`manage.py worker`: one process of background work, on PostgreSQL."""

import asyncio
import logging
import signal
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from typing import Any

import psycopg
from asgiref.sync import sync_to_async
from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.db import close_old_connections
from django.utils.translation import gettext as _
from procrastinate.exceptions import ConnectorException

logger = logging.getLogger("countersign.worker")
GRACE = 15.0
# Every place of `inbox.tasks` may be taken by somebody who waits for Meta; the sweep, which ends leases, must not wait behind them.
OTHERS = 10
# For a connection to the database. Whoever stops a worker while the database is away has to wait for so long as well.
PATIENCE = 10.0
TRY_AGAIN = 2.0


class Command(BaseCommand):
    help = "Does the background work with procrastinate, on PostgreSQL. Run as many as you like, on as many machines."

    def handle(self, *args: Any, **options: Any) -> None:
        if not settings.POSTGRES:
            raise CommandError(_("Workers need PostgreSQL. On SQLite the web process does the background work itself; set DATABASE_URL to use workers."))
        with suppress(KeyboardInterrupt):
            asyncio.run(_until_told(settings.SENDING_THREADS + OTHERS, ready=self._greet))

    def _greet(self) -> None:
        self.stdout.write(_("The worker is at work. Ctrl-C ends it."))
        self.stdout.flush()


async def _until_told(threads: int, *, ready: Callable[[], None]) -> None:
    """Work until SIGINT or SIGTERM."""
    working = asyncio.create_task(work_on(threads))
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, working.cancel)
    ready()
    with suppress(asyncio.CancelledError):
        await working


async def work_on(threads: int) -> None:
    """Work, and where the database goes away, wait and begin anew. It ends when its task is cancelled, and only then."""
    # Python's own pool has a few threads more than the machine has cores; sending mostly waits for Meta.
    asyncio.get_running_loop().set_default_executor(ThreadPoolExecutor(threads, thread_name_prefix="worker"))
    while True:
        reason = await _work(threads)
        if _is_cancelled():
            return
        logger.warning("The worker lost its database, or does not find there what it needs (%s). It begins again in %g seconds.", reason, TRY_AGAIN)
        await asyncio.sleep(TRY_AGAIN)


async def _work(threads: int) -> str:
    """Why it could not go on; only the kind of error, because its words can name more."""
    try:
        # Periodic jobs are deferred in asgiref's own thread, where nobody else would ever let go of a connection that is dead.
        await sync_to_async(close_old_connections)()
        await _run(threads)
    except (ConnectorException, psycopg.Error) as error:
        return type(error.__cause__ or error).__name__
    return "a connection was lost"


async def _run(threads: int) -> None:
    from procrastinate.contrib.django import app
    from procrastinate.contrib.django.utils import connector_params
    from procrastinate.psycopg_connector import PsycopgConnector

    # Another app rather than another connector: jobs that our verbs defer go on standing in their own transactions.
    worker = app.with_connector(PsycopgConnector(kwargs=connector_params(), timeout=PATIENCE))
    async with worker.open_async():
        await worker.run_worker_async(
            concurrency=threads,
            # A scheduled job starts when somebody looks, so this is how late a held message may leave.
            fetch_job_polling_interval=1.0,
            shutdown_graceful_timeout=GRACE,
            delete_jobs="successful",
            # Ours end the waiting for a database as well.
            install_signal_handlers=False,
        )


def _is_cancelled() -> bool:
    """Where the database is away, a worker that is told to end raises that it could not say good-bye, in place of the cancellation."""
    me = asyncio.current_task()
    return me is not None and me.cancelling() > 0
