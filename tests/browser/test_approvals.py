"""Agents propose by MCP; people see it at once, and one of them decides."""

import re

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.browser.steps import line, look_at, open_conversation, row_of
from tests.browser.tryout import Customer, TryOut

pytestmark = pytest.mark.browser


def propose(shop: TryOut, page: Page, customer: Customer, text: str, reason: str = "They asked.") -> str:
    """Barista proposes an answer to the conversation that is open on `page`. Returns the proposal's id."""
    conversation = open_conversation(page, customer)
    told = shop.call("propose_message", conversation_id=conversation, text=text, reason=reason)
    assert told["status"] == "pending"
    return told["proposal_id"]


def card_of(page: Page, proposal: str) -> Locator:
    return page.locator(f"#proposal-{proposal}")


def open_card(page: Page, proposal: str) -> Locator:
    """On the desk of the review queue."""
    page.goto(f"/proposals/{proposal}/")
    look_at(card_of(page, proposal))
    return card_of(page, proposal)


def outcome(shop: TryOut, proposal: str) -> dict:
    """As the agent reads it."""
    return shop.call("get_proposal", proposal_id=proposal)


def test_a_proposal_appears_by_itself_and_is_approved_by_one_key(shop, enter):
    customer, approver, operator = shop.contact("Lukas Brandl", "When do you close?"), enter("approver"), enter("operator")
    approver.goto("/approvals/")
    proposal = propose(shop, operator, customer, "At six.")
    expect(card_of(operator, proposal)).to_contain_text("At six.")
    waiting = row_of(approver, customer)
    expect(waiting).to_contain_text("At six.")
    waiting.click()
    expect(approver).to_have_url(f"{shop.url}/proposals/{proposal}/")
    expect(card_of(approver, proposal)).to_contain_text("They asked.")
    look_at(card_of(approver, proposal))
    approver.keyboard.press("a")
    expect(approver.locator("#announcer")).to_contain_text("Approved.")
    expect(row_of(approver, customer)).to_have_count(0)
    expect(card_of(operator, proposal)).to_have_count(0)
    expect(line(operator, "At six.")).to_contain_text("Barista · approved by Amal Haddad")
    assert [message["text"] for message in customer.gets(1)] == ["At six."]
    assert outcome(shop, proposal)["decision"]["by"] == "Amal Haddad"


def test_a_proposal_is_changed_and_approved_with_the_keyboard(shop, enter):
    customer, page = shop.contact("Mira Stein", "Do you take cards?"), enter("approver")
    card = open_card(page, propose(shop, page, customer, "Only coins."))
    page.keyboard.press("e")
    box = card.get_by_label("Change the text.")
    expect(box).to_be_focused()
    expect(box).to_have_value("Only coins.")
    box.fill("Coins and cards.")
    page.keyboard.press("Control+Enter")
    expect(page.locator("#announcer")).to_contain_text("Approved.")
    open_conversation(page, customer)
    expect(line(page, "Coins and cards.")).to_contain_text("edited and approved by Amal Haddad")
    assert [message["text"] for message in customer.gets(1)] == ["Coins and cards."]


def test_a_proposal_is_rejected_with_a_reason_that_the_agent_reads(shop, enter):
    customer, page = shop.contact("Nadia Kern", "Any discount?"), enter("approver")
    proposal = propose(shop, page, customer, "Half price for you.")
    card = open_card(page, proposal)
    page.keyboard.press("r")
    reason = card.get_by_label("Why not?")
    expect(reason).to_be_focused()
    reason.fill("We never promise discounts.")
    card.get_by_role("button", name="Reject").last.click()
    expect(page.locator("#announcer")).to_contain_text("Rejected.")
    told = outcome(shop, proposal)
    assert (told["status"], told["decision"]["reason"]) == ("rejected", "We never promise discounts.")
    page.goto("/approvals/decided/")
    expect(page.get_by_role("listitem").filter(has_text="Nadia Kern")).to_contain_text("We never promise discounts.")
    assert customer.got() == []


def test_the_conversation_is_a_place_to_decide_too(shop, enter):
    customer, page = shop.contact("Olaf Busch", "Is there a ramp?"), enter("approver")
    card = card_of(page, propose(shop, page, customer, "Yes, at the side door."))
    look_at(card)
    card.get_by_role("button", name="Approve and send").click()
    expect(line(page, "Yes, at the side door.")).to_contain_text("approved by Amal Haddad")
    customer.gets(1)


def hear_nothing(page: Page) -> None:
    """As if the news were slow to come: every look for something newer finds nothing."""
    page.route("**/*screen=*", lambda route: route.fulfill(status=204))


def test_who_decides_second_is_told_who_was_faster_and_keeps_the_words(shop, enter, trouble):
    customer, first, second = shop.contact("Paula Engel", "Do you roast?"), enter("approver"), enter("manager")
    trouble.expected = {409}
    proposal = propose(shop, first, customer, "On Mondays.")
    hear_nothing(second)
    card = open_card(second, proposal)
    second.keyboard.press("e")
    card.get_by_label("Change the text.").fill("On Mondays and Fridays.")
    open_card(first, proposal)
    first.keyboard.press("a")
    expect(first.locator("#announcer")).to_contain_text("Approved.")
    second.keyboard.press("Control+Enter")
    expect(card.get_by_role("alert")).to_contain_text("Amal Haddad has approved this already.")
    expect(card.get_by_label("What you wrote did not go out.")).to_have_value("On Mondays and Fridays.")
    assert [message["text"] for message in customer.gets(1)] == ["On Mondays."]


@pytest.mark.parametrize("place", ["queue", "conversation"])
def test_words_stay_when_the_news_take_their_box_away(place, shop, enter):
    customer, first, second = shop.contact(f"Olga {place.title()}", "Do you grind?"), enter("approver"), enter("manager")
    proposal = propose(shop, second, customer, "Of course.")
    card = card_of(second, proposal) if place == "conversation" else open_card(second, proposal)
    expect(card).to_be_visible()
    look_at(card)
    second.keyboard.press("e")
    card.get_by_label("Change the text.").fill("Of course, for a V60.")
    open_card(first, proposal)
    first.keyboard.press("a")
    expect(second.get_by_label("What you wrote did not go out.")).to_have_value("Of course, for a V60.")
    assert [message["text"] for message in customer.gets(1)] == ["Of course."]


def test_what_the_contact_writes_meanwhile_is_shown_on_the_card(shop, enter):
    customer, page = shop.contact("Quirin Adler", "Two bags, please."), enter("approver")
    card = open_card(page, propose(shop, page, customer, "Two bags are packed."))
    page.keyboard.press("e")
    card.get_by_label("Change the text.").fill("Two bags are packed and")
    customer.writes("Sorry, three.")
    expect(card).to_contain_text("Quirin Adler has written")
    expect(page.locator("#desk .lines")).to_contain_text("New since the agent wrote")
    expect(page.locator("#desk .lines")).to_contain_text("Sorry, three.")
    expect(card.get_by_label("Change the text.")).to_have_value("Two bags are packed and")
    expect(card.get_by_label("Change the text.")).to_be_focused()


def test_a_decision_on_an_old_screen_is_refused_and_the_words_stay(shop, enter, trouble):
    customer, page = shop.contact("Rita Sommer", "One bag, please."), enter("approver")
    trouble.expected = {409}
    proposal = propose(shop, page, customer, "One bag is packed.")
    hear_nothing(page)
    card = open_card(page, proposal)
    page.keyboard.press("e")
    card.get_by_label("Change the text.").fill("One bag is packed and paid.")
    customer.writes("Wait, none.")
    # The row in the list tells that the message is stored.
    expect(row_of(page, customer)).to_contain_text("Newer message")
    page.keyboard.press("Control+Enter")
    expect(card.get_by_role("alert")).to_contain_text("The conversation went on while you were looking.")
    expect(card.get_by_label("Change the text.")).to_have_value("One bag is packed and paid.")
    assert outcome(shop, proposal)["status"] == "pending"
    assert customer.got() == []


@pytest.mark.parametrize(("who", "buttons"), [("reader", []), ("operator", ["Take over"]), ("approver", ["Approve and send", "Edit", "Reject", "Take over"])])
def test_everybody_sees_the_card_with_the_buttons_that_are_theirs(who, buttons, shop, enter):
    page = enter(who)
    page.goto(shop.conversation("Amina Okafor"))
    card = page.locator("#thread .proposal")
    expect(card).to_contain_text("Three 250 g bags of whole beans are £36")
    # Each ends with its key.
    expect(card.locator(".proposal-actions button")).to_have_text([re.compile(f"^{words} ?[aert]$") for words in buttons])
