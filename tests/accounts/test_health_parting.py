"""A disconnected account: nothing is sent at once, Meta is told to stop, and the token is gone within the hour whatever happens."""

from datetime import timedelta

from accounts.connection import disconnect, forget_connector
from accounts.models import Account, Activity
from accounts.tending.parting import AT_MOST
from core.clock import now
from core.secret import Secret
from graph.networks import Network
from inbox.work import work_until_idle
from tests.accounts.tending import fresh, tend


def part(cast, account=None):
    return disconnect(account or cast.shop, by=cast.dana, at=now(), reason="The Page was sold.")


def is_subscribed(cast, account):
    return bool(cast.simulator.world.account(account.external_id).fields)


def test_meta_is_told_to_send_nothing_more_and_then_the_token_is_forgotten(cast):
    work_until_idle("tend")
    part(cast)
    assert not fresh(cast.shop).token, "Nothing can be sent from now on."
    work_until_idle("tend")
    shop = fresh(cast.shop)
    assert not is_subscribed(cast, shop)
    assert (bool(shop.parting_token), shop.parting_until, shop.check_due_at) == (False, None, None)
    assert Activity.objects.filter(verb="account.unsubscribed", account=shop).exists()


def test_the_token_is_gone_within_the_hour_where_meta_cannot_be_reached(cast, clock):
    work_until_idle("tend")
    cast.simulator.fault("drop_before", route="*", times=None)
    part(cast)
    work_until_idle("tend")
    assert fresh(cast.shop).parting_token
    clock.shift(AT_MOST + timedelta(seconds=1))
    work_until_idle("tend")
    assert (bool(fresh(cast.shop).parting_token), fresh(cast.shop).check_due_at) == (False, None)


def test_the_token_is_gone_at_once_where_meta_refuses_it(cast):
    cast.simulator.set_token("EAAshop", dead=458)
    part(cast)
    work_until_idle("tend")
    assert not fresh(cast.shop).parting_token
    assert fresh(cast.shop).state == Account.State.DISCONNECTED


def test_an_account_that_was_connected_again_meanwhile_goes_on_hearing(cast):
    work_until_idle("tend")
    part(cast)
    Account.objects.filter(pk=cast.shop.pk).update(state=Account.State.CONNECTED, token="EAAshop", check_due_at=now())
    work_until_idle("tend")
    assert (bool(fresh(cast.shop).parting_token), is_subscribed(cast, cast.shop)) == (False, True)


def test_one_connected_again_while_meta_was_being_told_is_subscribed_anew(cast):
    from accounts.tending.parting import _forget

    work_until_idle("tend")
    part(cast)
    leaving = fresh(cast.shop)
    Account.objects.filter(pk=cast.shop.pk).update(state=Account.State.CONNECTED, token="EAAshop")
    _forget(leaving, at=now(), told="")
    assert fresh(cast.shop).wants == ["subscribe"]
    work_until_idle("tend")
    assert is_subscribed(cast, cast.shop)


def test_the_instagram_account_behind_the_same_page_goes_on_hearing(cast):
    page = cast.shop.external_id
    cast.simulator.add_account("instagram", "17841400000000077", "Shop on Instagram", token="EAAshop", app=cast.shop.meta_app.app_id, page_id=page)
    Account.objects.create(
        network=Network.INSTAGRAM, meta_app=cast.shop.meta_app, name="Shop on Instagram", external_id="17841400000000077", page_id=page, token="EAAshop"
    )
    part(cast)
    work_until_idle("tend")
    assert is_subscribed(cast, cast.shop)
    assert not fresh(cast.shop).parting_token


def test_who_asks_to_be_forgotten_leaves_no_token_for_an_hour(cast):
    Account.objects.filter(pk=cast.shop.pk).update(meta_user_id="73000000000")
    forget_connector(cast.shop.meta_app, "73000000000", at=now())
    assert (fresh(cast.shop).token, fresh(cast.shop).parting_token) == (Secret(""), Secret(""))


def test_a_disconnected_account_that_comes_back_is_checked_again(cast):
    part(cast)
    work_until_idle("tend")
    Account.objects.filter(pk=cast.shop.pk).update(state=Account.State.CONNECTED, token="EAAshop", check_due_at=now())
    tend(cast.shop)
    assert fresh(cast.shop).checked_at is not None
