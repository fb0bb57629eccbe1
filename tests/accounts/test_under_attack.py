"""What a hostile reader tried on connecting and looking after accounts: late answers, dead workers, many Pages, a Meta that hangs."""

from datetime import timedelta

import pytest
from django.core import mail
from django.core.exceptions import ValidationError
from django.urls import reverse

from accounts.banner import banners, with_menders
from accounts.checklist import checklist
from accounts.connecting import saving
from accounts.connecting.begin import PATIENCE, choose
from accounts.connecting.found import Found, known_here
from accounts.connection import deauthorise, disconnect, mend
from accounts.mailing import write_mail
from accounts.models import Account, AccountCheck, Activity, ConnectionRequest, MetaApp
from accounts.tending import work as tending
from accounts.tending.asking import ask_refresh
from accounts.tending.looking import look_at
from accounts.tending.refreshing import refresh
from accounts.tending.subscribing import subscribe
from core.clock import now
from graph.networks import Login, Network
from inbox.work import WORK, work_until_idle
from tests.accounts.connecting import GALLERY, MARTA, ROASTERY, ROASTERY_GRAM, SHOP, make_town, work
from tests.accounts.tending import fresh, reads
from tests.accounts.test_connecting import connect, log_in, paste

State = Account.State


@pytest.fixture
def town(cast):
    return make_town(cast)


def line(account, name):
    return next(each for each in checklist(fresh(account), at=now()) if each.name == name)


def begun_to_save(town, *ids):
    """A request of which the worker saves the first account, and dies in the second."""
    request = log_in(town, "facebook", MARTA)
    assert choose(request, ids, history_days=0, by=request.by, at=now())
    return request


class Dead(BaseException):
    """The worker's process is gone."""


# A worker that dies ------------------------------------------------------------------------------------------------
def die_at(monkeypatch, name, *, times=1):
    """Let the worker die when it comes to this step of saving."""
    step, calls = getattr(saving, name), []

    def dying(*args, **more):
        calls.append(args)
        if len(calls) >= times:
            raise Dead
        return step(*args, **more)

    monkeypatch.setattr(saving, name, dying)
    with pytest.raises(Dead):
        work()
    monkeypatch.setattr(saving, name, step)


def test_what_was_saved_before_the_worker_died_is_subscribed_even_if_nobody_goes_on(town, clock, monkeypatch):
    town.simulator.world.set_account(ROASTERY, "fields", "")
    begun_to_save(town, f"messenger-{ROASTERY}")
    die_at(monkeypatch, "_subscribed")
    clock.shift(PATIENCE + timedelta(minutes=1))
    work()
    work_until_idle("tend")
    assert "messages" in town.simulator.world.account(ROASTERY).fields.split(",")
    assert fresh(Account.objects.get(external_id=ROASTERY)).wants == []


def test_a_request_that_is_ended_late_does_not_deny_what_it_has_saved(town, clock, monkeypatch, sign_in):
    request = begun_to_save(town, f"messenger-{ROASTERY}", f"instagram-{ROASTERY_GRAM}")
    die_at(monkeypatch, "_store", times=2)
    clock.shift(PATIENCE + timedelta(minutes=1))
    work()
    request.refresh_from_db()
    assert (request.state, request.secret.reveal()) == (ConnectionRequest.State.DONE, "")
    assert [entry["account"] for entry in request.chosen] == [Account.objects.get(external_id=ROASTERY).public_id]
    page = sign_in(town.cast.root).get(reverse("admin:connecting", args=[request.public_id])).content.decode()
    assert "Nothing was connected" not in page and "Nobody finished this within an hour" in page


def test_a_request_that_breaks_does_not_deny_what_it_has_saved(town, monkeypatch):
    request = begun_to_save(town, f"messenger-{ROASTERY}", f"instagram-{ROASTERY_GRAM}")
    die_at(monkeypatch, "_store", times=2)
    ConnectionRequest.objects.filter(pk=request.pk).update(lease_until=None)
    type(town.cast.root).objects.filter(pk=town.cast.root.pk).update(is_superuser=False)
    work()
    request.refresh_from_db()
    assert (request.state, len(request.chosen)) == (ConnectionRequest.State.DONE, 1)
    assert [found["problems"][0]["code"] for found in request.found if found["problems"]] == ["not_allowed"]


# Late answers ------------------------------------------------------------------------------------------------------
def test_an_account_that_changes_its_login_while_it_is_looked_at_is_not_called_broken(town):
    """Its turn began before somebody connected it through the other login."""
    town.simulator.add_account(Network.INSTAGRAM, GALLERY, "Gallery", "gallery", token="IGAAgallery", app=town.instagram.app_id, login=Login.INSTAGRAM)
    account = Account.objects.create(
        network=Network.INSTAGRAM, login=Login.FACEBOOK, meta_app=town.facebook, page_id=ROASTERY, name="Gallery", external_id=GALLERY, token="EAAold"
    )
    claimed = fresh(account)
    Account.objects.filter(pk=account.pk).update(login=Login.INSTAGRAM, meta_app=town.instagram, page_id="", token="IGAAgallery")
    tending._tend(claimed, now())
    assert fresh(account).state == State.CONNECTED
    assert not Activity.objects.filter(verb="account.broken", account=account).exists()


def test_a_late_answer_to_an_old_tokens_subscription_says_nothing_of_the_new_one(cast):
    cast.simulator.set_token("EAAshop", dead=458)
    late = fresh(cast.shop)
    Account.objects.filter(pk=cast.shop.pk).update(token="EAAnew", subscribed_fields=["messages"])
    subscribe(late)
    assert (fresh(cast.shop).troubles, fresh(cast.shop).subscribed_fields) == ({}, ["messages"])


def test_a_late_refusal_to_refresh_an_old_token_says_nothing_of_the_new_one(cast):
    Account.objects.filter(pk=cast.studio.pk).update(token_stored_at=now() - timedelta(days=50), token_expires_at=now() + timedelta(days=2))
    late = fresh(cast.studio)
    cast.simulator.fault("error", route="refresh_access_token", code=100)
    Account.objects.filter(pk=cast.studio.pk).update(token="IGAAnew", token_stored_at=now())
    assert refresh(late) == "refused"
    assert fresh(cast.studio).troubles == {}


def test_an_account_that_was_disconnected_meanwhile_is_not_mended(cast):
    seen = fresh(cast.shop)
    disconnect(cast.shop, by=cast.dana, at=now(), reason="The Page was sold.")
    with pytest.raises(ValidationError):
        mend(seen, by=cast.dana, at=now())
    assert fresh(cast.shop).state == State.DISCONNECTED


def test_a_restriction_does_not_hide_a_dead_token(cast):
    cast.shop.break_down(State.NEEDS_RECONNECT, reason="token_dead", at=now())
    assert not cast.shop.break_down(State.RESTRICTED, reason="restricted", at=now())
    assert fresh(cast.shop).state == State.NEEDS_RECONNECT


def test_who_began_before_it_was_disconnected_does_not_bring_it_back(town):
    request = log_in(town, "facebook", MARTA)
    disconnect(town.cast.shop, by=town.cast.dana, at=now(), reason="The Page was sold.")
    choose(request, [f"messenger-{SHOP}"], history_days=0, by=request.by, at=now())
    work()
    request.refresh_from_db()
    assert (request.state, request.error) == (ConnectionRequest.State.FAILED, "disconnected")
    assert (fresh(town.cast.shop).state, bool(fresh(town.cast.shop).token)) == (State.DISCONNECTED, False)


def test_who_begins_after_it_was_disconnected_does(town):
    disconnect(town.cast.shop, by=town.cast.dana, at=now(), reason="The Page was sold.")
    request = log_in(town, "facebook", MARTA)
    choose(request, [f"messenger-{SHOP}"], history_days=0, by=request.by, at=now())
    work()
    assert fresh(town.cast.shop).state == State.CONNECTED


def test_who_removed_the_app_before_they_logged_in_again_keeps_their_new_token(cast):
    """Meta may tell late, and tell twice."""
    Account.objects.filter(pk=cast.shop.pk).update(meta_user_id=MARTA, token_stored_at=now())
    assert deauthorise(cast.shop.meta_app, MARTA, at=now(), said_at=now() - timedelta(minutes=5)) == []
    assert (fresh(cast.shop).state, bool(fresh(cast.shop).token)) == (State.CONNECTED, True)
    assert deauthorise(cast.shop.meta_app, MARTA, at=now(), said_at=now() + timedelta(seconds=1)) == [cast.shop]
    assert (fresh(cast.shop).state, bool(fresh(cast.shop).token)) == (State.NEEDS_RECONNECT, False)


def test_nothing_mends_an_account_that_has_no_token(cast):
    seen = fresh(cast.shop)
    disconnect(cast.shop, by=cast.dana, at=now(), reason="The Page was sold.")
    assert not seen.mend(at=now())
    assert fresh(cast.shop).state == State.DISCONNECTED


# What the screen says ----------------------------------------------------------------------------------------------
def test_an_account_that_moves_to_another_app_has_heard_nothing_there_yet(town):
    other = MetaApp.objects.create(kind="facebook", app_id="1400000000000001", name="Old app", secret="old-secret", verify_token="verify", handshake_at=now())
    page = Account.objects.create(network=Network.MESSENGER, meta_app=other, name="Harbour Roastery", external_id=ROASTERY, token="EAAold", webhook_at=now())
    request = log_in(town, "facebook", MARTA)
    connect(request, f"messenger-{ROASTERY}")
    page = fresh(page)
    assert (page.meta_app, page.webhook_at) == (town.facebook, None)
    assert line(page, "handshake").state != "done"
    work_until_idle("tend")
    assert fresh(page).is_delayed, "Until Meta has asked for our address, conversations are read."


def test_an_account_that_stays_with_its_app_goes_on_hearing(town):
    heard = now()
    Account.objects.filter(pk=town.cast.shop.pk).update(webhook_at=heard)
    paste(town, town.page_token(SHOP), account=fresh(town.cast.shop), by=town.cast.dana)
    assert fresh(town.cast.shop).webhook_at == heard


def test_the_moment_when_the_old_token_was_found_dead_is_not_when_the_new_one_worked(town):
    died = now() - timedelta(days=3)
    Account.objects.filter(pk=town.cast.shop.pk).update(state=State.NEEDS_RECONNECT, state_reason="token_dead", checked_at=died, state_changed_at=died)
    paste(town, town.page_token(SHOP), account=fresh(town.cast.shop), by=town.cast.dana)
    shop = fresh(town.cast.shop)
    assert shop.state == State.CONNECTED
    assert shop.checked_at == shop.token_stored_at


def test_a_dead_token_is_not_said_to_be_refreshed(cast):
    Account.objects.filter(pk=cast.studio.pk).update(token_stored_at=now() - timedelta(days=61), token_expires_at=now() - timedelta(days=1))
    with pytest.raises(ValidationError, match="Reconnect"):
        ask_refresh(fresh(cast.studio), by=cast.dana, at=now())
    Account.objects.filter(pk=cast.studio.pk).update(token_expires_at=now() + timedelta(days=9), state=State.NEEDS_RECONNECT)
    with pytest.raises(ValidationError, match="Reconnect"):
        ask_refresh(fresh(cast.studio), by=cast.dana, at=now())


def test_the_account_page_says_who_replaced_the_token_last(town, sign_in):
    Activity.record("account.token_replaced", town.cast.shop, by=town.cast.root, at=now() - timedelta(days=300), account=town.cast.shop)
    paste(town, town.page_token(SHOP), account=fresh(town.cast.shop), by=town.cast.dana)
    page = sign_in(town.cast.root).get(reverse("admin:accounts_account_change", args=[town.cast.shop.pk])).content.decode()
    assert "by Dana" in page


def test_another_secret_of_an_app_is_tried_at_once(cast, sign_in):
    app = cast.shop.meta_app
    MetaApp.objects.filter(pk=app.pk).update(check_due_at=now() + timedelta(hours=1), trouble="app_secret")
    values = {"kind": app.kind, "name": app.name, "app_id": app.app_id, "secret": "app-secret", "verify_token": "", "config_id": "", "access_level": ""}
    answer = sign_in(cast.root).post(reverse("admin:accounts_metaapp_change", args=[app.pk]), values)
    assert answer.status_code == 302
    work_until_idle("tend")
    assert MetaApp.objects.get(pk=app.pk).trouble == ""


# What somebody sends us --------------------------------------------------------------------------------------------
def test_a_start_without_a_way_is_refused_and_breaks_nothing(cast, sign_in):
    answer = sign_in(cast.root).post(reverse("admin:connect"), {"app": cast.shop.meta_app.public_id})
    assert answer.status_code == 422


# Many --------------------------------------------------------------------------------------------------------------
def test_somebody_with_thousands_of_pages_sees_which_are_connected_here(cast):
    found = [Found(Network.MESSENGER, Login.FACEBOOK, str(200_000_000_000 + number), "Page") for number in range(3000)]
    found.append(Found(Network.MESSENGER, Login.FACEBOOK, cast.shop.external_id, "Shop"))
    found.append(Found(Network.INSTAGRAM, Login.FACEBOOK, cast.shop.external_id, "The same number on the other network"))
    assert known_here(found) == {f"messenger-{cast.shop.external_id}": cast.shop}


def test_a_mail_leaves_although_many_accounts_wait_for_their_turn(cast, settings):
    settings.MAILS_LEAVE = True
    write_mail(to=cast.dana, kind="test", key="test:1", subject="Hello", body="There.", at=now())
    Account.objects.update(check_due_at=now())
    WORK["tend"]()
    assert len(mail.outbox) == 1
    assert Account.objects.filter(check_due_at__lte=now()).exists()


def test_managers_are_told_although_many_accounts_wait_for_their_turn(cast, settings):
    settings.MAILS_LEAVE = True
    work_until_idle("tend")
    cast.shop.break_down(State.NEEDS_RECONNECT, reason="token_dead", at=now())
    Account.objects.update(check_due_at=now())
    MetaApp.objects.update(check_due_at=now())
    WORK["tend"]()
    assert fresh(cast.shop).told_state == State.NEEDS_RECONNECT


def test_a_banner_over_many_accounts_asks_who_can_mend_them_once(cast, django_assert_max_num_queries):
    for number in range(20):
        Account.objects.create(
            network=Network.MESSENGER, meta_app=cast.shop.meta_app, name=f"Page {number}", external_id=str(9000 + number), state=State.NEEDS_RECONNECT
        )
    with django_assert_max_num_queries(1):
        shown = banners(cast.bob, with_menders(Account.objects.all()), at=now())
    assert len(shown) == 20 and all("Root" in each.others for each in shown)


def test_old_checks_are_cleared_away_account_by_account(cast):
    old = AccountCheck.objects.create(account=cast.shop, at=now() - timedelta(days=91), verdict="well")
    Account.objects.update(check_due_at=now())
    work_until_idle("tend")
    assert not AccountCheck.objects.filter(pk=old.pk).exists()


def test_where_meta_hangs_an_account_is_asked_about_once(cast):
    """Each call may take half a minute, and hundreds of accounts wait."""
    cast.simulator.fault("drop_before", route="*", times=None)
    before = len(cast.simulator.requests())
    found = look_at(fresh(cast.studio))
    assert found.troubles == dict.fromkeys(("token", "subscription", "messages_access"), "not_reached")
    assert (found.dead, len(cast.simulator.requests()) - before) == ("", 1)


def test_who_connects_many_waits_once_for_a_meta_that_hangs(town):
    town.simulator.fault("drop_before", route="conversations", times=None)
    request = log_in(town, "facebook", MARTA)
    assert request.state == ConnectionRequest.State.CHOOSING
    assert len(request.found) == 3 and not any(found["problems"] for found in request.found)
    assert reads(town.cast, "/conversations") == 1
