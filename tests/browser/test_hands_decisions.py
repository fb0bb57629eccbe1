"""Decisions, stops and preferences without a mouse."""

import re
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.browser.hands import Hands
from tests.browser.steps import line, look_at, open_conversation, row_of

pytestmark = [pytest.mark.browser, pytest.mark.thorough]
# The sheet as the server makes it.
SHEET = """() => fetch(`/stops/?conversation=${document.getElementById("conversation").dataset.conversation}`, { headers: { "HX-Request": "true" } })
  .then((answer) => answer.text())"""


def answer_with(page: Page, **answer: Any) -> None:
    """To whoever stops agents."""
    page.route("**/stops/", lambda route: route.fulfill(**answer) if route.request.method == "POST" else route.fallback())


def test_proposals_are_decided_without_a_mouse(shop, enter):
    customer, page = shop.contact("Pelle Keys", "Do you roast?"), enter("approver")
    hands, conversation = Hands(page), open_conversation(page, customer)
    cards = page.locator("#thread [data-proposal]")

    def propose(text: str) -> None:
        shop.call("propose_message", conversation_id=conversation, text=text, reason="Asked")

    # In the conversation: by Tab, by keys, and out of a box again.
    propose("On Mondays.")
    expect(cards).to_have_count(1)
    look_at(cards.first)
    hands.use(cards.first.get_by_role("button", name="Approve and send"), "Shift+Tab")
    expect(line(page, "On Mondays.")).to_contain_text("approved by Amal Haddad")
    expect(cards).to_have_count(0)
    hands.kept()
    propose("On Tuesdays.")
    expect(cards).to_have_count(1)
    look_at(cards.first)
    hands.press("e", "Escape")
    expect(cards.first.get_by_role("button", name="Edit")).to_be_focused()
    hands.press("e", "e")
    expect(cards.first.get_by_label("Change the text.")).to_be_focused()
    hands.press("Control+a")
    hands.write("On Wednesdays.")
    hands.press("Control+Enter")
    expect(line(page, "On Wednesdays.")).to_contain_text("edited and approved by Amal Haddad")
    hands.kept()
    propose("On Thursdays.")
    expect(cards).to_have_count(1)
    look_at(cards.first)
    hands.press("t")
    hands.press("Control+Enter")
    expect(line(page, "On Thursdays.")).to_contain_text("Amal Haddad")
    hands.kept()
    # Whoever takes over has switched agents off here.
    hands.press("Escape", "h")
    expect(page.locator("#agents-switch")).to_have_attribute("aria-checked", "true")
    propose("Never.")
    expect(cards).to_have_count(1)

    # In the queue.
    hands.press("Escape", "g", "a")
    expect(page).to_have_url(re.compile("/approvals/"))
    hands.use(row_of(page, customer))
    expect(page.locator("#desk-title")).to_be_focused()
    look_at(page.locator("#desk [data-proposal]"))
    hands.press("r")
    hands.write("They do.")
    hands.press("Control+Enter")
    expect(page.locator("#announcer")).to_contain_text("Rejected.")
    expect(row_of(page, customer)).to_have_count(0)
    hands.kept()
    propose("On Fridays.")
    row = row_of(page, customer)
    expect(row).to_be_visible()
    hands.use(row, "Shift+Tab")
    expect(page.locator("#desk-title")).to_have_text("Pelle Keys")
    look_at(page.locator("#desk [data-proposal]"))
    hands.press("a")
    expect(page.locator("#announcer")).to_contain_text("Approved.")
    hands.kept()
    hands.use(page.get_by_role("link", name="Decided"), "Shift+Tab")
    expect(page.get_by_role("heading", name="Decided")).to_be_visible()
    assert [message["text"] for message in customer.gets(4)] == ["On Mondays.", "On Wednesdays.", "On Thursdays.", "On Fridays."]


@pytest.mark.two_operators
def test_agents_are_stopped_and_go_on_without_a_mouse_and_a_refusal_keeps_the_words(shop, enter, trouble):
    trouble.expected = {422, 503}
    page, other, customer = enter("approver"), enter("operator"), shop.contact("Rune Keys", "Hello")
    open_conversation(page, customer)
    other.goto("/conversations/")
    hands, sheet = Hands(page), page.get_by_role("dialog", name="Stop agents")
    hands.press("S")
    own = sheet.get_by_label("Another reason")
    where = sheet.get_by_label("Where")
    hands.reach(where)
    hands.press("End")
    expect(where).to_have_value(re.compile("^conversation:"))
    hands.reach(own)
    hands.write("They are rude here")
    # Refused, as when somebody's right has just been taken, and once the server is away.
    refusal = page.evaluate(SHEET)
    refusal = refusal.replace("</h2>", '</h2><p class="stops-error" role="alert">You may not do that.</p>', 1)
    answer_with(page, status=422, content_type="text/html", body=refusal)
    hands.use(sheet.get_by_role("button", name="Stop", exact=True))
    expect(sheet.get_by_role("alert")).to_have_text("You may not do that.")
    expect(own).to_have_value("They are rude here")
    expect(own).to_be_focused()
    expect(where).to_have_value(re.compile("^conversation:"))
    page.unroute("**/stops/")
    answer_with(page, status=503)
    stop = sheet.get_by_role("button", name="Stop", exact=True)
    hands.use(stop)
    expect(sheet.get_by_role("alert")).to_contain_text("The server cannot be reached.")
    expect(own).to_have_value("They are rude here")
    expect(stop).to_be_focused()
    page.unroute("**/stops/")
    hands.press("Enter")
    expect(sheet).to_be_hidden()
    expect(page.locator("#announcer")).to_contain_text("Agents are stopped.")
    hands.kept()

    # Lifted, with words of one's own after none at all.
    hands.press("S")
    lift = sheet.get_by_role("button", name="Lift", exact=True).first
    hands.use(lift)
    expect(sheet.get_by_role("alert")).to_contain_text("Say why")
    expect(sheet.get_by_label("Another reason").first).to_be_focused()
    hands.write("They were right")
    hands.use(lift)
    expect(sheet).to_be_hidden()
    expect(page.locator("#announcer")).to_contain_text("The stop is lifted.")
    hands.kept()
    hands.press("S")
    expect(sheet).to_be_visible()
    hands.press("Escape")
    expect(sheet).to_be_hidden()
    hands.kept()

    # Preferences, and the sheet of keys on their page.
    hands.use(page.locator(".top-menu > summary"))
    hands.use(page.get_by_role("link", name="Preferences"))
    expect(page.get_by_role("heading", level=1, name="Preferences")).to_be_visible()
    hands.reach(page.get_by_label("Name", exact=True))
    hands.use(page.get_by_role("button", name="Save"))
    expect(page.get_by_role("status").filter(has_text=re.compile("aved"))).to_be_visible()
