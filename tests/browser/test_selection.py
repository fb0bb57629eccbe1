"""Several conversations are ticked and put away; whoever has written since the tick stays, whatever the list has shown meanwhile."""

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.browser.steps import row_of

pytestmark = pytest.mark.browser


def tick(page: Page, customer) -> Locator:
    return page.get_by_role("checkbox", name=f"Select {customer.name}")


def test_what_came_in_since_it_was_ticked_is_not_put_away(shop, enter, trouble):
    trouble.expected.add(409)
    one, two = shop.contact("Hanna Tick", "Two teas?"), shop.contact("Ines Tick", "One tea?")
    page = enter("operator")
    page.goto("/conversations/")
    for customer in (one, two):
        tick(page, customer).check()
    one.writes("No, three.")
    expect(row_of(page, one)).to_contain_text("No, three.")
    expect(tick(page, one)).to_be_checked()
    close = page.locator("#selection").get_by_role("button", name="Close", exact=True)
    close.click()
    expect(page.locator("#announcer")).to_contain_text("1 conversation closed. Hanna Tick has written meanwhile; it stays open.")
    expect(row_of(page, two)).to_have_count(0)
    # It stays selected, and now it is known what they said: the next press means that.
    expect(tick(page, one)).to_be_checked()
    close.click()
    expect(page.locator("#announcer")).to_contain_text("1 conversation closed.")
    expect(row_of(page, one)).to_have_count(0)
    page.locator("#announcer").get_by_role("button").click()
    expect(row_of(page, one)).to_be_visible()
