"""Configuration, which is part of the product: one sign-in, one header, the same colours."""

import re

import pytest
from playwright.sync_api import expect

from tests.browser.chromium import sign_in

pytestmark = pytest.mark.browser
LOOK = """header => {
  const style = getComputedStyle(header), tokens = ["--paper", "--surface", "--accent", "--ink"].map((name) => style.getPropertyValue(name));
  return [style.backgroundColor, style.color, style.fontFamily, header.offsetHeight, ...tokens];
}"""


def test_an_admin_signs_in_like_everybody_and_configures_under_the_same_header(shop, visit):
    page = visit(shop.url)
    page.goto("/admin/")
    expect(page).to_have_url(re.compile("/sign-in/"))
    sign_in(page, shop.logins["admin"])
    expect(page).to_have_url(f"{shop.url}/admin/")
    expect(page.get_by_role("heading", name="What needs attention")).to_be_visible()
    header = page.locator("header.top")
    expect(header.get_by_role("link", name="Configuration")).to_have_attribute("aria-current", "page")
    here = header.evaluate(LOOK)
    header.get_by_role("link", name="Inbox").click()
    expect(page).to_have_url(f"{shop.url}/conversations/")
    expect(header.get_by_role("link", name="Configuration")).to_be_visible()
    assert header.evaluate(LOOK) == here


def test_others_find_no_configuration(enter):
    page = enter("operator")
    page.goto("/conversations/")
    expect(page.get_by_role("link", name="Configuration")).to_have_count(0)


def test_an_admin_makes_an_agents_key_which_works_and_is_shown_once(shop, enter):
    page = enter("admin")
    page.goto("/admin/")
    page.get_by_role("link", name="Agents", exact=True).click()
    page.get_by_role("link", name="Barista").click()
    page.get_by_role("link", name="Issue a key").click()
    page.get_by_label("Name").fill("laptop")
    page.get_by_role("button", name="Issue a key").click()
    key = page.get_by_label("The key").inner_text().strip()
    assert re.fullmatch(r"agt_\S+", key)
    assert shop.call("list_conversations", key=key)["conversations"]
    page.get_by_role("link", name="go back").click()
    expect(page.get_by_role("row").filter(has_text="laptop")).to_be_visible()
    assert key not in page.content()
    page.goto("/admin/agents/agentkey/")
    expect(page.get_by_role("row").filter(has_text="laptop")).to_be_visible()
    assert key not in page.content()
