"""The page that answers: are all accounts well, and were they?"""

from datetime import timedelta
from zoneinfo import ZoneInfo

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils.html import escape

from accounts.models import Account, AccountCheck, Grant, MetaApp, User
from accounts.reasons import reason_sentence
from core.clock import now
from graph.networks import Login, Network
from graph.scopes import NEEDED_SCOPES
from graph.subscription_fields import fields_for

PAGE, NOW = "/admin/health/", "/admin/health/now/"


@pytest.fixture
def well(cast):
    """Both accounts as they should be."""
    MetaApp.objects.update(handshake_at=now(), door="open", door_at=now(), access_level="advanced", checked_at=now())
    later = {"token_expires_at": now() + timedelta(days=50), "data_access_until": now() + timedelta(days=80)}
    for account in Account.objects.all():
        login, network = Login(account.login), Network(account.network)
        Account.objects.filter(pk=account.pk).update(
            checked_at=now(), subscribed_fields=list(fields_for(login, network)), scopes=list(NEEDED_SCOPES[login, network]), token_stored_at=now(),
            messages_access="allowed", sent_at=now(), **later,
        )  # fmt: skip


def check(account, verdict: str, *, days_ago: float = 0, **lines: str) -> AccountCheck:
    return AccountCheck.objects.create(account=account, at=now() - timedelta(days=days_ago), verdict=verdict, findings={"lines": lines, "codes": {}})


def rows(browser, **asked):
    return list(browser.get(PAGE, asked).context["health"].drawn)


# Now ------------------------------------------------------------------------------------------------------------------
def test_where_all_is_well_it_says_so(cast, well, browser):
    shown = browser.get(PAGE)
    assert [row.kind for row in shown.context["health"].page] == ["well", "well"]
    assert "All accounts are well." in shown.text


def test_what_is_broken_comes_first_with_its_reason(cast, well, browser):
    Account.objects.filter(pk=cast.studio.pk).update(state="needs_reconnect", state_reason="password_changed")
    shown = browser.get(PAGE)
    assert next((row.account, row.kind) for row in shown.context["health"].page) == (cast.studio, "bad")
    assert "1 account is broken." in shown.text
    assert escape(reason_sentence("password_changed")) in shown.text


def test_a_disconnected_account_comes_last_and_is_no_alarm(cast, well, browser):
    Account.objects.filter(pk=cast.shop.pk).update(state="disconnected", state_reason="Sold.")
    assert [row.account for row in rows(browser)] == [cast.studio, cast.shop]
    assert rows(browser)[1].tone == "quiet"


def test_one_kind_can_be_shown_alone(cast, well, browser):
    Account.objects.filter(pk=cast.shop.pk).update(state="needs_reconnect")
    assert [row.account for row in rows(browser, state="bad")] == [cast.shop]
    assert "No account is in this state." in browser.get(PAGE, {"state": "disconnected"}).text
    assert len(rows(browser, state="nonsense")) == 2
    assert len(rows(browser, page="nonsense")) == 2


def test_without_an_account_the_page_says_what_it_will_show(db, sign_in):
    shown = sign_in(User.objects.create_superuser("first@example.test")).get(PAGE).text
    assert "No account is connected yet." in shown
    assert 'href="/admin/connect/"' in shown


def test_that_no_e_mail_leaves_is_said(cast, browser, settings):
    settings.MAILS_LEAVE = False
    assert "E-mail is not configured" in browser.get(PAGE).text
    settings.MAILS_LEAVE = True
    assert "E-mail is not configured" not in browser.get(PAGE).text


# Before ---------------------------------------------------------------------------------------------------------------
def test_each_day_shows_the_worst_that_was_seen_and_what_it_was(cast, browser, clock):
    clock.move_to(now().replace(hour=12), tick=True)
    check(cast.shop, "well", days_ago=2.1, token="done")
    check(cast.shop, "bad", days_ago=2, token="bad", scopes="care")
    check(cast.shop, "well", days_ago=1.9)
    check(cast.shop, "care", days_ago=1, data_access="care")
    check(cast.shop, "well")
    days = next(row.strip for row in rows(browser) if row.account == cast.shop).days
    assert len(days) == 30
    assert [(day.verdict, day.causes) for day in days[-4:]] == [("", ()), ("bad", ("Access token",)), ("care", ("Access to data",)), ("well", ())]


def test_the_strip_says_the_same_in_words(cast, browser, clock):
    clock.move_to(now().replace(hour=12), tick=True)
    for days_ago in (0, 1, 2):
        check(cast.shop, "well", days_ago=days_ago)
    check(cast.shop, "bad", days_ago=3, token="bad")
    strip = next(row.strip for row in rows(browser) if row.account == cast.shop)
    assert strip.summary == "1 day broken, 3 days well, 26 days not looked at"
    assert [(each.words, each.causes, (each.last - each.first).days) for each in strip.stretches] == [
        ("well", "", 2), ("broken", "Access token", 0), ("not looked at", "", 25),
    ]  # fmt: skip
    shown = browser.get(PAGE).text
    assert f'<title id="strip-{cast.shop.public_id}">Harbour Coffee in the last 30 days</title>' in shown
    assert "1 day broken, 3 days well, 26 days not looked at</desc>" in shown
    assert shown.count("<rect data-tone") == 60


def test_trouble_stands_taller_so_that_it_is_seen_without_colours(cast, browser):
    check(cast.shop, "bad"), check(cast.studio, "well")
    newest = {row.account.name: row.strip.bars[-1] for row in rows(browser)}
    assert newest["Harbour Coffee"].height > 2 * newest["Harbour Studio"].height
    assert newest["Harbour Coffee"].title.endswith(": broken")


def test_a_day_is_a_day_of_whoever_looks(cast, browser, clock):
    clock.move_to(now().replace(hour=11), tick=True)
    cast.root.time_zone = "Pacific/Auckland"
    cast.root.save()
    late = now().astimezone(ZoneInfo("Pacific/Auckland")).replace(hour=0, minute=30)
    AccountCheck.objects.create(account=cast.shop, at=late, verdict="bad")
    AccountCheck.objects.create(account=cast.shop, at=late - timedelta(hours=1), verdict="care")
    days = next(row.strip for row in rows(browser) if row.account == cast.shop).days
    assert [(day.date, day.verdict) for day in days[-2:]] == [(late.date() - timedelta(days=1), "care"), (late.date(), "bad")]


# Fresh, and for whom ----------------------------------------------------------------------------------------------------
def test_the_fresh_part_is_sent_only_where_it_changed(cast, browser):
    mark = browser.get(PAGE).context["health"].mark
    with CaptureQueriesContext(connection) as captured:
        assert browser.get(NOW, {"mark": mark}).status_code == 204
    assert "accountcheck" not in str(captured.captured_queries)
    Account.objects.filter(pk=cast.shop.pk).update(checked_at=now())
    fresh = browser.get(NOW, {"mark": mark})
    assert fresh.status_code == 200
    assert "<html" not in fresh.text


def test_a_manager_sees_her_accounts_alone(cast, browser, sign_in):
    Grant.objects.filter(user=cast.dana, account=cast.studio).delete()
    check(cast.studio, "bad")
    shown = sign_in(cast.dana).get(PAGE)
    assert [row.account for row in shown.context["health"].page] == [cast.shop]
    assert "Harbour Studio" not in shown.text
    assert len(rows(browser)) == 2


def test_who_manages_nothing_sees_nothing(cast, sign_in):
    Grant.objects.filter(user=cast.dana).delete()
    assert sign_in(cast.dana).get(PAGE).status_code == 403
    assert sign_in(cast.dana).get(NOW).status_code == 403


# What it costs ------------------------------------------------------------------------------------------------------------
def test_the_page_asks_as_much_for_many_as_for_few(cast, browser):
    browser.get(PAGE)
    check(cast.shop, "bad", token="bad")
    few = _queries(browser)
    for number in range(4):
        account = Account.objects.create(network="messenger", meta_app=cast.shop.meta_app, name=f"Shop {number}", external_id=str(number), token="t")
        check(account, "bad", token="bad"), check(account, "care", days_ago=3, token="care")
    assert _queries(browser) <= few <= 14


def _queries(browser) -> int:
    with CaptureQueriesContext(connection) as captured:
        assert browser.get(PAGE).status_code == 200
    return len(captured)


def test_a_page_shows_so_many_and_the_next_the_others(cast, browser, monkeypatch):
    monkeypatch.setattr("accounts.admin.overview.ON_A_PAGE", 1)
    assert [row.account for row in rows(browser)] == [cast.shop]
    assert [row.account for row in rows(browser, page="2")] == [cast.studio]
    assert "Page 1 of 2" in browser.get(PAGE).text
