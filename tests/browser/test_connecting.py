"""From the first start to accounts that are connected, that break, and that are mended; and their history, read back."""

import re
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.browser.chromium import Trouble
from tests.loopback.stage import INSTAGRAM, PAGE, PASSWORD, Stage, eventually, stage

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
        new.meta.post("accounts", network="instagram", id=INSTAGRAM, name="Harbour Studio", username="studio", token="IGAAtoken", app=instagram, login="instagram")
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
