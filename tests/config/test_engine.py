"""The threads that do the work on one machine."""

import threading
from datetime import timedelta

import pytest
from django.db import transaction

from core.clock import now
from core.wake import bell, wake
from inbox import work
from inbox.engine import Engine
from inbox.models import Backfill, WebhookDelivery

pytestmark = pytest.mark.django_db(transaction=True, serialized_rollback=True)

KINDS = ("ingest", "fetch", "upkeep", "connect", "tend", "history", "settle", "dispatch")


@pytest.fixture
def busy(monkeypatch, settings):
    """Work that only counts: `busy.todo[kind]` units wait, `busy.done[kind]` says when one was done."""
    settings.POSTGRES = False
    settings.SWEEP_SECONDS = 60
    work_to_do = Busy()
    monkeypatch.setattr(work, "WORK", {kind: work_to_do.unit(kind) for kind in (*KINDS, "sweep")})
    monkeypatch.setattr(work, "next_due", lambda kind: work_to_do.due.get(kind))
    for kind in work.WORK:
        bell(kind).clear()
    return work_to_do


class Busy:
    def __init__(self):
        self.todo = {kind: threading.Semaphore(0) for kind in (*KINDS, "sweep")}
        self.done = {kind: threading.Semaphore(0) for kind in self.todo}
        self.looked = {kind: threading.Semaphore(0) for kind in self.todo}
        self.due = {}
        self.fails = 0

    def unit(self, kind):
        def do():
            if self.fails:
                self.fails -= 1
                self.looked[kind].release()
                raise ValueError("this unit is broken")
            if self.todo[kind].acquire(blocking=False):
                self.done[kind].release()
                return True
            self.looked[kind].release()
            return False

        return do


@pytest.fixture
def engine(busy):
    engine = Engine()
    yield engine
    engine.stop()
    assert not any(thread.is_alive() for thread in engine._threads)


@pytest.mark.parametrize("kind", KINDS)
def test_a_wake_up_after_the_commit_does_the_work(kind, busy, engine):
    engine.start()
    assert busy.looked[kind].acquire(timeout=10)
    with transaction.atomic():
        wake(kind)
        busy.todo[kind].release()
    assert busy.done[kind].acquire(timeout=10)


def test_what_waits_already_is_done_without_a_wake_up(busy, engine):
    for _ in range(3):
        busy.todo["ingest"].release()
    engine.start()
    assert all(busy.done["ingest"].acquire(timeout=10) for _ in range(3))


def test_what_becomes_due_is_done_without_a_wake_up(busy, engine):
    busy.due["dispatch"] = now() + timedelta(milliseconds=50)
    engine.start()
    assert busy.looked["dispatch"].acquire(timeout=10)
    busy.todo["dispatch"].release()
    assert busy.done["dispatch"].acquire(timeout=10)


def test_an_exception_ends_no_thread(busy, engine, monkeypatch, caplog):
    monkeypatch.setattr("inbox.engine.AFTER_TROUBLE", 0.0)
    busy.fails = 1
    engine.start()
    for kind in KINDS:
        assert busy.looked[kind].acquire(timeout=10)
        busy.todo[kind].release()
        bell(kind).set()
        assert busy.done[kind].acquire(timeout=10)
    assert "this unit is broken" in caplog.text


def test_what_a_killed_process_had_leased_goes_on_at_once(cast, busy, engine):
    leased = {"lease_until": now() + timedelta(hours=1)}
    backfill = Backfill.objects.create(account=cast.shop, at=now(), not_before=now(), **leased)
    WebhookDelivery.objects.update(state="received", **leased)
    engine.start()
    assert busy.looked["history"].acquire(timeout=10)
    backfill.refresh_from_db()
    assert backfill.lease_until is None
    assert not WebhookDelivery.objects.exclude(lease_until=None).exists()


def test_the_sweep_comes_by_itself(busy, settings):
    settings.SWEEP_SECONDS = 0.01
    engine = Engine()
    engine.start()
    assert busy.looked["sweep"].acquire(timeout=10)
    assert busy.looked["sweep"].acquire(timeout=10)
    engine.stop()
