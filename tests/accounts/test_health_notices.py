"""E-mails to those who can mend an account: when it breaks, when it is about to, when it works again; once each, and to nobody else."""

from datetime import timedelta

import pytest

from accounts.models import Account, Grant, Mail, Right, User
from accounts.tending.notices import menders
from core.clock import now
from tests.accounts.tending import fresh, tend

State = Account.State


@pytest.fixture(autouse=True)
def posted(settings):
    settings.MAILS_LEAVE = True
    settings.EMAIL_BACKEND = "django.core.mail.backends.locmem.EmailBackend"
    settings.PUBLIC_URL = "https://inbox.shop.example"


def mails(kind):
    return Mail.objects.filter(kind=kind).order_by("pk")


def to(kind):
    return sorted(mail.address for mail in mails(kind))


def test_managers_and_superusers_can_mend_an_account(cast):
    assert menders(cast.shop) == [cast.dana, cast.root]
    User.objects.filter(pk=cast.dana.pk).update(is_active=False)
    assert menders(cast.shop) == [cast.root]


def test_they_are_told_once_that_an_account_broke_and_once_that_it_works_again(cast, mailoutbox):
    cast.simulator.set_token("EAAshop", dead=460)
    for _ in range(2):
        tend(cast.shop)
    assert to("account-broken") == ["dana@example.test", "root@example.test"]
    told = next(mail for mail in mailoutbox if mail.to == ["dana@example.test"])
    assert told.subject == "Harbour Coffee needs to be reconnected"
    assert "password" in told.body and "still comes in" in told.body
    assert f"https://inbox.shop.example/admin/connect/?account={cast.shop.public_id}" in told.body
    assert "EAA" not in told.body
    cast.simulator.set_token("EAAshop", dead=0)
    for _ in range(2):
        tend(cast.shop)
    assert to("account-works") == ["dana@example.test", "root@example.test"]


def test_whoever_breaks_it_they_are_told(cast):
    cast.shop.break_down(State.RESTRICTED, reason="restricted", at=now())
    tend(cast.studio)
    assert [mail.subject for mail in mails("account-broken")] == ["Meta restricts Harbour Coffee"] * 2


def test_a_second_break_is_another_event(cast, clock):
    for _ in range(2):
        cast.shop.break_down(State.RESTRICTED, reason="restricted", at=now())
        tend(cast.studio)
        cast.shop.mend(at=now())
        tend(cast.studio)
        clock.shift(timedelta(hours=1))
    assert (len(mails("account-broken")), len(mails("account-works"))) == (4, 4)


def test_what_broke_and_was_mended_before_anybody_was_told_is_not_worth_a_mail(cast):
    cast.shop.break_down(State.RESTRICTED, reason="restricted", at=now())
    cast.shop.mend(at=now())
    tend(cast.studio)
    assert not Mail.objects.exists()


def test_a_disconnected_account_is_nobodys_news(cast):
    Account.objects.filter(pk=cast.shop.pk).update(state=State.DISCONNECTED)
    tend(cast.studio)
    assert not Mail.objects.exists()
    assert fresh(cast.shop).told_state == State.DISCONNECTED


def test_a_manager_of_another_account_is_not_told(cast):
    Grant.objects.create(user=cast.charlie, account=cast.studio, right=Right.MANAGE)
    cast.shop.break_down(State.RESTRICTED, reason="restricted", at=now())
    tend(cast.studio)
    assert "charlie@example.test" not in to("account-broken")


# In time -------------------------------------------------------------------------------------------------------------
def test_a_token_that_ends_within_a_week_and_cannot_be_refreshed_is_told_of_once(cast):
    cast.simulator.set_token("EAAshop", expires_in=5 * 86400)
    for _ in range(2):
        tend(cast.shop)
    assert len(mails("token-ends")) == 2
    assert mails("token-ends")[0].subject == "Harbour Coffee has to be reconnected soon"


def test_a_token_that_has_time_or_is_refreshed_is_nobodys_news(cast):
    cast.simulator.set_token("EAAshop", expires_in=9 * 86400)
    Account.objects.filter(pk=cast.studio.pk).update(token_expires_at=now() + timedelta(days=5), token_stored_at=now() - timedelta(days=55))
    tend()
    assert not mails("token-ends").exists()


def test_an_instagram_token_that_meta_does_not_refresh_is_told_of(cast):
    Account.objects.filter(pk=cast.studio.pk).update(token_expires_at=now() + timedelta(days=5), token_stored_at=now() - timedelta(days=55))
    cast.simulator.fault("error", route="refresh_access_token", code=100, times=None)
    tend(cast.studio)
    assert to("token-ends") == ["dana@example.test", "root@example.test"]


@pytest.mark.parametrize(("days", "number"), [(13, 2), (20, 0)])
def test_access_to_data_that_ends_within_two_weeks_is_told_of(cast, days, number):
    cast.simulator.set_token("EAAshop", data_access_in=days * 86400)
    tend(cast.shop)
    assert len(mails("data-access-ends")) == number


def test_silence_alone_is_nobodys_news(cast):
    Account.objects.filter(pk=cast.shop.pk).update(webhook_at=now() - timedelta(days=30))
    tend(cast.shop)
    assert not Mail.objects.exists()
