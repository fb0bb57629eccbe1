"""What stands on every page while nothing leaves from an account: for everybody who reads it, and the way on for those who can mend it."""

import pytest

from accounts.banner import banners
from accounts.models import Account
from core.clock import now

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


def test_a_name_is_never_markup(cast, broken, sign_in):
    Account.objects.filter(pk=cast.shop.pk).update(name="<b>Shop</b>")
    assert "<b>Shop</b>" not in page(sign_in(cast.bob))


def test_where_all_is_well_the_banner_costs_nothing(cast, django_assert_num_queries):
    accounts = list(Account.objects.all())
    with django_assert_num_queries(0):
        assert banners(cast.bob, accounts, at=now()) == []
