"""A conversation without a mouse: everything that can be written, sent, taken back and settled, and all the work around it."""

import re

import pytest
from playwright.sync_api import expect

from tests.browser.hands import Hands
from tests.browser.steps import line, open_conversation
from tests.inbox.pictures import picture
from tests.loopback.stage import INSTAGRAM, PAGE, Stage

pytestmark = [pytest.mark.browser, pytest.mark.thorough]
CANNED = """
from inbox.models import CannedReply
CannedReply.objects.get_or_create(shortcut="keyed", account=None, defaults={"text": "Hi {{ first_name }}, by key."})
result = {}
"""
ARRIVED = re.compile("^(Sent|Delivered|Read)$")


def test_everything_is_written_without_a_mouse(shop, enter):
    customer, page = shop.contact("Lior Keys", "Do you have oat milk?", "And decaf?"), enter("operator")
    Stage([shop.url], shop.meta, shop.environment, None).manage(CANNED)
    hands, box = Hands(page), page.get_by_role("textbox", name="Text", exact=True)
    open_conversation(page, customer)

    # To one message in particular; an emoji and a canned reply on the way.
    hands.press("q")
    expect(page.locator("#replying")).to_contain_text("And decaf?")
    hands.use(page.get_by_role("button", name="Reply to no message in particular"), "Shift+Tab")
    expect(box).to_be_focused()
    hands.press("Escape")
    hands.kept()
    hands.press("q", "Escape", "q")
    expect(page.locator("#replying")).to_contain_text("Do you have oat milk?")
    hands.write("Yes ")
    hands.use(page.locator("#emoji > summary"))
    hands.write("sparkles")
    expect(page.locator("#emoji-said")).to_have_text("Emoji that fit: 1")
    hands.press("Enter")
    expect(box).to_be_focused()
    hands.write(" /key")
    expect(page.get_by_role("option", name="/keyed")).to_be_visible()
    hands.press("Enter")
    expect(box).to_have_value("Yes ✨ Hi Lior, by key.")
    hands.press("Control+Enter")
    expect(line(page, "by key.").locator(".quoted")).to_have_text("Do you have oat milk?")
    expect(box).to_be_focused()

    # A link as a card, sent by its button.
    hands.reach(page.get_by_role("radio", name="Text"))
    hands.press("ArrowRight", "ArrowRight")
    expect(page.get_by_role("radio", name="Link")).to_be_checked()
    hands.reach(page.get_by_label("Address", exact=True), "Shift+Tab")
    hands.write("harbour.example/keys")
    hands.reach(page.get_by_label(re.compile("^Title")))
    hands.write("All keys")
    hands.use(page.get_by_role("button", name="Send"))
    expect(page.locator("#thread .link-card")).to_contain_text("All keys")
    hands.kept()

    # A file; the dialog of the system is not ours.
    hands.reach(page.get_by_role("radio", name=re.compile("Text|Link")).and_(page.locator(":checked")))
    hands.press("ArrowRight")
    expect(page.get_by_role("radio", name="File")).to_be_checked()
    hands.reach(page.locator("#file-choice"), "Shift+Tab")
    page.locator("#file-choice").set_input_files([{"name": f"{name}.png", "mimeType": "image/png", "buffer": picture()} for name in ("one", "two")])
    expect(page.get_by_role("img", name="To be sent:")).to_have_count(2)
    hands.use(page.get_by_role("button", name="Remove two.png"), "Shift+Tab")
    expect(page.locator(".chosen-file")).to_have_count(1)
    hands.kept()
    hands.use(page.get_by_role("button", name="Send"))
    expect(page.locator("#thread .picture")).to_have_count(1)
    hands.kept()
    assert len(customer.gets(3)) == 3

    # Later, changed, and never.
    hands.press("Escape")
    hands.kept()
    hands.press("r")
    hands.write("In an hour.")
    hands.use(page.locator("#later > summary"))
    hands.kept()
    hands.press("ArrowDown", "Escape")
    expect(page.locator("#later > summary")).to_be_focused()
    hands.use(page.get_by_role("button", name="Schedule"))
    waiting = line(page, "In an hour.")
    expect(waiting).to_contain_text("Scheduled")
    hands.kept()
    hands.use(waiting.get_by_text("Change time"), "Shift+Tab")
    hands.use(waiting.get_by_role("button", name="Change", exact=True))
    expect(waiting).to_contain_text("Scheduled")
    hands.kept()
    hands.use(waiting.get_by_role("button", name="Cancel"))
    expect(box).to_have_value("In an hour.")
    hands.kept()
    hands.reach(box)
    hands.press("Control+a", "Delete", "Escape")


def test_what_became_of_a_message_is_settled_without_a_mouse(shop, enter, meta_is_well):
    customer, page = shop.contact("Mona Keys", "Hello?", account=INSTAGRAM), enter("operator")
    hands, box = Hands(page), page.get_by_role("textbox", name="Text", exact=True)
    open_conversation(page, customer)
    hands.press("r")
    hands.write("Wrong.")
    hands.press("Control+Enter")
    expect(line(page, "Wrong.")).to_contain_text("Leaves in")
    hands.press("Escape", "u")
    expect(box).to_have_value("Wrong.")
    expect(box).to_be_focused()
    hands.press("Control+a")
    hands.write("Right.")
    hands.press("Control+Enter")
    hands.use(line(page, "Right.").get_by_role("button", name="Send now"), "Shift+Tab")
    expect(line(page, "Right.").locator(".standing-words")).to_have_text(ARRIVED)
    hands.kept()
    hands.use(line(page, "Right.").locator(".happened > summary"), "Shift+Tab")
    expect(line(page, "Right.").get_by_role("region", name="What happened")).to_contain_text("wrote this")
    hands.press("Enter")
    assert [message["text"] for message in customer.gets(1)] == ["Right."]

    customer = shop.contact("Nele Keys", "Hello?")
    open_conversation(page, customer)
    shop.meta.post("faults", kind="drop_before", account=PAGE)
    hands.press("r")
    hands.write("Lost.")
    hands.press("Control+Enter")
    hands.use(line(page, "Lost.").get_by_role("button", name="Retry"), "Shift+Tab")
    expect(line(page, "Lost.").locator(".standing-words")).to_have_text(ARRIVED)
    hands.kept()
    shop.meta.post("echo", account=PAGE, echo="never")
    shop.meta.post("faults", kind="error_before", route="conversations", account=PAGE, times=None)
    for words, answer in (("Here.", "It arrived"), ("There.", "Send again")):
        shop.meta.post("faults", kind="error_after", account=PAGE)
        hands.press("r")
        hands.write(words)
        hands.press("Control+Enter")
        hands.use(line(page, words).get_by_role("button", name=answer), "Shift+Tab")
        expect(line(page, words).locator(".standing-words")).to_have_text(ARRIVED)
        hands.kept()
    hands.press("Escape")


@pytest.mark.two_operators
def test_the_work_around_a_conversation_is_done_without_a_mouse(shop, enter):
    customer = shop.contact("Oona Keys", "Is the kitchen open late?")
    page, other = enter("operator"), enter("approver")
    hands = Hands(page)
    for each in (page, other):
        open_conversation(each, customer)

    # Whose it is.
    hands.press("i")
    expect(other.locator("#work .work-owner")).to_contain_text("Olive Park")
    hands.kept()
    hands.press("m")
    hands.use(page.locator("#sheet-assignment").get_by_role("button", name="Marek"))
    expect(other.locator("#work .work-owner")).to_contain_text("Marek")
    expect(page.locator("#opens-assignment")).to_be_focused()
    hands.press("v")
    expect(other.locator("#work .work-owner")).to_contain_text("Olive Park")
    expect(other.locator("#agents-switch")).to_have_attribute("aria-checked", "false")
    hands.kept()
    hands.press("h")
    expect(other.locator("#agents-switch")).to_have_attribute("aria-checked", "true")
    hands.kept()

    # Labels on and off.
    hands.press("l")
    expect(page.get_by_role("combobox", name="Label")).to_be_focused()
    hands.write("By hand")
    hands.press("Enter")
    expect(other.locator("#opens-labels .label")).to_have_text("By hand")
    expect(page.locator("#opens-labels")).to_be_focused()
    hands.press("l")
    hands.use(page.get_by_role("button", name="Take off By hand"), "Shift+Tab")
    expect(other.locator("#opens-labels .label")).to_have_count(0)
    hands.kept()

    # A note with a colleague, left once and found again, and taken away.
    hands.press("n")
    hands.write("Please ask @am")
    expect(page.get_by_role("option", name="Amal Haddad")).to_be_visible()
    hands.press("Enter", "Escape")
    hands.kept()
    hands.press("n")
    expect(page.locator("#note-text")).to_be_focused()
    hands.press("Control+Enter")
    expect(other.locator("#thread .mention")).to_have_text("@Amal Haddad")
    hands.kept()
    hands.use(page.locator(".note-off > summary"))
    hands.use(page.get_by_role("button", name="Take it away for good"))
    expect(other.locator("#thread")).to_contain_text("Olive Park took a note away")
    hands.kept()

    # Put away, and back.
    hands.press("z")
    hands.use(page.locator("#sheet-snooze").get_by_role("button", name=re.compile("In 3 hours")))
    expect(other.locator("#state")).to_contain_text("Snoozed")
    expect(page.locator("#opens-snooze")).to_be_focused()
    hands.use(page.locator("#wakes"))
    expect(other.locator("#state")).not_to_contain_text("Snoozed")
    hands.kept()
    hands.press("c")
    expect(other.locator("#state")).to_contain_text("Closed by Olive")
    hands.kept()
    hands.press("u")
    expect(other.locator("#state")).not_to_contain_text("Closed")
    hands.press("c")
    hands.use(page.locator("#reopens"))
    expect(other.locator("#state")).not_to_contain_text("Closed")
    hands.kept()

    # The facts where they stand aside, and unread again.
    page.set_viewport_size({"width": 900, "height": 800})
    hands.press("f")
    expect(page.locator("#facts")).to_be_visible()
    hands.press("f")
    expect(page.locator("#facts")).to_be_hidden()
    hands.kept()
    page.set_viewport_size({"width": 1280, "height": 800})
    hands.press("b")
    expect(page.locator("#announcer")).to_contain_text("Marked as unread")
    hands.kept()
    assert customer.got() == []
