"""What stands on every page while nothing leaves from an account: for everybody who reads it, and the way on for those who can mend it."""

from datetime import timedelta

import pytest

from accounts.banner import banners
from accounts.connection import disconnect
from accounts.models import Account
from accounts.moments import when
from accounts.pacing import pause
from core.clock import now
from inbox.views.waiting import why_nothing_leaves
from tests.accounts.tending import fresh

State = Account.State


def page(browser):
    return browser.get("/conversations/").text


@pytest.fixture
def broken(cast):
    cast.shop.break_down(State.NEEDS_RECONNECT, reason="password_changed", at=now())
    return f"/admin/connect/?account={cast.shop.public_id}"


def test_who_can_mend_it_gets_the_way(cast, broken, sign_in):
    for person in (cast.dana, cast.root):
        shown = page(sign_in(person))
        assert "needs to be reconnected" in shown and "password" in shown
        assert broken in shown


def test_who_cannot_is_told_who_can(cast, broken, sign_in):
    for person in (cast.alice, cast.bob):
        shown = page(sign_in(person))
        assert "needs to be reconnected" in shown and "These can mend it: Dana, Root." in shown
        assert broken not in shown


def test_who_does_not_read_it_sees_nothing_of_it(cast, broken, sign_in):
    assert "Harbour Coffee" not in page(sign_in(cast.charlie))


def test_a_restriction_leads_to_the_accounts_page(cast, sign_in):
    cast.shop.break_down(State.RESTRICTED, reason="restricted", at=now())
    shown = page(sign_in(cast.dana))
    assert "is restricted by Meta" in shown and f"/admin/accounts/account/{cast.shop.pk}/change/" in shown


def test_a_disconnected_account_promises_nothing(cast, clock):
    pause(cast.shop.pk, until=now() + timedelta(hours=1), at=now())
    disconnect(cast.shop, by=cast.dana, at=now(), reason="Sold")
    assert fresh(cast.shop).paused_until is None
    Account.objects.filter(pk=cast.shop.pk).update(paused_until=now() + timedelta(hours=1), held_at=now(), held_by=cast.dana)
    assert banners(cast.bob, [fresh(cast.shop)], at=now()) == []


def test_both_pauses_have_to_be_over(cast, clock):
    until = now() + timedelta(hours=3)
    Account.objects.filter(pk=cast.shop.pk).update(
        paused_until=until, held_at=now(), held_until=now() + timedelta(hours=1), held_by=cast.dana, held_reason="Inventory"
    )
    assert f"Until {when(until)}." in banners(cast.bob, [fresh(cast.shop)], at=now())[0].says
    assert f"It leaves after {when(until)}." in why_nothing_leaves(cast.conversation(cast.amina), now())


def test_a_name_is_never_markup(cast, broken, sign_in):
    Account.objects.filter(pk=cast.shop.pk).update(name="<b>Shop</b>")
    assert "<b>Shop</b>" not in page(sign_in(cast.bob))


def test_where_all_is_well_the_banner_costs_nothing(cast, django_assert_num_queries):
    accounts = list(Account.objects.all())
    with django_assert_num_queries(0):
        assert banners(cast.bob, accounts, at=now()) == []
