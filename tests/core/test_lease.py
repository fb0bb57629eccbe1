"""Leases: kept alive while somebody works, taken over once they are silent, and never written to by whoever lost them."""

import threading
from datetime import timedelta

import pytest
from django.db import transaction
from django.db.models import Q

from core.clock import now
from core.lease import Lease, is_free, kept, lease_time
from inbox.models import WebhookDelivery

A_MOMENT = timedelta(seconds=1)


@pytest.fixture
def delivery(cast) -> WebhookDelivery:
    delivery = WebhookDelivery.objects.order_by("pk").last()
    delivery.lease_until = now() + lease_time()
    delivery.save()
    return delivery


def taken_over(delivery: WebhookDelivery, clock) -> Lease:
    """Another worker has it, after whoever had it was silent for too long."""
    clock.shift(lease_time() + A_MOMENT)
    other = WebhookDelivery.objects.filter(is_free(now())).get(pk=delivery.pk)
    other.lease_until = now() + lease_time()
    other.save()
    return Lease(other)


def test_who_holds_a_lease_writes(delivery):
    lease = Lease(delivery)
    assert lease.is_ours() and lease.renew(tries=1) and lease.update(tries=2)
    delivery.refresh_from_db()
    assert delivery.tries == 2 and delivery.lease_until > now()


def test_who_lost_it_writes_nothing_more(delivery, clock):
    lost = Lease(delivery)
    lost.renew()
    held = taken_over(delivery, clock)
    assert not (lost.renew() or lost.update(tries=9) or lost.is_ours())
    assert held.update(tries=1) and WebhookDelivery.objects.get(pk=delivery.pk).tries == 1


def test_a_renewal_that_comes_too_late_takes_nothing_from_whoever_has_it_now(delivery, clock):
    lost = Lease(delivery)
    held = taken_over(delivery, clock)
    assert not lost.renew()
    assert held.is_ours()


def test_a_renewal_that_was_rolled_back_leaves_the_lease_as_it_was(delivery):
    lease = Lease(delivery)
    with transaction.atomic():
        assert lease.renew()
        transaction.set_rollback(True)
    assert lease.is_ours() and lease.update(tries=3)


def test_what_else_has_to_be_true_is_asked_with_each_write(delivery):
    lease = Lease(delivery, only=Q(state=WebhookDelivery.State.APPLIED))
    assert lease.is_ours()
    assert not lease.update(Q(tries=7), tries=8)
    WebhookDelivery.objects.update(state=WebhookDelivery.State.FAILED)
    assert not lease.update(tries=1)


def test_a_row_that_nobody_leased_is_ours_until_somebody_does(delivery, clock):
    WebhookDelivery.objects.update(lease_until=None)
    delivery.refresh_from_db()
    free = Lease(delivery)
    assert free.is_ours()
    taken_over(delivery, clock)
    assert not free.is_ours()


@pytest.mark.django_db(transaction=True, serialized_rollback=True)
def test_a_lease_is_renewed_for_as_long_as_somebody_works(simulator, settings):
    settings.LEASE_SECONDS = 0.03
    from tests.conftest import make_cast

    make_cast(simulator)
    delivery = WebhookDelivery.objects.order_by("pk").last()
    delivery.lease_until = now() + lease_time()
    delivery.save()
    lease, renewals = Lease(delivery), threading.Semaphore(0)

    def renew() -> bool:
        renewals.release()
        return lease.renew()

    with kept(renew):
        assert all(renewals.acquire(timeout=20) for _ in range(5))
        assert lease.update(tries=4), "Whoever writes beside the thread that renews finds it ours."
    assert WebhookDelivery.objects.get(pk=delivery.pk).lease_until > delivery.lease_until
    assert not any(thread.name == "lease" for thread in threading.enumerate())


def test_nothing_is_renewed_once_it_is_given_back(settings):
    settings.LEASE_SECONDS = 0.03
    asked = threading.Semaphore(0)

    def renew() -> bool:
        asked.release()
        return False

    with kept(renew):
        assert asked.acquire(timeout=20)
        assert not asked.acquire(timeout=0.2)


def test_a_renewal_that_breaks_is_tried_again(settings, caplog):
    settings.LEASE_SECONDS = 0.03
    tries = threading.Semaphore(0)

    def renew() -> bool:
        tries.release()
        raise ValueError("the database had a bad moment")

    with kept(renew):
        assert tries.acquire(timeout=20) and tries.acquire(timeout=20)
    assert "could not be renewed" in caplog.text
