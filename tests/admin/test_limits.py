"""What Meta told about an account: how much of its limits is left, and its policies; and the addresses to write at Meta."""

from datetime import timedelta

from accounts.models import Account, AccountUsage, Activity, MetaApp
from core.clock import now
from tests.admin.pages import form_of, page


def usage(cast, **more) -> AccountUsage:
    return AccountUsage.objects.create(**{"account": cast.shop, "kind": "messenger", "calls": 82, "time": 11, "cpu": 4, "at": now()} | more)


def test_the_page_of_an_account_says_how_much_is_left(cast, browser):
    usage(cast)
    usage(cast, kind="pages", calls=100, regained_at=now() + timedelta(minutes=12))
    shown = browser.get(page(cast.shop, "change")).text
    assert '<span class="badge" data-tone="care">18 %</span>' in shown
    assert '<span class="badge" data-tone="bad">0 %</span>' in shown
    assert "Closed until" in shown


def test_an_old_word_says_nothing_about_now(cast, browser, clock):
    usage(cast)
    clock.shift(timedelta(minutes=61))
    shown = browser.get(page(cast.shop, "change")).text
    assert "not told in the last hour" in shown
    assert "18 %</span>" not in shown
    assert "not told in the last hour" in browser.get(page(AccountUsage)).text


def test_where_meta_told_nothing_the_page_says_so(cast, browser):
    assert "not told yet" in browser.get(page(cast.shop, "change")).text


def test_copies_of_media_can_be_switched_off(cast, sign_in):
    dana = sign_in(cast.dana)
    address = page(cast.shop, "change")
    data = form_of(dana.get(address))
    assert data.pop("keeps_media")
    assert dana.post(address, data).status_code == 302
    assert not Account.objects.get(pk=cast.shop.pk).keeps_media


def test_what_meta_did_about_its_policies_is_told(cast, browser):
    assert "Meta has not enforced any here." in browser.get(page(cast.shop, "change")).text
    Activity.record("account.policy_block", cast.shop, by=None, at=now(), account=cast.shop, reason="Spam <reports>")
    shown = browser.get(page(cast.shop, "change")).text
    assert "blocked" in shown
    assert "Spam &lt;reports&gt;" in shown


def test_the_page_of_an_app_shows_every_address_to_write_at_meta(cast, browser, settings):
    settings.PUBLIC_URL = "https://inbox.example"
    app = cast.shop.meta_app
    shown = browser.get(page(app, "change")).text
    for address in ("/webhooks/meta/", f"/meta/{app.public_id}/deauthorisation/", f"/meta/{app.public_id}/deletion/"):
        assert f'">https://inbox.example{address}</code>' in shown


def test_the_addresses_of_an_app_are_there_once_it_is(cast, browser):
    shown = browser.get(page(MetaApp, "add")).text
    assert "/webhooks/meta/" in shown
    assert "/deauthorisation/" not in shown
