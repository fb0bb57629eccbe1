"""Other processes' writes to the same SQLite file are noticed, and our own are not taken for theirs."""

import threading

import pytest
from django.conf import settings
from django.db import connection

from accounts.models import Activity
from config.server import _newest_activity
from core.clock import now
from core.live import Change, Hub
from core.live_sqlite import Watch
from core.wake import bell
from inbox.presence import look, present

pytestmark = [pytest.mark.django_db(transaction=True, serialized_rollback=True), pytest.mark.skipif(settings.POSTGRES, reason="SQLite only")]


class Ear(Hub):
    """A hub that remembers."""

    def __init__(self):
        super().__init__()
        self.heard = []

    def announce(self, change):
        super().announce(change)
        self.heard.append(change)


@pytest.fixture
def ear(monkeypatch):
    ear = Ear()
    monkeypatch.setattr("core.live_sqlite.hub", ear)
    return ear


@pytest.fixture
def watch(cast, ear):
    watch = Watch(_newest_activity, present)
    watch.look()
    bell("dispatch").clear()
    return watch


def elsewhere(function):
    """Another connection writes to the file, as another process would."""

    def write():
        function()
        connection.close()

    thread = threading.Thread(target=write)
    thread.start()
    thread.join()


def test_a_verb_elsewhere_is_told_to_every_browser(cast, watch, ear):
    elsewhere(lambda: Activity.record("proposal.made", cast.assistant, by=cast.assistant.user, at=now()))
    watch.look()
    assert ear.heard == [Change()]
    assert bell("dispatch").is_set()


def test_nothing_new_is_told_to_nobody(watch, ear):
    watch.look()
    assert ear.heard == []
    assert not bell("dispatch").is_set()


def test_a_write_that_is_no_verb_wakes_work_but_no_browser(cast, watch, ear):
    elsewhere(lambda: cast.conversation(cast.amina).mark_read(by=cast.bob))
    watch.look()
    assert ear.heard == []
    assert bell("dispatch").is_set()


def test_what_this_process_told_already_is_not_told_again(cast, watch, ear):
    def here():
        Activity.record("message.written", cast.assistant, by=cast.bob, at=now())
        ear.announce(Change(account=cast.shop.pk, conversation="abc"))

    elsewhere(here)
    watch.look()
    watch.look()
    assert ear.heard == [Change(account=cast.shop.pk, conversation="abc")]


def test_who_comes_and_types_elsewhere_is_told_to_those_who_show_it(cast, watch, ear):
    conversation = cast.conversation(cast.amina)
    here = Change(cast.shop.pk, conversation.public_id, "presence")
    elsewhere(lambda: look(conversation, by=cast.alice))
    watch.look()
    assert ear.heard == []  # nobody is there who would show it
    elsewhere(lambda: look(conversation, by=cast.bob))
    watch.look()
    assert ear.heard == [here]
    elsewhere(lambda: look(conversation, by=cast.bob))
    watch.look()
    assert ear.heard == [here]
    elsewhere(lambda: look(conversation, by=cast.bob, is_typing=True))
    watch.look()
    assert ear.heard == [here, here]


def test_presence_that_this_process_told_is_not_told_again_and_hides_no_verb(cast, watch, ear):
    conversation = cast.conversation(cast.amina)
    here = Change(cast.shop.pk, conversation.public_id, "presence")

    def both():
        look(conversation, by=cast.bob)
        Activity.record("proposal.made", cast.assistant, by=cast.assistant.user, at=now())
        ear.announce(here)

    elsewhere(both)
    watch.look()
    watch.look()
    assert ear.heard == [here, Change()]


def test_the_thread_looks_by_itself_and_stops(cast, ear, monkeypatch):
    monkeypatch.setattr("core.live_sqlite.EVERY", 0.01)
    looked = threading.Semaphore(0)

    def mark():
        looked.release()
        return _newest_activity()

    watch = Watch(mark)
    watch.start()
    assert looked.acquire(timeout=10)
    elsewhere(lambda: Activity.record("proposal.made", cast.assistant, by=None, at=now()))
    assert looked.acquire(timeout=10)
    watch.stop()
