"""From the first start to accounts that are connected, that break, and that are mended; and their history, read back."""

import re
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.browser.chromium import sign_in
from tests.browser.tryout import Customer, Login
from tests.loopback.stage import INSTAGRAM, PAGE, PASSWORD, Stage, stage

pytestmark = pytest.mark.browser
LINKED, SECOND = "17841400000000077", "104857600000002"
LONG = 30_000
APPS = (("1200000000000001", "facebook", "page"), ("1200000000000002", "instagram", "instagram"))


@pytest.fixture(scope="module")
def installation(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    """A new installation with two apps in its environment. At Meta there are two Pages, one with an Instagram account behind it, and another by itself."""
    with stage(tmp_path_factory.mktemp("new")) as new:
        for app, kind, _object in APPS:
            new.meta.post("apps", id=app, secret=f"{kind}-secret", verify_token=f"{kind}-verify", callback_url=f"{new.url}/webhooks/meta/")
        facebook, instagram = APPS[0][0], APPS[1][0]
        new.meta.post("accounts", network="messenger", id=PAGE, name="Harbour Coffee", token="EAApagetoken", app=facebook)
        new.meta.post("accounts", network="messenger", id=SECOND, name="Harbour Bakery", token="EAAbakery", app=facebook)
        new.meta.post("accounts", network="instagram", id=LINKED, name="Harbour Bakery", username="bakery", token="EAAbakery", app=facebook, page_id=SECOND)
        studio = {"id": INSTAGRAM, "name": "Harbour Studio", "username": "studio", "token": "IGAAtoken"}
        new.meta.post("accounts", network="instagram", app=instagram, login="instagram", **studio)
        yield new


@pytest.fixture(scope="module")
def first_admin() -> dict[str, Any]:
    """The cookies of whoever made the installation theirs."""
    return {}


@pytest.fixture
def admin(installation: Stage, visit: Callable[..., Page], first_admin: dict[str, Any]) -> Page:
    page = visit(installation.url, storage_state=first_admin.get("cookies"))
    if not first_admin:
        page.goto("/")
        page.get_by_label("Name").fill("Ada Nilsson")
        page.get_by_label("E-mail").fill("ada@example.test")
        page.get_by_label("Password", exact=True).fill(PASSWORD)
        page.get_by_label("Password again").fill(PASSWORD)
        page.get_by_role("button", name="Make the first admin").click()
        expect(page).to_have_url(f"{installation.url}/admin/")
        first_admin["cookies"] = page.context.storage_state()
    page.goto("/admin/")
    return page


def test_a_page_and_its_instagram_account_are_connected_by_facebook_login(installation, admin):
    admin.goto("/admin/connect/")
    admin.get_by_role("button", name="Continue with Facebook").click()
    admin.get_by_role("link", name=re.compile("somebody who manages every Page")).click()
    expect(admin.get_by_role("heading", name="Choose what is connected")).to_be_visible(timeout=LONG)
    for name in ("Harbour Coffee", "Harbour Bakery"):
        expect(admin.get_by_label(name).first).to_be_checked()
    admin.get_by_label("Harbour Coffee").uncheck()
    admin.get_by_role("button", name="Connect").click()
    expect(admin.get_by_role("heading", name="2 accounts are connected")).to_be_visible(timeout=LONG)
    assert "EAA" not in admin.content()
    contact = installation.meta.post("contacts", account=LINKED, name="Mateo Rivas", username="mateo")["id"]
    installation.meta.post("messages", account=LINKED, contact=contact, text="Do you bake without gluten?")
    admin.goto("/conversations/")
    expect(admin.get_by_text("Do you bake without gluten?").first).to_be_visible(timeout=LONG)


def test_an_instagram_account_is_connected_by_instagram_login(installation, admin):
    admin.goto("/admin/connect/")
    admin.get_by_role("button", name="Continue with Instagram").click()
    admin.get_by_role("link", name=re.compile("Harbour Studio")).click()
    expect(admin.get_by_role("heading", name="Choose what is connected")).to_be_visible(timeout=LONG)
    admin.get_by_role("button", name="Connect").click()
    expect(admin.get_by_role("heading", name="One account is connected")).to_be_visible(timeout=LONG)
    admin.get_by_role("link", name="See its checklist").click()
    expect(admin.get_by_text("Harbour Studio").first).to_be_visible()


def test_a_page_is_connected_by_a_pasted_token(installation, admin):
    admin.goto("/admin/connect/")
    admin.get_by_label("Access token").fill("EAApagetoken")
    admin.get_by_role("button", name="Check the token").click()
    expect(admin.get_by_role("heading", name="Choose what is connected")).to_be_visible(timeout=LONG)
    admin.get_by_role("button", name="Connect").click()
    expect(admin.get_by_role("heading", name="One account is connected")).to_be_visible(timeout=LONG)
    assert "EAApagetoken" not in admin.content()


def test_a_dead_token_is_told_by_a_banner_and_mended_by_reconnecting(installation, admin):
    contact = installation.meta.post("contacts", account=PAGE, name="Amina Okafor")["id"]
    amina = Customer(installation.meta, PAGE, contact, "Amina Okafor")
    amina.writes("Is the Yirgacheffe back?")
    admin.goto("/conversations/")
    admin.locator("#rows .row").filter(has_text=amina.name).click(timeout=LONG)
    expect(admin.get_by_role("heading", level=1, name=amina.name)).to_be_visible()
    conversation = admin.url
    installation.meta.post("tokens", token="EAApagetoken", dead=460)
    admin.get_by_role("textbox", name="Text").fill("Yes, since this morning.")
    admin.keyboard.press("Control+Enter")
    banner = admin.locator("#broken").filter(has_text="Harbour Coffee")
    expect(banner).to_contain_text("reconnect", timeout=LONG, ignore_case=True)
    amina.writes("Are you there?")
    expect(admin.locator("#thread").get_by_text("Are you there?")).to_be_visible(timeout=LONG)
    assert amina.got() == []
    banner.get_by_role("link", name="Reconnect").click()
    admin.get_by_role("button", name="Continue with Facebook").click()
    admin.get_by_role("link").filter(has_text="Continue as").first.click()
    if admin.get_by_role("heading", name="Choose what is connected").is_visible():
        admin.get_by_role("button", name="Connect").click()
    expect(admin.get_by_role("heading", name="One account is connected")).to_be_visible(timeout=LONG)
    [answer] = amina.gets(1)
    assert answer["text"] == "Yes, since this morning."
    admin.goto(conversation)
    expect(admin.locator("#broken")).not_to_contain_text("Harbour Coffee")
    for words in ("Is the Yirgacheffe back?", "Yes, since this morning.", "Are you there?"):
        expect(admin.locator("#thread").get_by_text(words)).to_be_visible()


def test_a_manager_of_one_account_sees_nothing_of_another(installation, visit, trouble):
    trouble.expected = {404}
    made = installation.manage(MANAGER)
    page = visit(installation.url)
    page.goto("/sign-in/")
    sign_in(page, Login("dana@example.test", PASSWORD))
    for address in ("/admin/", "/admin/accounts/account/", "/admin/health/", "/admin/people/", "/admin/connect/", "/admin/inbox/backfill/", "/conversations/"):
        page.goto(address)
        assert address == "/admin/" or "Harbour Coffee" in page.content(), address
        assert "Studio" not in page.content() and "Bakery" not in page.content(), address
    page.goto(f"/admin/accounts/account/{made['other']}/change/")
    expect(page).to_have_url(f"{installation.url}/admin/")
    for address in ("token/", "check/", "disconnect/", "test/"):
        assert page.goto(f"/admin/accounts/account/{made['other']}/{address}").status == 404
    page.goto(f"/admin/accounts/account/{made['own']}/change/")
    expect(page.get_by_role("link", name="Replace token")).to_be_visible()


@pytest.mark.thorough
def test_five_thousand_conversations_are_read_back_whatever_happens_to_the_server(installation, admin):
    known = installation.manage(READ)["contacts"]
    installation.meta.post("history", account=PAGE, contacts=5000, messages=1, oldest_days=60)
    admin.goto("/admin/inbox/backfill/add/")
    admin.get_by_label("Account").select_option(label="Harbour Coffee")
    admin.get_by_role("button", name="Read back").click()
    bar = admin.locator("#progress progress[value]")
    expect(bar).to_have_attribute("value", re.compile(r"^([2-9]\d\d|\d{4})$"), timeout=2 * LONG)
    installation.crash()
    here = admin.url
    admin.goto("about:blank")
    before = installation.manage(READ)
    assert known + 200 < before["contacts"] < 5000
    installation.start()
    admin.goto(here)
    expect(admin.get_by_text("Everything that Meta opens has been read.")).to_be_visible(timeout=6 * LONG)
    expect(admin.locator("#progress-numbers")).to_contain_text("5,00")
    after = installation.manage(READ)
    assert after["contacts"] == known + 5000 and after["twice"] == 0
    admin.goto("/conversations/")
    expect(admin.get_by_role("link", name=re.compile("Inbox"))).not_to_contain_text("99")


MANAGER = f"""
from accounts.models import Account, User
from accounts.granting import give_preset
from core.clock import now
root = User.objects.filter(is_superuser=True).first()
dana = User.objects.create_user("dana@example.test", "{PASSWORD}", name="Dana")
own, other = Account.objects.get(external_id="{PAGE}"), Account.objects.get(external_id="{INSTAGRAM}")
give_preset(dana, "manager", account=own, by=root, at=now())
result = {{"own": own.pk, "other": other.pk}}
"""
READ = f"""
from django.db.models import Count
from accounts.models import Account
from inbox.models import Contact, Message
shop = Account.objects.get(external_id="{PAGE}")
twice = Message.objects.filter(account=shop).values("mid").annotate(number=Count("pk")).filter(number__gt=1).exclude(mid="")
result = {{"contacts": Contact.objects.filter(account=shop).count(), "twice": twice.count()}}
"""
