"""The palette: with Ctrl+K everything is a few letters away, and nothing is pressed that is not on the page."""

import re

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Locator, Page, expect

from tests.browser.steps import line, look_at, open_conversation
from tests.browser.test_looks import COLOURS, LEVELS, PHONE, WIDTH

pytestmark = [pytest.mark.browser, pytest.mark.thorough]


def palette(page: Page) -> Locator:
    return page.get_by_role("dialog", name="Find or do")


def call(page: Page, *letters: str) -> Locator:
    page.keyboard.press("Control+k")
    expect(palette(page)).to_be_visible()
    for each in letters:
        page.keyboard.type(each)
    return palette(page)


def ready(page: Page) -> Locator:
    """What Enter would do."""
    return palette(page).locator('[aria-selected="true"]')


def shown(page: Page) -> Locator:
    return palette(page).get_by_role("option")


@pytest.mark.parametrize("where", ["/conversations/", "/conversations/?q=order", "/approvals/", "/approvals/decided/", "/preferences/", "/views/", "/stops/"])
def test_it_opens_on_every_page_and_leads_elsewhere(enter, where):
    page = enter("approver")
    page.goto(where)
    call(page, "snoo")
    expect(ready(page)).to_have_text("Snoozed")
    page.keyboard.press("Enter")
    expect(page).to_have_url(re.compile(r"/conversations/\?lane=snoozed"))
    expect(palette(page)).to_be_hidden()


def test_it_opens_in_the_configuration_too(enter):
    page = enter("admin")
    page.goto("/admin/")
    call(page, "appr")
    expect(ready(page)).to_have_text("Approvals")
    page.keyboard.press("Enter")
    expect(page).to_have_url(re.compile("/approvals/"))


def test_from_within_a_box_nothing_that_was_written_is_lost_and_one_writes_on(shop, enter):
    customer, page = shop.contact("Ilse Brandt", "Do you roast on Mondays?"), enter("operator")
    open_conversation(page, customer)
    box = page.get_by_role("textbox", name="Text")
    box.fill("We do, ")
    call(page, "something")
    page.keyboard.press("Escape")
    expect(palette(page)).to_be_hidden()
    expect(box).to_be_focused()
    page.keyboard.type("every Monday.")
    expect(box).to_have_value("We do, every Monday.")
    call(page)
    page.keyboard.press("Control+k")
    expect(palette(page)).to_be_hidden()
    expect(box).to_be_focused()


def test_what_is_typed_before_it_is_there_presses_nothing(shop, enter):
    customer, page = shop.contact("Karsten Vogt", "Is the shop open?"), enter("operator")
    open_conversation(page, customer)
    held = []
    page.route("**/palette*.js", lambda route: held.append(route))
    page.locator("#conversation-title").focus()
    page.keyboard.press("Control+k")
    page.keyboard.type("clozn")
    expect(page.get_by_role("combobox", name="What do you want to find or do?")).to_have_value("clozn")
    expect(page.locator("#closes")).to_have_text("Close")
    held[0].continue_()
    expect(palette(page).get_by_role("status")).to_have_text("Nothing found.")
    for _each in "ozn":
        page.keyboard.press("Backspace")
    expect(ready(page)).to_contain_text("Close")


def test_an_action_is_done_by_keys_alone_and_offered_as_it_stands(shop, enter):
    customer, page = shop.contact("Lotte Maas", "Thanks, that is all."), enter("operator")
    open_conversation(page, customer)
    call(page, "nothing clos")
    expect(ready(page)).to_contain_text("Close: nothing more to do here")
    expect(ready(page).locator("kbd")).to_have_text("c")
    page.keyboard.press("Enter")
    expect(page.locator("#state")).to_contain_text("Closed by")
    call(page, "c")
    expect(ready(page)).to_contain_text("Reopen")
    page.keyboard.press("Enter")
    expect(page.locator("#state")).not_to_contain_text("Closed")
    call(page, "snooze")
    page.keyboard.press("Enter")
    expect(page.get_by_role("button", name=re.compile("In 3 hours"))).to_be_visible()


def test_single_keys_do_nothing_while_it_is_open(shop, enter):
    customer, page = shop.contact("Mina Farah", "One more question."), enter("operator")
    open_conversation(page, customer)
    call(page)
    expect(ready(page)).to_be_visible()
    palette(page).get_by_role("button", name="Close").focus()
    page.keyboard.type("cibn?S")
    expect(page.locator("#state")).not_to_contain_text("Closed")
    expect(page.locator("#closes")).to_have_text("Close")
    expect(page.locator("#keys")).to_be_hidden()
    expect(page.locator("#assign-me")).to_be_visible()


def test_a_conversation_is_found_by_name_and_by_words(shop, enter):
    shop.contact("Žofie Dvořáková", "Hello there.")
    customer, page = shop.contact("Petra Nagy", "My grinder rattles like a drawer of spoons."), enter("operator")
    open_conversation(page, customer)
    call(page, "dvorak zof")
    expect(ready(page)).to_contain_text("Žofie Dvořáková")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", level=1, name="Žofie Dvořáková")).to_be_focused()
    page.goto("/approvals/")
    call(page, "spoons drawer")
    expect(ready(page)).to_contain_text("a drawer of spoons")
    expect(ready(page)).to_contain_text("Petra Nagy")
    page.keyboard.press("Enter")
    expect(page).to_have_url(re.compile(r"/conversations/\w+/\?at="))
    expect(line(page, "rattles like a drawer")).to_be_in_viewport()


def test_what_is_not_on_the_page_any_more_is_not_pressed(shop, enter):
    customer, page = shop.contact("Quentin Roche", "Bonjour."), enter("operator")
    open_conversation(page, customer)
    call(page, "assign to me")
    expect(ready(page)).to_contain_text("Assign to me")
    page.evaluate("document.getElementById('assign-me').disabled = true")
    page.keyboard.press("Enter")
    expect(palette(page).get_by_role("status")).to_have_text("That is not on the page any more.")
    expect(palette(page)).to_be_visible()
    expect(shown(page).filter(has_text="Assign to me")).to_have_count(0)
    page.keyboard.press("Escape")
    expect(page.locator("#work .work-owner")).not_to_contain_text("You")


def test_a_proposal_that_changed_behind_it_is_not_decided(shop, enter):
    customer, page = shop.contact("Sven Aas", "Do you deliver?"), enter("approver")
    conversation = open_conversation(page, customer)
    shop.call("propose_message", conversation_id=conversation, text="We do.")
    expect(page.locator("#thread").get_by_role("button", name="Approve and send")).to_be_visible()
    call(page, "approve send")
    expect(ready(page)).to_contain_text("Approve and send")
    customer.writes("Also to the lighthouse?")
    expect(line(page, "Also to the lighthouse?")).to_be_attached()
    expect(ready(page)).to_have_count(0)
    page.keyboard.press("Enter")
    expect(palette(page)).to_be_visible()
    page.keyboard.press("ArrowDown")
    expect(ready(page)).to_contain_text("Approve and send")
    page.keyboard.press("Escape")
    expect(page.locator("#thread").get_by_role("button", name="Approve and send")).to_be_visible()
    assert customer.got() == []


def test_what_was_used_last_stands_first_and_decisions_never_do(shop, enter):
    customer, page = shop.contact("Rasmus Ek", "Hej."), enter("approver")
    open_conversation(page, customer)
    for words in ("labels", "mark as unread"):
        call(page, words)
        expect(ready(page)).to_contain_text(re.compile(words, re.I))
        page.keyboard.press("Enter")
        expect(palette(page)).to_be_hidden()
        page.keyboard.press("Escape")
    call(page, "rasmus")
    expect(ready(page)).to_contain_text("Rasmus Ek")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", level=1, name="Rasmus Ek")).to_be_focused()
    call(page)
    group = page.get_by_role("group", name="Used last")
    expect(group.get_by_role("option")).to_have_text([re.compile("Rasmus Ek"), re.compile("Mark as unread"), re.compile("Labels")])
    page.keyboard.press("Escape")
    page.goto("/approvals/")
    page.locator("#rows .row").first.click()
    expect(page.locator("#desk-title")).to_be_focused()
    page.locator("#desk [data-proposal]").first.scroll_into_view_if_needed()
    look_at(page.locator("#desk [data-proposal]").first)
    call(page)
    expect(shown(page).filter(has_text="Approve and send")).to_have_count(1)
    expect(ready(page)).not_to_contain_text("Approve")
    page.keyboard.type("reject")
    expect(ready(page)).to_contain_text("Reject")
    page.keyboard.press("Enter")
    expect(page.locator("[data-panel]:not([hidden])").first).to_be_visible()
    page.keyboard.press("Escape")
    call(page)
    expect(shown(page).filter(has_text="Reject")).to_have_count(1)
    expect(group.get_by_role("option").filter(has_text="Reject")).to_have_count(0)


def test_it_stands_in_the_menu_for_the_mouse_and_gives_focus_back(enter):
    page = enter("operator")
    page.goto("/conversations/")
    page.locator(".top-menu summary").click()
    page.get_by_role("button", name="Find or do…").click()
    expect(page.get_by_role("combobox", name="What do you want to find or do?")).to_be_focused()
    palette(page).get_by_role("option", name="Approvals").click()
    expect(page).to_have_url(re.compile("/approvals/"))
    page.locator(".top-menu summary").click()
    page.get_by_role("button", name="Find or do…").click()
    expect(palette(page)).to_be_visible()
    page.mouse.click(5, 5)
    expect(palette(page)).to_be_hidden()
    expect(page.locator(".top-menu summary")).to_be_focused()


def test_its_choices_are_said_and_walked_through_in_a_circle(enter):
    page = enter("operator")
    page.goto("/conversations/")
    call(page, "a")
    box, count = page.get_by_role("combobox", name="What do you want to find or do?"), palette(page).get_by_role("status")
    expect(page.get_by_role("group", name="Messages")).to_be_attached()
    expect(page.get_by_role("group", name="Rooms")).to_be_attached()
    expect(count).to_have_text(f"Found: {shown(page).count()}")
    first = box.get_attribute("aria-activedescendant")
    page.keyboard.press("ArrowUp")
    expect(box).to_have_attribute("aria-activedescendant", shown(page).last.get_attribute("id") or "")
    page.keyboard.press("ArrowDown")
    expect(box).to_have_attribute("aria-activedescendant", first or "")


@pytest.mark.parametrize("side", ["ltr", "rtl"])
def test_nobody_is_shut_out_by_how_it_is_made(shop, enter, side):
    page, found = enter("approver", viewport=PHONE, bypass_csp=True), []
    page.goto(shop.conversation("Amina Okafor"))
    page.evaluate("side => (document.documentElement.dir = side)", side)
    call(page, "a")
    expect(palette(page).get_by_role("status")).to_have_text(re.compile(r"Found: \d+"))
    expect(page.get_by_role("group", name="Messages")).to_be_attached()
    assert page.evaluate(WIDTH) == PHONE["width"]
    inside = palette(page).bounding_box()
    assert inside and inside["x"] >= 0 and inside["x"] + inside["width"] <= PHONE["width"]
    found.append(Axe().run(page, options=LEVELS))
    page.emulate_media(color_scheme="dark")
    found.append(Axe().run(page, options=COLOURS))
    assert not any(each.violations_count for each in found), "\n".join(each.generate_report() for each in found)


@pytest.mark.two_operators
def test_a_view_that_one_shares_the_other_finds_by_keys_alone(enter):
    bob, alice = enter("operator"), enter("approver")
    bob.goto("/conversations/?lane=waiting")
    bob.keyboard.press("w")
    bob.get_by_role("textbox", name="Keep this view as").fill("Long waits")
    bob.keyboard.press("Enter")
    expect(bob.get_by_role("link", name="Long waits")).to_be_focused()
    bob.keyboard.press("Tab")
    bob.keyboard.press("Enter")
    share = bob.get_by_role("button", name="Share with colleagues")
    share.focus()
    bob.keyboard.press("Enter")
    expect(bob.get_by_role("button", name="Stop sharing")).to_be_focused()
    expect(bob.locator("#announcer")).to_contain_text("“Long waits” is shared with colleagues.")

    alice.goto("/conversations/")
    call(alice, "long waits")
    expect(ready(alice)).to_contain_text("Long waits")
    expect(alice.get_by_role("group", name="Views shared by colleagues").get_by_role("option")).to_contain_text("Olive Park")
    alice.keyboard.press("Enter")
    expect(alice).to_have_url(re.compile("lane=waiting"))
    alice.keyboard.press("w")
    expect(alice.get_by_role("heading", name="Shared by colleagues")).to_be_visible()
    alice.locator("summary", has_text="Copy Long waits to yours").click()
    alice.get_by_role("button", name="Copy to yours").click()
    expect(alice.locator("#announcer")).to_contain_text("Kept as “Long waits”.")
    expect(alice.get_by_role("link", name=re.compile("Long waits"))).to_have_count(2)

    bob.get_by_role("button", name="Stop sharing").press("Enter")
    expect(bob.get_by_role("button", name="Share with colleagues")).to_be_focused()
    call(alice, "long waits")
    expect(alice.get_by_role("group", name="Your views").get_by_role("option")).to_contain_text("Long waits")
    expect(alice.get_by_role("group", name="Views shared by colleagues")).to_have_count(0)
    bob.locator("#announcer").get_by_role("button", name="Undo").click()
    expect(bob.locator("#announcer")).to_contain_text("“Long waits” is shared with colleagues.")
