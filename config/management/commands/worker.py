"""`manage.py worker`: one process of background work, on PostgreSQL."""

import asyncio
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.utils.translation import gettext as _

GRACE = 15.0


class Command(BaseCommand):
    help = "Does the background work with procrastinate, on PostgreSQL. Run as many as you like, on as many machines."

    def handle(self, *args: Any, **options: Any) -> None:
        if not settings.POSTGRES:
            raise CommandError(_("Workers need PostgreSQL. On SQLite the web process does the background work itself; set DATABASE_URL to use workers."))
        self.stdout.write(_("The worker is at work. Ctrl-C ends it."))
        try:
            asyncio.run(_work(settings.SENDING_THREADS + 4))
        except KeyboardInterrupt:
            return


async def _work(threads: int) -> None:
    from procrastinate.contrib.django import app

    # Python's own pool has a few threads more than the machine has cores; sending mostly waits for Meta.
    asyncio.get_running_loop().set_default_executor(ThreadPoolExecutor(threads, thread_name_prefix="worker"))
    # Another app rather than another connector: jobs that our verbs defer go on standing in their own transactions.
    worker = app.with_connector(app.connector.get_worker_connector())  # type: ignore[attr-defined]
    async with worker.open_async():
        await worker.run_worker_async(
            concurrency=threads,
            # A scheduled job starts when somebody looks, so this is how late a held message may leave.
            fetch_job_polling_interval=1.0,
            shutdown_graceful_timeout=GRACE,
            delete_jobs="successful",
        )
