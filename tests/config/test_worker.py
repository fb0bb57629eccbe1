"""A worker outlives its database, and ends when it is told to."""

import asyncio
import os
import signal
import subprocess
import sys
import threading
from contextlib import contextmanager, suppress

import psycopg
import pytest
from asgiref.sync import sync_to_async
from django.conf import settings
from django.db import connection, connections, transaction

from config.management.commands import worker
from core.wake import wake
from inbox import work
from tests.config.test_environment import CREDENTIALS, ROOT, surroundings
from tests.loopback.stage import eventually, free_port

on_postgresql = pytest.mark.skipif(not settings.POSTGRES, reason="PostgreSQL only")


class Working(threading.Thread):
    """A worker in a thread of this process."""

    def run(self):
        asyncio.run(self._work())

    async def _work(self):
        self._loop, self._task = asyncio.get_running_loop(), asyncio.current_task()
        with suppress(asyncio.CancelledError):
            await worker.work_on(4)
        await sync_to_async(connections.close_all)()

    def connect(self):
        """Periodic jobs are deferred over a connection of their own, which is open for minutes outside of tests."""
        asyncio.run_coroutine_threadsafe(sync_to_async(lambda: connection.ensure_connection())(), self._loop).result(20)

    def end(self):
        self._loop.call_soon_threadsafe(self._task.cancel)
        self.join(20)
        assert not self.is_alive()


@contextmanager
def no_database():
    """Every other connection is ended, and no new one is let in."""
    name = connection.settings_dict["NAME"]
    with psycopg.connect(os.environ["DATABASE_URL"], autocommit=True) as elsewhere:
        elsewhere.execute(f'ALTER DATABASE "{name}" ALLOW_CONNECTIONS false')
        try:
            ours = connection.connection.info.backend_pid
            elsewhere.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s AND pid <> %s", [name, ours])
            yield
        finally:
            elsewhere.execute(f'ALTER DATABASE "{name}" ALLOW_CONNECTIONS true')


@pytest.fixture
def done(transactional_db, monkeypatch):
    """Of each kind of work, a semaphore that is released whenever a worker looks for some."""
    with connection.cursor() as cursor:
        cursor.execute("TRUNCATE procrastinate_jobs, procrastinate_periodic_defers CASCADE")
    done = {kind: threading.Semaphore(0) for kind in work.WORK}
    monkeypatch.setattr(work, "WORK", {kind: _looks(done[kind]) for kind in work.WORK})
    return done


def _looks(semaphore):
    def look():
        semaphore.release()
        return False

    return look


@pytest.fixture
def working(done, monkeypatch):
    monkeypatch.setattr(worker, "PATIENCE", 0.3)
    monkeypatch.setattr(worker, "TRY_AGAIN", 0.0)
    working = Working()
    working.start()
    yield working
    if working.is_alive():
        working.end()


def wake_up():
    with transaction.atomic():
        wake("ingest")


def nothing_waits():
    with connection.cursor() as cursor:
        cursor.execute("SELECT NOT EXISTS (SELECT FROM procrastinate_jobs WHERE status IN ('todo', 'doing'))")
        return cursor.fetchone()[0]


@on_postgresql
@pytest.mark.django_db(transaction=True, serialized_rollback=True)
def test_a_worker_waits_for_its_database_and_goes_on(working, done, caplog):
    assert done["sweep"].acquire(timeout=20)
    eventually(nothing_waits, "the end of what the worker began with")
    working.connect()
    with no_database():
        eventually(lambda: "lost its database" in caplog.text, "the worker to notice")
    for semaphore in done.values():
        while semaphore.acquire(blocking=False):
            continue
    wake_up()
    assert done["ingest"].acquire(timeout=20)
    assert done["sweep"].acquire(timeout=20)
    assert "a connection was lost" not in caplog.text


@on_postgresql
@pytest.mark.django_db(transaction=True, serialized_rollback=True)
def test_a_worker_without_a_database_ends_when_it_is_told_to(working, done):
    assert done["sweep"].acquire(timeout=20)
    with no_database():
        working.end()


def test_a_signal_ends_a_worker_that_never_found_its_database(tmp_path):
    address = f"postgres://u:hunter2@127.0.0.1:{free_port()}/n"
    process = subprocess.Popen(
        [sys.executable, "manage.py", "worker"], cwd=ROOT, env=surroundings(tmp_path, CREDENTIALS | {"DATABASE_URL": address}),
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
    )  # fmt: skip
    with process.stdout as printed:
        said = next(line for line in printed if "at work" in line)
        process.send_signal(signal.SIGTERM)
        said += printed.read()
    assert process.wait(20) == 0
    assert "hunter2" not in said
    assert "Traceback" not in said
