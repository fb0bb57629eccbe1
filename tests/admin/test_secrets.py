"""Secrets go in and never come out."""

import pytest
from django.contrib.admin.models import LogEntry

from accounts.models import Account, Activity, MetaApp
from agents.models import AgentKey
from core.clock import now
from tests.admin.pages import form_of, page

MARKERS = ("MARKER-token-1f2e", "MARKER-secret-3d4c", "MARKER-verify-5b6a")


@pytest.fixture
def stored(cast, browser):
    """An account and its app with marked secrets: the token as connecting stores it, the app's through its form."""
    app = cast.shop.meta_app
    Account.objects.filter(pk=cast.shop.pk).update(token=MARKERS[0])
    Activity.record("account.token_replaced", cast.shop, by=cast.root, at=now(), account=cast.shop)
    for row, secrets in ((cast.shop, {"name": "Harbour Coffee & Co"}), (app, {"secret": MARKERS[1], "verify_token": MARKERS[2]})):
        address = page(row, "change")
        assert browser.post(address, form_of(browser.get(address)) | secrets).status_code == 302
    return Account.objects.get(pk=cast.shop.pk), MetaApp.objects.get(pk=app.pk)


def revealed(account: Account, app: MetaApp) -> tuple[str, str, str]:
    return account.token.reveal(), app.secret.reveal(), app.verify_token.reveal()


def test_a_saved_secret_is_stored(stored):
    assert revealed(*stored) == MARKERS


def test_no_page_and_no_log_shows_a_stored_secret(stored, browser):
    pages = ["/admin/", "/admin/accounts/"]
    for row in stored:
        pages += [page(row), page(row, "change"), page(row, "history"), page(type(row), "add")]
    shown = "".join(browser.get(address).content.decode() for address in [*pages, page(Activity), page(Activity.objects.first(), "change")])
    logged = "".join(entry.change_message + entry.object_repr for entry in LogEntry.objects.all())
    assert LogEntry.objects.count() == 2
    assert "MARKER" not in shown + logged + str(list(Activity.objects.values()))


def test_searching_for_a_secret_finds_nothing(stored, browser):
    for row, marker in zip((stored[0], stored[1], stored[1]), MARKERS, strict=True):
        assert browser.get(page(row), {"q": marker}).context["cl"].result_count == 0
        assert browser.get(page(row), {"q": row.name}).context["cl"].result_count == 1


def test_the_form_of_an_account_has_no_place_for_a_token(cast, browser):
    address = page(cast.shop, "change")
    shown = browser.get(address)
    assert "token" not in shown.context["adminform"].form.fields
    assert f'href="/admin/accounts/account/{cast.shop.pk}/token/"' in shown.text
    assert browser.post(address, form_of(shown) | {"token": "EAAfresh"}).status_code == 302
    assert Account.objects.get(pk=cast.shop.pk).token.reveal() == "EAAshop"


def test_a_refused_form_does_not_repeat_the_secret(stored, browser):
    account, app = stored
    for row, secrets in ((account, {"name": ""}), (app, {"secret": "MARKER-again", "app_id": ""})):
        refused = browser.post(page(row, "change"), form_of(browser.get(page(row, "change"))) | secrets)
        assert refused.status_code == 200
        assert refused.context["errors"]
        assert "MARKER" not in refused.content.decode()


def test_a_blank_secret_keeps_the_stored_one(stored, browser):
    account, app = stored
    for row, name in ((account, "Harbour Coffee & Tea"), (app, "Renamed")):
        assert browser.post(page(row, "change"), form_of(browser.get(page(row, "change"))) | {"name": name}).status_code == 302
    account.refresh_from_db()
    app.refresh_from_db()
    assert (account.name, app.name) == ("Harbour Coffee & Tea", "Renamed")
    assert revealed(account, app) == MARKERS


def test_a_new_app_needs_its_secrets(browser, db):
    refused = browser.post(page(MetaApp, "add"), {"kind": "facebook", "app_id": "77"})
    assert {"secret", "verify_token"} <= set(refused.context["adminform"].form.errors)


def test_the_page_of_an_app_shows_the_address_to_copy(cast, browser, settings):
    settings.PUBLIC_URL = "https://inbox.example"
    assert "https://inbox.example/webhooks/meta/" in browser.get(page(cast.shop.meta_app, "change")).content.decode()


def test_the_page_says_that_a_token_is_stored_and_who_changed_it(stored, cast, browser):
    shown = browser.get(page(cast.shop, "change")).content.decode()
    assert "stored" in shown
    assert "by Root" in shown


def test_a_key_is_shown_exactly_once(cast, browser, settings):
    settings.PUBLIC_URL = "https://inbox.example"
    issued = browser.post(page(cast.assistant, "issue"), {"name": "laptop", "expires_at": ""})
    text = issued.context["text"]
    body = issued.content.decode()
    assert text in body
    assert "https://inbox.example/mcp" in body
    assert f"Authorization&quot;: &quot;Bearer {text}" in body
    assert "no-store" in issued.headers["Cache-Control"]
    key = AgentKey.objects.latest("pk")
    later = [page(AgentKey), page(key, "change"), page(key, "history"), page(cast.assistant), page(cast.assistant, "change"), page(Activity), "/admin/"]
    assert all(text not in browser.get(address).content.decode() for address in later)
    assert text not in str(list(Activity.objects.values())) + str(list(LogEntry.objects.values()))
    assert key.digest not in browser.get(page(key, "change")).content.decode()


def test_a_revoked_key_is_refused_at_once(cast, browser):
    key = cast.assistant.keys.get()
    assert AgentKey.find(cast.key, at=key.created_at) == key
    assert browser.get(page(key, "revoke")).status_code == 200
    assert browser.post(page(key, "revoke")).status_code == 302
    assert AgentKey.find(cast.key, at=key.created_at) is None
    assert Activity.objects.filter(verb="key.revoked", by=cast.root).exists()
