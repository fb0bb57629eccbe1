"""The background work as procrastinate's jobs."""

import threading

import pytest
from django.conf import settings
from django.db import connection, transaction

from core.wake import wake
from inbox import work

pytestmark = [pytest.mark.django_db(transaction=True, serialized_rollback=True), pytest.mark.skipif(not settings.POSTGRES, reason="PostgreSQL only")]
WOKEN = ("connect", "dispatch", "fetch", "history", "ingest", "settle", "tend", "upkeep")
KINDS = (*WOKEN, "sweep")


@pytest.fixture(autouse=True)
def _no_jobs(transactional_db):
    # Django's own clearing of tables leaves procrastinate's alone.
    with connection.cursor() as cursor:
        cursor.execute("TRUNCATE procrastinate_jobs, procrastinate_periodic_defers CASCADE")


@pytest.fixture
def done(monkeypatch):
    """Units that were done; two of each kind wait."""
    done, todo = [], dict.fromkeys(KINDS, 2)

    def unit(kind):
        def do():
            if not todo[kind]:
                return False
            todo[kind] -= 1
            done.append(kind)
            return True

        return do

    monkeypatch.setattr(work, "WORK", {kind: unit(kind) for kind in KINDS})
    return done


def run_worker():
    """A worker that does what there is, and ends."""
    from procrastinate.contrib.django import app

    def go():
        app.with_connector(app.connector.get_worker_connector()).run_worker(wait=False, delete_jobs="successful", install_signal_handlers=False)

    thread = threading.Thread(target=go)
    thread.start()
    thread.join(30)
    assert not thread.is_alive()


def jobs():
    with connection.cursor() as cursor:
        cursor.execute("SELECT task_name FROM procrastinate_jobs WHERE status = 'todo' ORDER BY task_name")
        return [name for (name,) in cursor.fetchall()]


@pytest.mark.parametrize("kind", WOKEN)
def test_a_wake_up_is_a_job_that_does_all_there_is(kind, done):
    with transaction.atomic():
        wake(kind)
    assert jobs() == [f"countersign.{kind}"]
    run_worker()
    assert done.count(kind) == 2
    assert f"countersign.{kind}" not in jobs()


def test_a_wake_up_that_is_rolled_back_is_no_job(done):
    with transaction.atomic():
        wake("dispatch")
        transaction.set_rollback(True)
    assert jobs() == []


def test_the_sweep_puts_every_kind_of_work_on_its_way(done):
    from inbox import tasks

    tasks.sweep(0)
    assert done == ["sweep", "sweep"]
    assert jobs() == [f"countersign.{kind}" for kind in WOKEN]


def test_a_job_that_finds_every_place_taken_leaves_its_work_to_who_is_there(monkeypatch):
    from inbox.tasks import _Desk

    began, may_end, done = threading.Event(), threading.Event(), []
    todo = ["first"]

    def unit():
        if not todo:
            return False
        done.append(todo.pop())
        began.set()
        may_end.wait(10)
        return True

    monkeypatch.setattr(work, "WORK", {"ingest": unit})
    desk = _Desk("ingest", 1)
    busy = threading.Thread(target=desk.work)
    busy.start()
    began.wait(10)
    todo.append("second")
    desk.work()
    assert done == ["first"]
    may_end.set()
    busy.join(10)
    assert done == ["first", "second"]
