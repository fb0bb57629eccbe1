"""A dead token: known at once whoever finds out, mended by itself where it comes back to life, and nothing that comes in is lost."""

from datetime import timedelta

import pytest
from django.core.exceptions import PermissionDenied, ValidationError

from accounts.connection import mend
from accounts.graph import client_for
from accounts.models import Account, AccountCheck, Activity, MetaApp
from accounts.tending.asking import ask_app_check, ask_check, ask_refresh, ask_subscribe
from core.clock import now
from graph.errors import MessagesSwitchedOff, TokenInvalid, Unavailable
from inbox.content import Content
from inbox.models import Dispatch, Message
from tests.accounts.tending import fresh, tend

State = Account.State


def broken(account):
    return Activity.objects.filter(verb="account.broken", account=account)


@pytest.mark.parametrize("call", ["account", "conversations", "subscriptions", "contact"])
def test_any_call_that_meets_a_dead_token_marks_the_account_at_once(cast, call):
    cast.simulator.set_token("EAAshop", dead=460)
    arguments = {"contact": [cast.amina.external_id]}.get(call, [])
    with pytest.raises(TokenInvalid):
        getattr(client_for(fresh(cast.shop)), call)(*arguments)
    assert (fresh(cast.shop).state, fresh(cast.shop).state_reason) == (State.NEEDS_RECONNECT, "password_changed")
    assert broken(cast.shop).get().details["code"] == "190/460"


def test_a_second_call_with_the_dead_token_changes_nothing(cast):
    cast.simulator.set_token("EAAshop", dead=460)
    for _ in range(2):
        with pytest.raises(TokenInvalid):
            client_for(fresh(cast.shop)).account()
    assert broken(cast.shop).count() == 1


def test_an_answer_to_an_old_token_says_nothing_about_the_one_stored_since(cast):
    cast.simulator.set_token("EAAshop", dead=460)
    client = client_for(fresh(cast.shop))
    Account.objects.filter(pk=cast.shop.pk).update(token="EAAnewer")
    with pytest.raises(TokenInvalid):
        client.account()
    assert fresh(cast.shop).state == State.CONNECTED
    assert not broken(cast.shop).exists()


def test_another_error_marks_nothing(cast):
    cast.simulator.fault("error_before", route="me", account=cast.shop.external_id)
    with pytest.raises(Unavailable):
        client_for(fresh(cast.shop)).account()
    assert fresh(cast.shop).state == State.CONNECTED


def test_that_instagram_lets_nobody_read_messages_is_noted_by_whichever_call_finds_out(cast):
    cast.simulator.allow_messages(cast.studio.external_id, False)
    with pytest.raises(MessagesSwitchedOff):
        client_for(fresh(cast.studio)).conversations()
    assert (fresh(cast.studio).messages_access, fresh(cast.studio).state) == (Account.MessagesAccess.REFUSED, State.CONNECTED)


def test_while_an_account_is_broken_what_comes_in_is_still_taken(cast):
    cast.shop.break_down(State.NEEDS_RECONNECT, reason="token_expired", at=now())
    cast.write(cast.amina, "Are you still there?")
    assert Message.objects.filter(conversation__contact=cast.amina, text="Are you still there?").exists()
    assert fresh(cast.shop).webhook_at is not None


def test_reconnecting_keeps_history_and_lets_what_waited_go(cast, clock):
    cast.simulator.set_token("EAAshop", dead=463)
    message = cast.conversation(cast.amina).reply(Content(text="It is back."), by=cast.bob)
    cast.settle()
    assert (fresh(cast.shop).state_reason, message.dispatch.state) == ("token_expired", Dispatch.State.QUEUED)
    cast.simulator.set_token("EAAshop", dead=0)
    assert mend(fresh(cast.shop), by=cast.dana, at=now())
    clock.shift(timedelta(seconds=5))
    cast.settle()
    assert Dispatch.objects.get(pk=message.dispatch.pk).state == Dispatch.State.SENT
    assert cast.conversation(cast.amina).messages.count() == 2


# By itself -----------------------------------------------------------------------------------------------------------
def test_a_token_that_works_again_mends_the_account_by_itself(cast):
    """Meta asked whoever connected it to confirm who they are, and they did."""
    cast.simulator.set_token("EAAshop", dead=459)
    tend(cast.shop)
    assert fresh(cast.shop).state == State.NEEDS_RECONNECT
    cast.simulator.set_token("EAAshop", dead=0)
    tend(cast.shop)
    assert (fresh(cast.shop).state, fresh(cast.shop).state_reason) == (State.CONNECTED, "")
    assert Activity.objects.filter(verb="account.healed", account=cast.shop).count() == 1
    assert AccountCheck.objects.filter(account=cast.shop).latest("pk").findings["lines"]["token"] == "done"


def test_an_account_heals_by_itself_once_a_day_at_most(cast, clock):
    for _ in range(2):
        cast.shop.break_down(State.NEEDS_RECONNECT, reason="token_dead", at=now())
        tend(cast.shop)
    assert fresh(cast.shop).state == State.NEEDS_RECONNECT
    clock.shift(timedelta(hours=25))
    tend(cast.shop)
    assert fresh(cast.shop).state == State.CONNECTED


def test_what_meta_restricts_no_token_mends(cast):
    cast.shop.break_down(State.RESTRICTED, reason="restricted", at=now())
    tend(cast.shop)
    assert fresh(cast.shop).state == State.RESTRICTED


# Who may ask ---------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize("ask", [ask_check, ask_subscribe])
def test_a_manager_may_ask_and_others_may_not(cast, ask):
    ask(cast.shop, by=cast.dana, at=now())
    assert fresh(cast.shop).check_due_at <= now()
    for person in (cast.alice, cast.bob, cast.charlie, cast.assistant.user):
        with pytest.raises(PermissionDenied):
            ask(cast.shop, by=person, at=now())


def test_nothing_is_asked_about_a_disconnected_account(cast):
    Account.objects.filter(pk=cast.shop.pk).update(state=State.DISCONNECTED)
    with pytest.raises(ValidationError):
        ask_check(cast.shop, by=cast.dana, at=now())


def test_a_pages_token_is_never_refreshed(cast):
    with pytest.raises(ValidationError, match="Instagram Login"):
        ask_refresh(cast.shop, by=cast.dana, at=now())


def test_only_superusers_look_after_apps(cast):
    with pytest.raises(PermissionDenied):
        ask_app_check(cast.shop.meta_app, by=cast.dana, at=now())
    MetaApp.objects.update(check_due_at=None)
    ask_app_check(cast.shop.meta_app, by=cast.root, at=now())
    assert MetaApp.objects.get().check_due_at is not None
