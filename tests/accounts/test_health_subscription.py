"""What Meta tells us of an account: read back, asked for again, and replaced by reading while nothing can come."""

from datetime import timedelta

import pytest

from accounts.checklist import checklist
from accounts.models import Account, Activity, MetaApp
from accounts.tending.asking import ask_subscribe
from accounts.tending.polls import set_polling
from core.clock import now
from graph.subscription_fields import fields_for
from inbox.work import work_until_idle
from tests.accounts.tending import fresh, tend


def line(name, account):
    return next(each for each in checklist(fresh(account), at=now()) if each.name == name)


@pytest.mark.parametrize("who", ["shop", "studio"])
def test_a_subscription_that_meta_dropped_is_found_and_asked_for_again(cast, who):
    account = getattr(cast, who)
    cast.simulator.unsubscribe(account.external_id)
    tend(account)
    found = line("subscription", account)
    assert (fresh(account).subscribed_fields, found.state, found.action) == ([], "bad", "subscribe")
    ask_subscribe(fresh(account), by=cast.dana, at=now())
    work_until_idle("tend")
    assert line("subscription", account).state == "done"
    assert (fresh(account).wants, fresh(account).troubles) == ([], {})
    assert set(fresh(account).subscribed_fields) <= set(fields_for(account.login, account.network))
    assert Activity.objects.get(verb="account.subscribed").account == account


def test_what_meta_refuses_is_said_and_not_tried_for_ever(cast):
    cast.simulator.fault("error", route="subscribed_apps", account=cast.shop.external_id, code=200, times=20)
    ask_subscribe(fresh(cast.shop), by=cast.dana, at=now())
    work_until_idle("tend")
    assert (fresh(cast.shop).wants, fresh(cast.shop).troubles["subscribe"]["code"]) == ([], "permission_missing")
    assert line("subscription", cast.shop).state == "bad"


def test_what_could_not_be_asked_is_asked_again(cast):
    cast.simulator.fault("drop_before", route="subscribed_apps", account=cast.shop.external_id, times=2)
    ask_subscribe(fresh(cast.shop), by=cast.dana, at=now())
    work_until_idle("tend")
    assert fresh(cast.shop).wants == ["subscribe"]
    cast.simulator.clear_faults()
    tend(cast.shop)
    assert (fresh(cast.shop).wants, fresh(cast.shop).troubles) == ([], {})


# Reading instead of hearing ------------------------------------------------------------------------------------------
def test_an_account_of_which_meta_sends_nothing_is_read_until_webhooks_come_again(cast, clock):
    cast.simulator.unsubscribe(cast.shop.external_id)
    tend(cast.shop)
    assert fresh(cast.shop).is_delayed and line("webhook", cast.shop).state == "care"
    _read(cast.shop)
    ask_subscribe(fresh(cast.shop), by=cast.dana, at=now())
    work_until_idle("tend")
    shop = fresh(cast.shop)
    assert shop.is_delayed and shop.poll_due_at <= now(), "What was missed is still to be read."
    clock.shift(timedelta(seconds=1))
    _read(cast.shop)
    work_until_idle("tend")
    assert (fresh(cast.shop).is_delayed, fresh(cast.shop).poll_until) == (False, None)


def _read(account):
    """What the reader leaves behind."""
    Account.objects.filter(pk=account.pk).update(polled_at=now(), poll_due_at=now() + timedelta(seconds=60))


def test_a_reading_from_before_webhooks_came_again_is_not_the_last(cast, clock):
    cast.simulator.unsubscribe(cast.shop.external_id)
    tend(cast.shop)
    _read(cast.shop)
    clock.shift(timedelta(seconds=1))
    Account.objects.filter(pk=cast.shop.pk).update(subscribed_fields=["messages"])
    for _ in range(2):
        set_polling(at=now())
    assert fresh(cast.shop).is_delayed


def test_whoever_was_never_asked_for_by_meta_is_read(cast):
    Account.objects.filter(pk=cast.shop.pk).update(webhook_at=None, subscribed_fields=["messages"])
    set_polling(at=now())
    assert (fresh(cast.shop).is_delayed, fresh(cast.studio).is_delayed) == (True, False)
    MetaApp.objects.update(handshake_at=now())
    set_polling(at=now())
    assert fresh(cast.shop).poll_until is not None


def test_an_account_is_deaf_again_before_the_last_reading(cast):
    Account.objects.filter(pk=cast.shop.pk).update(poll_due_at=now(), poll_until=now(), subscribed_fields=[])
    set_polling(at=now())
    assert (fresh(cast.shop).poll_until, fresh(cast.shop).is_delayed) == (None, True)


@pytest.mark.parametrize("state", [Account.State.DISCONNECTED, Account.State.NEEDS_RECONNECT])
def test_where_nothing_can_be_read_no_reading_begins(cast, state):
    Account.objects.filter(pk=cast.shop.pk).update(state=state, subscribed_fields=[])
    set_polling(at=now())
    assert not fresh(cast.shop).is_delayed


def test_looking_costs_one_query_where_nothing_changes(cast, django_assert_num_queries):
    MetaApp.objects.update(handshake_at=now())
    set_polling(at=now())
    with django_assert_num_queries(1):
        set_polling(at=now())
