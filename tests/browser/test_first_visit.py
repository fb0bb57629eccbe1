"""A new installation, which nobody has visited."""

import pytest
from playwright.sync_api import expect

from tests.loopback.stage import PASSWORD, stage

pytestmark = pytest.mark.browser


def test_the_first_visit_makes_the_first_admin(tmp_path, visit):
    with stage(tmp_path) as installation:
        page = visit(installation.url)
        page.goto("/")
        expect(page).to_have_url(f"{installation.url}/welcome/")
        expect(page.get_by_text("Demo", exact=True)).to_have_count(0)
        page.get_by_label("Name").fill("Ada Nilsson")
        page.get_by_label("E-mail").fill("ada@example.test")
        page.get_by_label("Password", exact=True).fill(PASSWORD)
        page.get_by_label("Password again").fill(PASSWORD)
        page.get_by_role("button", name="Make the first admin").click()
        expect(page).to_have_url(f"{installation.url}/admin/")
        expect(page.get_by_role("link", name="Configuration")).to_be_visible()
        page.goto("/conversations/")
        expect(page.get_by_role("link", name="Connect an account")).to_be_visible()
        # The server goes before the browser does.
        page.goto("about:blank")
