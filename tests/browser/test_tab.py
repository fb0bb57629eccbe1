"""What the tab of the browser says, and what it tells of news."""

import re

import pytest
from playwright.sync_api import expect

pytestmark = [pytest.mark.browser, pytest.mark.thorough]
# A notice of the browser that only remembers what it would have said.
REMEMBER = """window.said = []; window.Notification = class { static permission = "granted"; constructor(words) { window.said.push(words); } close() {} };"""


def test_the_tab_is_called_after_who_is_open_and_a_list_that_comes_later_is_no_news(shop, enter):
    shop.contact("Tabea Neu", "Anything new?")
    page = enter("operator")
    page.context.add_init_script(REMEMBER)
    page.goto("/preferences/")
    page.get_by_label("Notices").check()
    page.get_by_role("button", name="Save").click()
    page.goto(shop.conversation("Tom Fairweather"))
    expect(page.locator("#rows .row", has_text="Tabea Neu")).to_be_visible()
    page.locator("#rows .row", has_text="Priya Raman").click()
    expect(page.locator("#conversation-title")).to_have_text("Priya Raman")
    expect(page).to_have_title(re.compile(r"Priya Raman · Countersign$"))
    page.wait_for_timeout(1500)
    assert page.evaluate("window.said") == []
    page.get_by_role("button", name="Mark as unread").click()
    expect(page).to_have_title(re.compile(r"Inbox · Countersign$"))
    page.goto("/preferences/")
    page.get_by_label("Notices").uncheck()
    page.get_by_role("button", name="Save").click()
