"""The list without a mouse."""

import re

import pytest
from playwright.sync_api import expect

from tests.browser.hands import Hands
from tests.browser.steps import row_of

pytestmark = [pytest.mark.browser, pytest.mark.thorough]


@pytest.mark.two_operators
def test_the_list_is_worked_through_without_a_mouse(shop, enter):
    first, second, third = (shop.contact(f"Kea {name}", "Hello") for name in ("Arden", "Birch", "Cole"))
    page, other = enter("operator"), enter("approver")
    hands, title = Hands(page), page.locator("#conversation-title")
    for each in (page, other):
        each.goto("/conversations/")
        for customer in (first, second, third):
            expect(row_of(each, customer)).to_be_visible()
    hands.reach(row_of(page, third))
    hands.press("Enter")
    expect(title).to_have_text("Kea Cole")
    hands.press("j")
    expect(title).to_have_text("Kea Birch")
    hands.press("k")
    expect(title).to_have_text("Kea Cole")
    expect(title).to_be_focused()

    # Lanes: beside each other, and the rest in their menu. Whoever is quick has both the conversation and the lane.
    hands.press("j", "]")
    expect(title).to_have_text("Kea Birch")
    expect(page.locator("#lane-all")).not_to_have_attribute("aria-current", "page")
    expect(page).to_have_url(re.compile(r"/conversations/\w+/\?lane="))
    hands.kept()
    hands.press("[")
    expect(page.locator("#lane-all")).to_have_attribute("aria-current", "page")
    expect(page).to_have_url(re.compile(r"/conversations/\w+/$"))
    hands.use(page.locator("#opens-lanes"), "Shift+Tab")
    hands.use(page.locator("#lanes-more #lane-unread"))
    expect(page.locator("#opens-lanes")).to_contain_text("Unread")
    hands.kept()

    # Filters, and off again by their chip.
    hands.use(page.locator("#filters > summary"), "Shift+Tab")
    hands.reach(page.locator("#filter-network"))
    hands.press("ArrowDown")
    expect(page.locator("#chip-network")).to_be_visible()
    expect(page.locator("#filter-network")).to_be_focused()
    hands.press("Escape")
    expect(page.locator("#filters > summary")).to_be_focused()

    # Views: kept, renamed, used and forgotten.
    hands.press("w")
    expect(page.locator("#view-name")).to_be_visible()
    hands.kept()
    hands.reach(page.locator("#view-name"))
    hands.write("Handmade view")
    hands.press("Enter")
    expect(page.locator("#announcer")).to_contain_text("Kept")
    hands.kept()
    hands.press("Escape")
    expect(page.locator("#views > summary")).to_be_focused()
    hands.use(page.locator("#chip-network"))
    expect(page.locator("#chip-network")).to_have_count(0)
    hands.kept()
    hands.press("w")
    hands.use(page.get_by_role("link", name="Handmade view", exact=True))
    expect(page.locator("#chip-network")).to_be_visible()
    hands.kept()
    hands.press("w")
    edit = page.locator(".view-edit").filter(has_text="Handmade view")
    hands.use(edit.locator("summary"))
    hands.use(edit.get_by_role("button", name="Forget"))
    expect(page.get_by_role("link", name="Handmade view", exact=True)).to_have_count(0)
    hands.kept()
    hands.press("Escape")
    hands.kept()
    hands.use(page.locator("#chip-network"))

    # Search, and what it finds.
    hands.press("/")
    hands.write("Birch")
    hands.press("Enter")
    expect(page.locator("#found")).to_be_visible()
    hands.use(page.locator("#found .row").first)
    expect(title).to_have_text("Kea Birch")
    hands.press("/", "Delete", "Enter")
    expect(page.locator("#found")).to_have_count(0)
    hands.press("Escape")
    hands.kept()

    # Several at once, and back.
    hands.use(page.locator("#lane-all"), "Shift+Tab")
    for customer in (first, second):
        hands.reach(page.get_by_role("checkbox", name=f"Select {customer.name}"))
        hands.press("x")
    expect(page.locator("#selection-count")).to_have_text("2 selected")
    hands.press("m")
    hands.use(page.locator("#selection-assign").get_by_role("button", name="Me", exact=True))
    expect(page.locator("#announcer")).to_contain_text("2 conversations")
    hands.kept()
    hands.press("u")
    expect(page.locator("#announcer")).to_contain_text("as they were")
    hands.kept()
    for customer in (first, second):
        hands.reach(page.get_by_role("checkbox", name=f"Select {customer.name}"))
        hands.press("Space")
    hands.press("l")
    hands.reach(page.get_by_label("Another label"))
    hands.write("Keyed")
    hands.press("Enter")
    expect(row_of(other, first).locator(".label")).to_have_text("Keyed")
    hands.kept()
    hands.reach(page.get_by_role("checkbox", name="Select Kea Arden"))
    hands.press("x", "z")
    hands.use(page.locator("#selection-snooze").get_by_role("button").first)
    expect(row_of(other, first)).to_have_count(0)
    hands.kept()
    hands.press("u")
    expect(row_of(other, first)).to_be_visible()
    hands.reach(page.get_by_role("checkbox", name="Select Kea Arden"))
    hands.press("x", "c")
    expect(row_of(other, first)).to_have_count(0)
    hands.kept()
    hands.press("u")
    expect(row_of(other, first)).to_be_visible()
    hands.reach(page.get_by_role("checkbox", name="Select Kea Arden"))
    hands.press("x", "Escape")
    expect(page.locator("#selection")).to_be_hidden()
    hands.kept()
