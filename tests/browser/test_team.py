"""Two operators around one conversation: each sees at once what the other does with it."""

import re

import pytest
from playwright.sync_api import expect

from tests.browser.steps import line, open_conversation

pytestmark = pytest.mark.browser


def test_what_one_does_with_a_conversation_the_other_sees_at_once(shop, enter):
    customer = shop.contact("Greta Holm", "Do you take groups of twelve?")
    bob, alice = enter("operator"), enter("approver")
    for page in (bob, alice):
        open_conversation(page, customer)
    bob.locator("#assign-me").click()
    expect(bob.locator("#work .work-owner")).to_contain_text("You")
    expect(alice.locator("#work .work-owner")).to_contain_text("Olive Park")
    expect(alice.locator("#facts .history")).to_contain_text("Olive Park took it")
    alice.locator("#opens-assignment").click()
    alice.locator("#sheet-assignment").get_by_role("button", name="Marek").click()
    expect(bob.locator("#work .work-owner")).to_contain_text("Marek")
    alice.locator("#closes").click()
    expect(bob.locator("#state")).to_contain_text("Closed by Amal")
    customer.writes("Actually, thirteen.")
    for page in (bob, alice):
        expect(line(page, "Actually, thirteen.")).to_be_visible()
        expect(page.locator("#state")).not_to_contain_text("Closed")
        expect(page.locator("#closes")).to_have_text("Close")


def test_a_note_reaches_a_colleague_and_not_the_customer(shop, enter):
    customer = shop.contact("Nils Aare", "Is the kitchen open late?")
    bob, alice = enter("operator"), enter("approver")
    for page in (bob, alice):
        open_conversation(page, customer)
    bob.locator("#opens-note").click()
    box = bob.get_by_role("textbox", name="Note for colleagues")
    expect(box).to_be_focused()
    expect(bob.get_by_role("textbox", name="Text")).to_be_hidden()
    bob.keyboard.type("Please ask @am")
    expect(bob.get_by_role("option", name="Amal Haddad")).to_be_visible()
    bob.keyboard.press("Enter")
    expect(box).to_have_value("Please ask @Amal Haddad ")
    bob.keyboard.type("about Friday")
    bob.keyboard.press("Control+Enter")
    for page in (bob, alice):
        expect(page.locator("#thread .note")).to_contain_text("Please ask @Amal Haddad about Friday")
        expect(page.locator("#thread .note .mention")).to_have_text("@Amal Haddad")
    expect(bob.get_by_role("textbox", name="Text")).to_be_visible()
    bob.locator(".note-off summary").click()
    bob.get_by_role("button", name="Take it away for good").click()
    expect(alice.locator("#thread")).to_contain_text("Olive Park took a note away")
    assert customer.got() == []


def test_a_conversation_is_labelled_snoozed_and_woken_by_undo(shop, enter):
    customer, page = shop.contact("Salma Idris", "See you in spring."), enter("operator")
    open_conversation(page, customer)
    page.locator("#opens-labels").click()
    page.get_by_role("combobox", name="Label").fill("Spring")
    page.keyboard.press("Enter")
    expect(page.locator("#opens-labels .label")).to_have_text("Spring")
    expect(page.locator("#menu-labels")).not_to_have_attribute("open", "")
    page.locator("#opens-snooze").click()
    page.get_by_role("button", name=re.compile("In 3 hours")).click()
    expect(page.locator("#state")).to_contain_text("Snoozed: it comes back")
    page.locator("#announcer").get_by_role("button", name="Undo").click()
    expect(page.locator("#state")).not_to_contain_text("Snoozed")


def test_the_thread_opens_where_the_unread_begins(shop, enter):
    customer, page = shop.contact("Tove Lind", "The very first line."), enter("operator")
    open_conversation(page, customer)
    page.goto("/conversations/")
    for number in range(24):
        customer.writes(f"Line {number} of a long story, which goes on for a while, so that it fills the page.")
    expect(page.locator("#rows .row").filter(has_text="Tove Lind")).to_contain_text("Line 23")
    open_conversation(page, customer)
    expect(page.locator("#new-from")).to_be_in_viewport()
    expect(line(page, "Line 0 of")).to_be_in_viewport()
    expect(line(page, "Line 23 of")).not_to_be_in_viewport()
    customer.writes("And one more while it is open.")
    expect(line(page, "And one more while")).to_be_attached()
    expect(page.locator("#new-from")).to_be_in_viewport()
