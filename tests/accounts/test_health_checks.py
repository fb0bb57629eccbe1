"""Scheduled checks: what Meta is asked of each account, what its answers become, and that no trouble on the way makes an account broken."""

from datetime import timedelta

import pytest

from accounts.checklist import checklist
from accounts.models import Account, AccountCheck, Activity, MetaApp
from accounts.tending.asking import ask_check
from accounts.tending.looking import look_at
from accounts.tending.noting import note
from accounts.tending.work import next_tend_due, tend_next
from core.clock import now
from core.lease import Lease, lease_time
from graph.scopes import NEEDED_SCOPES
from inbox.work import work_until_idle
from tests.accounts.tending import fresh, reads, tend

State, Access = Account.State, Account.MessagesAccess


def line(name, account):
    return next(each for each in checklist(fresh(account), at=now()) if each.name == name)


def test_a_page_is_checked_by_what_meta_tells_of_its_token(cast):
    tend(cast.shop)
    shop = fresh(cast.shop)
    assert (shop.state, shop.token_kind, shop.token_expires_at, shop.troubles) == (State.CONNECTED, "page", None, {})
    assert shop.data_access_until and shop.checked_at
    assert set(NEEDED_SCOPES["facebook", "messenger"]) <= set(shop.scopes) and "messages" in shop.subscribed_fields
    assert {line(name, shop).state for name in ("token", "scopes", "data_access", "subscription")} == {"done"}


def test_an_instagram_account_is_checked_by_what_its_token_can_do(cast):
    tend(cast.studio)
    studio = fresh(cast.studio)
    assert (studio.token_kind, studio.messages_access) == ("instagram", Access.ALLOWED)
    assert studio.scopes == list(NEEDED_SCOPES["instagram", "instagram"])
    assert {line(name, studio).state for name in ("scopes", "messages_access", "subscription")} == {"done"}


def test_each_check_is_kept_for_ninety_days_with_the_state_of_every_line(cast):
    old, young = (AccountCheck.objects.create(account=cast.studio, at=now() - timedelta(days=days), verdict="well") for days in (91, 89))
    tend(cast.shop)
    check = AccountCheck.objects.get(account=cast.shop)
    assert (check.findings["lines"]["token"], check.findings["codes"]) == ("done", {})
    assert list(AccountCheck.objects.filter(pk__in=[old.pk, young.pk])) == [young]


@pytest.mark.parametrize(
    ("subcode", "reason"),
    [(463, "token_expired"), (460, "password_changed"), (458, "app_removed"), (492, "role_lost"), (459, "checkpoint"), (467, "token_revoked")],
)
def test_a_dead_token_breaks_the_account_with_its_own_reason(cast, subcode, reason):
    cast.simulator.set_token("EAAshop", dead=subcode)
    tend(cast.shop)
    shop = fresh(cast.shop)
    assert (shop.state, shop.state_reason) == (State.NEEDS_RECONNECT, reason)
    assert line("token", shop).says == shop.why
    assert AccountCheck.objects.filter(account=shop).latest("pk").verdict == "bad"
    assert Activity.objects.get(verb="account.broken").details["reason"] == reason


def test_a_dead_instagram_token_is_found_as_well(cast):
    cast.simulator.set_token("IGAAstudio", dead=460)
    tend(cast.studio)
    assert (fresh(cast.studio).state, fresh(cast.studio).state_reason) == (State.NEEDS_RECONNECT, "password_changed")


@pytest.mark.parametrize("kind", ["drop_before", "html", "error_before", "rate_limited"])
@pytest.mark.parametrize("who", ["shop", "studio"])
def test_trouble_on_the_way_never_breaks_an_account(cast, kind, who, clock):
    account = getattr(cast, who)
    tend(account)
    known_at = fresh(account).checked_at
    clock.shift(timedelta(hours=3))
    cast.simulator.fault(kind, route="*", times=None)
    tend(account)
    after = fresh(account)
    assert (after.state, after.checked_at) == (State.CONNECTED, known_at)
    assert (line("token", after).state, line("subscription", after).state) == ("unknown", "unknown")
    assert "Not known since" in line("token", after).says
    assert AccountCheck.objects.filter(account=account).latest("pk").verdict == "unknown"
    assert after.check_due_at < now() + timedelta(minutes=10)


def test_what_was_unknown_is_known_again_with_the_next_answer(cast, clock):
    cast.simulator.fault("drop_before", route="*", times=None)
    tend(cast.shop)
    cast.simulator.clear_faults()
    tend(cast.shop)
    assert (fresh(cast.shop).troubles, line("token", cast.shop).state) == ({}, "done")


def test_since_when_something_is_unknown_stays_the_same_however_often_it_is_tried(cast, clock):
    tend(cast.shop)
    known_at = fresh(cast.shop).checked_at
    cast.simulator.fault("drop_before", route="*", times=None)
    for _ in range(3):
        clock.shift(timedelta(minutes=10))
        tend(cast.shop)
    assert fresh(cast.shop).troubles["token"] == {"code": "not_reached", "since": known_at.isoformat()}


def test_a_wrong_app_secret_says_nothing_about_the_token(cast):
    MetaApp.objects.update(secret="another")
    tend(cast.shop)
    shop = fresh(cast.shop)
    assert (shop.state, shop.troubles["token"]["code"]) == (State.CONNECTED, "app_secret")
    assert "app secret" in line("token", shop).says


def test_another_pages_token_is_not_this_ones(cast):
    cast.simulator.add_account("messenger", "104857600000009", "Bakery", token="EAAbakery", app="1200000000000001")
    Account.objects.filter(pk=cast.shop.pk).update(token="EAAbakery")
    tend(cast.shop)
    assert fresh(cast.shop).state_reason == "token_of_another"


def test_another_instagram_accounts_token_is_not_this_ones(cast):
    cast.simulator.add_account("instagram", "17841400000000099", "Yoga", token="IGAAyoga", app="1200000000000001", login="instagram")
    Account.objects.filter(pk=cast.studio.pk).update(token="IGAAyoga")
    tend(cast.studio)
    assert fresh(cast.studio).state_reason == "token_of_another"


def test_a_permission_that_was_given_for_other_pages_only_is_lacking_here(cast):
    cast.simulator.set_token("EAAshop", scopes=["pages_messaging"])
    tend(cast.shop)
    assert (line("scopes", cast.shop).state, fresh(cast.shop).state) == ("bad", State.CONNECTED)
    assert "pages_manage_metadata" in line("scopes", cast.shop).says


def test_data_access_that_ends_soon_needs_care(cast):
    cast.simulator.set_token("EAAshop", data_access_in=5 * 86400)
    tend(cast.shop)
    assert line("data_access", cast.shop).state == "care"


def test_instagrams_switch_is_read_and_read_again(cast):
    cast.simulator.allow_messages(cast.studio.external_id, False)
    tend(cast.studio)
    assert (fresh(cast.studio).messages_access, line("messages_access", cast.studio).state) == (Access.REFUSED, "bad")
    assert fresh(cast.studio).state == State.CONNECTED
    cast.simulator.allow_messages(cast.studio.external_id, True)
    tend(cast.studio)
    assert line("messages_access", cast.studio).state == "done"


def test_an_account_without_a_token_is_bad_and_asks_nothing_of_meta(cast):
    Account.objects.filter(pk=cast.shop.pk).update(token="")
    before = len(cast.simulator.requests())
    MetaApp.objects.update(check_due_at=None)
    tend(cast.shop)
    Account.objects.filter(pk=cast.studio.pk).update(check_due_at=None)
    assert (fresh(cast.shop).state, line("token", cast.shop).state) == (State.NEEDS_RECONNECT, "bad")
    assert AccountCheck.objects.filter(account=cast.shop).latest("pk").findings["codes"] == {"token": "no_token"}
    assert not [each for each in cast.simulator.requests()[before:] if cast.shop.external_id in each["path"]]


# Turns -----------------------------------------------------------------------------------------------------------
@pytest.fixture
def only_shop(cast):
    """Nothing else is due."""
    work_until_idle("tend")
    Account.objects.filter(pk=cast.shop.pk).update(check_due_at=now())
    return cast.shop


def test_an_account_is_checked_once_an_hour(cast, only_shop, clock):
    assert tend_next() and not tend_next()
    due = fresh(only_shop).check_due_at - now()
    assert timedelta(minutes=50) < due < timedelta(minutes=70)
    assert next_tend_due(now()) == min([*Account.objects.values_list("check_due_at", flat=True), *MetaApp.objects.values_list("check_due_at", flat=True)])


def test_a_turn_that_nobody_ends_is_taken_over(cast, only_shop, clock):
    from accounts.tending.work import _claim

    assert _claim(Account.objects.all(), now()).pk == only_shop.pk
    assert not tend_next()
    clock.shift(lease_time() + timedelta(seconds=1))
    checks = AccountCheck.objects.filter(account=only_shop)
    before = checks.count()
    assert tend_next()
    assert checks.count() == before + 1


def test_who_asks_while_a_check_runs_gets_another(cast, only_shop):
    from accounts.tending.work import _claim, _give_back

    claimed = _claim(Account.objects.select_related("meta_app"), now())
    ask_check(only_shop, by=cast.dana, at=now())
    _give_back(Lease(claimed, "check_due_at"), now() + timedelta(hours=1))
    assert fresh(only_shop).check_due_at <= now()


def test_what_was_found_about_a_token_that_was_replaced_meanwhile_is_not_written(cast):
    cast.simulator.set_token("EAAshop", dead=463)
    shop = fresh(cast.shop)
    found = look_at(shop)
    Account.objects.filter(pk=shop.pk).update(token="EAAnewer", state=State.CONNECTED)
    assert note(shop, found, at=now()) is None
    assert fresh(shop).state == State.CONNECTED


def test_a_disconnected_account_is_not_looked_at(cast):
    work_until_idle("tend")
    Account.objects.filter(pk=cast.shop.pk).update(state=State.DISCONNECTED, token="", check_due_at=now())
    before = reads(cast, "debug_token")
    work_until_idle("tend")
    assert (fresh(cast.shop).check_due_at, reads(cast, "debug_token")) == (None, before)


def test_a_check_never_writes_the_token_anywhere(cast, caplog):
    cast.simulator.set_token("EAAshop", dead=463)
    tend()
    rows = [str(check.findings) for check in AccountCheck.objects.all()] + [str(activity.details) for activity in Activity.objects.all()]
    assert not any("EAA" in text or "IGAA" in text for text in [*rows, caplog.text, *(str(account.troubles) for account in Account.objects.all())])
