"""The list as two people work through it: lanes, several at once by keyboard, and views that are kept."""

import re

import pytest
from playwright.sync_api import Page, expect

from tests.browser.steps import row_of

pytestmark = [pytest.mark.browser, pytest.mark.two_operators]


def tick(page: Page, name: str):
    return page.get_by_role("checkbox", name=f"Select {name}")


def test_what_one_closes_leaves_the_others_list_and_undo_brings_it_back(shop, enter):
    customer = shop.contact("Wanda Frost", "Do you sell beans?")
    here, there = enter("operator"), enter("approver")
    for page in (here, there):
        page.goto("/conversations/?lane=unassigned")
        expect(row_of(page, customer)).to_be_visible()
    row_of(here, customer).hover()
    tick(here, "Wanda Frost").check()
    here.locator("#selection").get_by_role("button", name="Close").click()
    expect(here.locator("#announcer")).to_contain_text("1 conversation closed.")
    expect(row_of(here, customer)).to_have_count(0)
    expect(row_of(there, customer)).to_have_count(0)
    expect(here.locator("#selection")).to_be_hidden()
    here.get_by_role("button", name="Undo").click()
    for page in (here, there):
        expect(row_of(page, customer)).to_be_visible()


def test_several_are_selected_and_labelled_by_keyboard_while_news_come_in(shop, enter):
    first, second = shop.contact("Xenia Marsh", "Hello?"), shop.contact("Yann Marsh", "Good evening")
    page = enter("operator")
    page.goto("/conversations/")
    for customer in (first, second):
        expect(row_of(page, customer)).to_be_visible()
        row_of(page, customer).focus()
        page.keyboard.press("x")
        expect(tick(page, customer.name)).to_be_checked()
    count = page.locator("#selection-count")
    expect(count).to_have_text("2 selected")
    first.writes("Are you there?")
    expect(row_of(page, first)).to_contain_text("Are you there?")
    expect(count).to_have_text("2 selected")
    expect(tick(page, first.name)).to_be_checked()
    page.keyboard.press("l")
    box = page.get_by_label("Another label")
    expect(box).to_be_visible()
    box.fill("Evening")
    page.keyboard.press("Enter")
    expect(page.locator("#announcer")).to_contain_text("2 conversations labelled.")
    for customer in (first, second):
        expect(row_of(page, customer).locator(".label")).to_have_text("Evening")
    expect(page.locator("#selection")).to_be_hidden()


def test_shift_selects_what_stands_between(shop, enter):
    for name in ("Zora One", "Zora Two", "Zora Three"):
        shop.contact(name, "Hello")
    page = enter("operator")
    page.goto("/conversations/")
    expect(page.locator(".row").filter(has_text="Zora Three")).to_be_visible()
    tick(page, "Zora Three").check()
    tick(page, "Zora One").click(modifiers=["Shift"])
    expect(page.locator("#selection-count")).to_have_text("3 selected")
    page.keyboard.press("Escape")
    expect(page.locator("#selection")).to_be_hidden()


def test_a_view_is_kept_and_found_again_and_a_conversation_opened_from_it(shop, enter):
    customer, page = shop.contact("Vito Lang", "Is the class full?"), enter("operator")
    page.goto("/conversations/")
    expect(row_of(page, customer)).to_be_visible()
    page.locator("#lanes").get_by_text("More", exact=True).click()
    page.locator("#lanes").get_by_role("link", name=re.compile("^Unread")).click()
    expect(page).to_have_url(re.compile(r"/conversations/\?lane=unread$"))
    page.get_by_title("Filter and order").click()
    page.get_by_label("Network").select_option("messenger")
    expect(page).to_have_url(re.compile(r"lane=unread&network=messenger$"))
    chip = page.locator(".chips").get_by_role("link", name="Messenger")
    expect(chip).to_be_visible()
    page.keyboard.press("Escape")
    page.locator("#views > summary").click()
    page.get_by_label("Keep this view as").fill("New on the Page")
    page.keyboard.press("Enter")
    expect(page.locator("#announcer")).to_contain_text("Kept as “New on the Page”.")
    page.keyboard.press("Escape")
    page.keyboard.press("Escape")
    chip.click()
    expect(page).to_have_url(re.compile(r"/conversations/\?lane=unread$"))
    page.locator("#views > summary").click()
    page.get_by_role("link", name="New on the Page").click()
    expect(page).to_have_url(re.compile(r"lane=unread&network=messenger$"))
    row_of(page, customer).click()
    expect(page.get_by_role("heading", level=1, name="Vito Lang")).to_be_focused()
    expect(page).to_have_url(re.compile(r"/conversations/\w+/\?lane=unread&network=messenger$"))
    expect(page.locator(".back")).to_have_attribute("href", "/conversations/?lane=unread&network=messenger")


def test_on_a_telephone_nothing_is_cut_and_the_way_back_leads_to_the_lane(shop, enter):
    customer = shop.contact("Ulla Brandt-Zimmermann von und zu Hohenstein", "Hello")
    page = enter("operator", viewport={"width": 360, "height": 740}, has_touch=True)
    page.goto("/conversations/?lane=unassigned")
    row = row_of(page, customer)
    expect(row).to_be_visible()
    assert page.evaluate("document.documentElement.scrollWidth") == 360
    assert page.evaluate("[...document.querySelectorAll('.row-facts, .lanes-first')].every((each) => each.scrollWidth <= each.clientWidth + 1)")
    row.click()
    page.locator(".back").click()
    expect(page).to_have_url(re.compile(r"/conversations/\?lane=unassigned$"))
    expect(row).to_be_visible()
