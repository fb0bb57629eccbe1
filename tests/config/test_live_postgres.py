"""Between processes, PostgreSQL carries what changed."""

import threading

import pytest
from django.conf import settings
from django.db import connection, transaction

from core.live import Change, Hub, publish
from core.live_postgres import Listener

pytestmark = [pytest.mark.django_db(transaction=True, serialized_rollback=True), pytest.mark.skipif(not settings.POSTGRES, reason="PostgreSQL only")]


class Ear(Hub):
    def __init__(self):
        super().__init__()
        self.heard, self.something = [], threading.Semaphore(0)

    def announce(self, change):
        self.heard.append(change)
        self.something.release()


@pytest.fixture
def ear(monkeypatch):
    ear = Ear()
    monkeypatch.setattr("core.live_postgres.hub", ear)
    monkeypatch.setattr("core.live_postgres.TRY_AGAIN", 0.0)
    listener = Listener()
    listener.start()
    assert ear.something.acquire(timeout=10)
    assert ear.heard == [Change()]
    yield ear
    listener.stop()


def test_what_is_committed_is_heard(ear):
    with transaction.atomic():
        publish(Change(account=7, conversation="abc"))
        assert ear.heard == [Change()]
    assert ear.something.acquire(timeout=10)
    assert ear.heard == [Change(), Change(account=7, conversation="abc")]


def test_what_changed_is_heard_with_it(ear):
    publish(Change(account=7, conversation="abc", what="presence"))
    assert ear.something.acquire(timeout=10)
    assert ear.heard == [Change(), Change(account=7, conversation="abc", what="presence")]


def test_what_is_rolled_back_is_not(ear):
    with transaction.atomic():
        publish(Change(account=7, conversation="lost"))
        transaction.set_rollback(True)
    publish(Change(account=8))
    assert ear.something.acquire(timeout=10)
    assert ear.heard == [Change(), Change(account=8)]


def test_what_is_not_ours_means_that_anything_may_have_changed(ear):
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_notify('countersign_live', 'nonsense')")
    assert ear.something.acquire(timeout=10)
    assert ear.heard == [Change(), Change()]


def test_a_lost_connection_is_made_again(ear, caplog):
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE query LIKE 'LISTEN countersign%' AND datname = current_database()")
    assert ear.something.acquire(timeout=10)
    publish(Change(account=9))
    assert ear.something.acquire(timeout=10)
    assert ear.heard == [Change(), Change(), Change(account=9)]
    assert "was lost" in caplog.text
