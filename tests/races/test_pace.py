"""Many workers at once: one place is one worker's, and one message alone tries whether Meta still restricts the account."""

import threading
from datetime import timedelta

import pytest
from django.db import connection

from accounts.models import Account, AccountPace
from accounts.pacing import take_place
from core.clock import now
from inbox.claiming import claim, next_due
from inbox.content import Content
from inbox.models import Attempt, Contact, Conversation, Dispatch
from inbox.sending import send_next
from inbox.work import work_until_idle
from tests.conftest import make_cast
from tests.races.test_races import _at_once

pytestmark = pytest.mark.django_db(transaction=True, serialized_rollback=True)
State = Dispatch.State
HANDS = 8


@pytest.fixture
def crowd(db, simulator, settings, time_machine):
    settings.GRAPH_SENDS_PER_SECOND = 0
    time_machine.move_to(now(), tick=False)
    return make_cast(simulator)


def conversations(cast, number: int) -> list[Conversation]:
    ids = [cast.simulator.add_contact(cast.shop.external_id, f"Person {index}") for index in range(number)]
    for external_id in ids:
        cast.simulator.write(cast.shop.external_id, external_id, text="Hello")
    work_until_idle("ingest")
    return [Conversation.objects.get(contact=contact) for contact in Contact.objects.filter(external_id__in=ids)]


def test_no_place_is_taken_twice(crowd):
    at = now()
    results = _at_once(*[lambda: take_place(crowd.shop, AccountPace.Kind.TEXT, at=at) for _ in range(HANDS)])
    assert sorted(results) == [False] * 2 + [True] * 6
    assert AccountPace.objects.count() == 1


def test_one_message_tries_whoever_looks(crowd):
    for conversation in conversations(crowd, 4):
        conversation.reply(Content(text="Hello"), by=crowd.bob)
    Account.objects.filter(pk=crowd.shop.pk).update(state=Account.State.RESTRICTED, probe_due_at=now())
    results = _at_once(*[lambda number=number: claim(f"worker {number}", at=now()) for number in range(HANDS)])
    claimed = [result for result in results if result is not None]
    assert [type(result) for result in claimed] == [Dispatch]
    assert Account.objects.get(pk=crowd.shop.pk).probe == claimed[0].public_id


def test_a_burst_from_four_threads_meets_no_limit_of_metas(crowd, time_machine):
    """Two hundred messages; when every thread has found that nothing may leave, the clock goes on to when something may."""
    limits = {"messages": 30, "day": 100_000, "app": 100_000}
    crowd.simulator.add_app("1200000000000001", "app-secret", "verify-me", "http://testserver/webhooks/meta/", rate_limits=limits)
    for conversation in conversations(crowd, 20):
        for number in range(10):
            conversation.reply(Content(text=f"Part {number}"), by=crowd.bob)

    def go_on() -> None:
        if due := next_due(now()):
            time_machine.move_to(due + timedelta(milliseconds=150), tick=False)

    together = threading.Barrier(4, action=go_on)

    def work() -> None:
        try:
            while Dispatch.objects.filter(state__in=(State.QUEUED, State.SENDING)).exists():
                while send_next():
                    continue
                together.wait(timeout=60)
        finally:
            together.abort()
            connection.close()

    results = _at_once(*[work] * 4)
    assert not [result for result in results if isinstance(result, Exception) and not isinstance(result, threading.BrokenBarrierError)]
    assert set(Dispatch.objects.values_list("state", flat=True)) == {State.SENT}
    assert set(Attempt.objects.values_list("outcome", flat=True)) == {Attempt.Outcome.ACCEPTED}
    assert Attempt.objects.count() == 200


@pytest.mark.skipif(connection.vendor != "postgresql", reason="The embedded engine knows by itself when to look.")
def test_each_place_wakes_one_worker_once(crowd):
    from procrastinate.contrib.django.models import ProcrastinateJob

    for number in range(9):
        crowd.conversation(crowd.amina).reply(Content(text=f"Part {number}"), by=crowd.bob)
    work_until_idle("dispatch")
    before = ProcrastinateJob.objects.filter(scheduled_at__gt=now() - timedelta(seconds=1)).count()
    for _ in range(5):
        assert not send_next()
    assert ProcrastinateJob.objects.filter(scheduled_at__gt=now() - timedelta(seconds=1)).count() == before
    assert ProcrastinateJob.objects.filter(scheduled_at=next_due(now())).count() == 1
