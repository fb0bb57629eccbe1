"""Instagram tokens are refreshed in time, and the one that works is never lost."""

from datetime import timedelta

import pytest
from django.core.exceptions import ValidationError

from accounts.models import Account, Activity
from accounts.tending.asking import ask_refresh
from accounts.tending.refreshing import _granted, _store, is_due, refresh
from core.clock import now
from core.secret import Secret
from tests.accounts.tending import fresh, reads, tend

DAYS = timedelta(days=1)


@pytest.fixture
def studio(cast):
    """Its token was stored two months ago and ends in ten days."""
    return set_token(cast.studio, left=10 * DAYS)


def set_token(account, *, left, age=50 * DAYS):
    ends = now() + left if left is not None else None
    Account.objects.filter(pk=account.pk).update(token_expires_at=ends, token_stored_at=now() - age)
    return fresh(account)


def refreshed(account):
    return Activity.objects.filter(verb="account.token_refreshed", account=account)


@pytest.mark.parametrize("left", [10 * DAYS, timedelta(hours=1), None], ids=["ten days left", "an hour left", "nobody knows"])
def test_a_token_is_refreshed_in_time(cast, left):
    before = set_token(cast.studio, left=left)
    tend(cast.studio)
    after = fresh(cast.studio)
    assert after.token != before.token
    assert timedelta(days=59) < after.token_expires_at - now() < timedelta(days=61)
    assert refreshed(cast.studio).count() == 1
    tend(cast.studio)
    assert reads(cast, "refresh_access_token") == 1


@pytest.mark.parametrize(("left", "age"), [(20 * DAYS, 40 * DAYS), (10 * DAYS, timedelta(hours=23)), (-DAYS, 61 * DAYS)], ids=["early", "young", "expired"])
def test_a_token_that_has_time_or_that_meta_would_not_refresh_is_left_alone(cast, left, age):
    before = set_token(cast.studio, left=left, age=age)
    tend(cast.studio)
    assert (fresh(cast.studio).token, reads(cast, "refresh_access_token")) == (before.token, 0)


def test_a_pages_token_is_left_alone(cast):
    shop = set_token(cast.shop, left=2 * DAYS)
    assert not is_due(shop, at=now())
    tend(cast.shop)
    assert reads(cast, "refresh_access_token") == 0


def test_a_manager_may_have_a_token_refreshed_earlier(cast):
    studio = set_token(cast.studio, left=40 * DAYS)
    ask_refresh(studio, by=cast.dana, at=now())
    tend(cast.studio)
    assert (fresh(studio).token == studio.token, fresh(studio).wants) == (False, [])


def test_nobody_may_have_a_young_token_refreshed(cast):
    studio = set_token(cast.studio, left=60 * DAYS, age=timedelta(hours=2))
    with pytest.raises(ValidationError, match="24 hours"):
        ask_refresh(studio, by=cast.dana, at=now())


@pytest.mark.parametrize("kind", ["drop_before", "html", "error_before", "drop_after"])
def test_the_old_token_stays_until_the_new_one_is_there(cast, studio, kind):
    cast.simulator.fault(kind, route="refresh_access_token")
    assert refresh(studio)
    after = fresh(studio)
    assert (after.token, after.state) == (studio.token, Account.State.CONNECTED)
    assert after.troubles["refresh"]["code"] in ("not_reached", "unavailable")
    tend(studio)
    assert (fresh(studio).token == studio.token, fresh(studio).troubles) == (False, {})


def test_the_old_token_stays_where_the_new_one_does_not_work(cast, studio):
    cast.simulator.fault("token_dead", route="me", account=studio.external_id)
    assert refresh(studio) == "refused"
    assert (fresh(studio).token, fresh(studio).state) == (studio.token, Account.State.CONNECTED)


def test_two_workers_that_refresh_at_once_leave_one_token_that_works(cast, studio):
    first, second = _granted(studio), _granted(studio)
    assert _store(studio, first, at=now())
    assert not _store(studio, second, at=now())
    assert fresh(studio).token == Secret(first.token)
    assert refreshed(studio).count() == 1


def test_an_answer_that_comes_late_replaces_nothing_newer(cast, studio):
    late = _granted(studio)
    Account.objects.filter(pk=studio.pk).update(token="IGAAreconnected")
    assert not _store(studio, late, at=now())
    assert fresh(studio).token == Secret("IGAAreconnected")


def test_an_answer_that_comes_late_replaces_a_newer_token_that_is_dead(cast, studio):
    late = _granted(studio)
    Account.objects.filter(pk=studio.pk).update(token="IGAAdead", state=Account.State.NEEDS_RECONNECT, state_reason="token_dead")
    assert _store(studio, late, at=now())
    assert (fresh(studio).token, fresh(studio).state) == (Secret(late.token), Account.State.CONNECTED)


@pytest.mark.parametrize("state", [Account.State.DISCONNECTED, Account.State.NEEDS_RECONNECT])
def test_an_answer_that_comes_late_brings_no_token_back_that_was_taken_away(cast, studio, state):
    late = _granted(studio)
    Account.objects.filter(pk=studio.pk).update(token="", state=state)
    assert not _store(studio, late, at=now())
    assert not fresh(studio).token


def test_a_new_token_makes_an_old_refusal_meaningless(cast, studio):
    cast.simulator.fault("error", route="refresh_access_token", code=100)
    assert refresh(studio) == "refused"
    Account.objects.filter(pk=studio.pk).update(token_stored_at=now(), token_expires_at=now() + 60 * DAYS)
    tend(studio)
    assert fresh(studio).troubles == {}
