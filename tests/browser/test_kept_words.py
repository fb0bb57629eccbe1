"""Words that nobody may lose, and that nobody else may find: drafts that are too large or overtaken, and notes that are not saved yet."""

import re

import pytest
from playwright.sync_api import expect

from tests.browser.chromium import sign_in
from tests.browser.steps import open_conversation, row_of

pytestmark = [pytest.mark.browser, pytest.mark.thorough]
COUNT = """() => new MutationObserver(() => (window.shown = (window.shown ?? 0) + 1))
  .observe(document.getElementById("draft"), { childList: true, subtree: true })"""
KEPT = "() => Object.keys(localStorage).filter((name) => /^(draft|note):/.test(name)).length"


def box(page):
    return page.get_by_role("textbox", name="Text", exact=True)


def test_a_draft_that_is_too_large_stays_here_until_it_is_smaller(shop, enter, trouble):
    trouble.expected = {422}
    customer, page = shop.contact("Valdis Large", "Tell me everything."), enter("operator")
    open_conversation(page, customer)
    large, note = "word " * 6000, page.locator("#draft")
    page.evaluate(COUNT)

    def refused(words: str) -> None:
        with page.expect_response(lambda answer: answer.request.method == "PUT" and answer.status == 422):
            box(page).fill(words)

    refused(large)
    expect(note).to_contain_text("This is too long to be kept as a draft")
    refused(large.replace("word", "many", 1))
    refused(large)
    assert page.evaluate("window.shown") == 1
    # Written and taken away again: the browser has it all the same.
    assert page.evaluate(KEPT) == 1
    page.reload()
    expect(box(page)).to_have_value(large)
    with page.expect_response(lambda answer: answer.request.method == "PUT" and answer.ok):
        box(page).fill("Everything.")
    expect(note).to_be_empty()
    assert page.evaluate(KEPT) == 0
    page.reload()
    expect(box(page)).to_have_value("Everything.")


def test_what_is_typed_while_a_draft_is_on_its_way_stays(shop, enter, trouble):
    trouble.expected = {409}
    customer, elsewhere, page = shop.contact("Vigdis Late", "Hi"), shop.contact("Vilma Elsewhere", "Hi"), enter("operator")
    other = enter("operator")
    for each in (page, other):
        open_conversation(each, customer)
    with other.expect_response(lambda answer: answer.request.method == "PUT" and answer.ok):
        box(other).fill("On the telephone")
    box(page).fill("On the laptop")
    note, held = page.locator("#draft"), []
    expect(note).to_contain_text("On the telephone")

    # The other one is wanted, but before it comes something else is typed.
    page.route("**/draft/?since=*", lambda route: held.append(route))
    with page.expect_request("**/draft/?since=*"):
        note.get_by_role("button", name="Use it").press("Enter")
    box(page).press_sequentially(", and on")
    with page.expect_response(lambda answer: "/draft/?since" in answer.url):
        held[0].continue_()
    expect(note.get_by_role("button", name="Use it")).to_be_visible()
    expect(box(page)).to_have_value(re.compile("On the laptop"))
    expect(note).to_contain_text("On the telephone")

    # Wanted again, and another conversation is opened before it comes.
    with page.expect_request("**/draft/?since=*"):
        note.get_by_role("button", name="Use it").press("Enter")
    row_of(page, elsewhere).press("Enter")
    expect(page.locator("#conversation-title")).to_have_text("Vilma Elsewhere")
    for route in held[1:]:
        route.continue_()
    page.unroute("**/draft/?since=*")
    page.wait_for_load_state("networkidle")
    expect(page.locator("#conversation-title")).to_have_text("Vilma Elsewhere")
    expect(box(page)).to_have_value("")


@pytest.mark.two_operators
def test_a_note_is_found_again_in_this_browser_by_whoever_wrote_it_and_by_nobody_else(shop, enter, visit):
    customer, page = shop.contact("Yrsa Note", "Hello"), enter("operator")
    conversation = open_conversation(page, customer)
    page.keyboard.press("n")
    page.keyboard.type("She rang twice @ol")
    page.keyboard.press("Control+a")
    page.keyboard.type("She rang twice.")
    # The browser is closed and opened again.
    kept = page.context.storage_state()
    again = visit(shop.url, storage_state=kept)
    again.goto(f"/conversations/{conversation}/")
    again.keyboard.press("n")
    expect(again.locator("#note-text")).to_have_value("She rang twice.")
    # In the same browser somebody else: as when a session has ended by itself.
    stranger = visit(shop.url, storage_state={"cookies": enter("approver").context.cookies(), "origins": kept["origins"]})
    stranger.goto(f"/conversations/{conversation}/")
    stranger.keyboard.press("n")
    expect(stranger.locator("#note-text")).to_be_focused()
    expect(stranger.locator("#note-text")).to_have_value("")
    # Emptied or saved, it is kept no longer.
    again.keyboard.press("Control+a")
    again.keyboard.press("Delete")
    assert again.evaluate(KEPT) == 0
    again.keyboard.type("Once.")
    assert again.evaluate(KEPT) == 1
    again.keyboard.press("Control+Enter")
    expect(again.locator("#thread .note")).to_contain_text("Once.")
    assert again.evaluate(KEPT) == 0


def test_whoever_signs_out_leaves_no_note(shop, visit):
    page = visit(shop.url)
    page.goto("/sign-in/")
    sign_in(page, shop.logins["manager"])
    page.get_by_role("heading", level=1, name="Inbox").wait_for()
    open_conversation(page, shop.contact("Ylva Note", "Hello"))
    page.keyboard.press("n")
    page.keyboard.type("Nobody shall read this.")
    assert page.evaluate(KEPT) == 1
    page.locator(".top-menu > summary").press("Enter")
    page.get_by_role("button", name="Sign out").press("Enter")
    expect(page).to_have_url(re.compile("/sign-in/"))
    assert page.evaluate(KEPT) == 0
