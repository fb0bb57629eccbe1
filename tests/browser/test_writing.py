"""Two people write at once: drafts that stay, canned replies and emoji by keyboard, and proposals beside one's own words."""

import re

import pytest
from playwright.sync_api import expect

from tests.browser.steps import line, open_conversation
from tests.loopback.stage import Stage

pytestmark = [pytest.mark.browser, pytest.mark.two_operators]
CANNED = """
from inbox.models import CannedReply
for shortcut, text in (("hours", "Hi {{ first_name }}, we open at eight."), ("parking", "There is parking behind {{ account }}.")):
    CannedReply.objects.get_or_create(shortcut=shortcut, account=None, defaults={"text": text})
result = {}
"""


def box(page):
    return page.get_by_role("textbox", name="Text", exact=True)


def type_and_wait(page, words):
    """Typed, and saved a moment later."""
    with page.expect_response(lambda answer: answer.request.method == "PUT" and answer.ok):
        box(page).fill(words)


@pytest.fixture(scope="module")
def canned(shop):
    Stage([shop.url], shop.meta, shop.environment, None).manage(CANNED)


def test_two_operators_have_a_draft_each_which_they_find_again(shop, enter):
    customer = shop.contact("Dagny Lie", "Is it open on Sunday?")
    one, other = enter("operator"), enter("approver")
    for page, words in ((one, "Yes, from eight"), (other, "Let me look")):
        open_conversation(page, customer)
        type_and_wait(page, words)
    for page, words in ((one, "Yes, from eight"), (other, "Let me look")):
        page.reload()
        expect(box(page)).to_have_value(words)
    second = enter("operator")
    open_conversation(second, customer)
    expect(box(second)).to_have_value("Yes, from eight")
    page = one
    page.keyboard.press("Escape")
    box(page).focus()
    page.keyboard.press("Control+Enter")
    expect(line(page, "Yes, from eight")).to_be_visible()
    page.reload()
    expect(line(page, "Yes, from eight")).to_be_visible()
    expect(box(page)).to_have_value("")
    expect(box(other)).to_have_value("Let me look")
    assert [message["text"] for message in customer.gets(1)] == ["Yes, from eight"]


def test_words_that_the_server_never_got_are_found_by_the_browser(shop, enter, trouble):
    trouble.expected = {503}
    customer, page = shop.contact("Enno Bakker", "Hello"), enter("operator")
    open_conversation(page, customer)
    page.route("**/draft/", lambda route: route.fulfill(status=503))
    box(page).fill("Typed on a train")
    expect(page.locator("#draft")).to_contain_text("Not saved on the server yet")
    page.unroute("**/draft/")
    page.reload()
    expect(box(page)).to_have_value("Typed on a train")
    expect(page.locator("#draft")).to_have_attribute("data-version", re.compile(".+"))


def test_what_is_typed_stays_with_its_contact_when_another_is_opened_at_once(shop, enter):
    first, second, page = shop.contact("Frieda Moe", "One"), shop.contact("Gitte Moe", "Two"), enter("operator")
    open_conversation(page, second)
    open_conversation(page, first)
    box(page).fill("For Frieda alone")
    page.locator("#rows .row").filter(has_text="Gitte Moe").click()
    expect(page.get_by_role("heading", level=1, name="Gitte Moe")).to_be_visible()
    expect(box(page)).to_have_value("")
    page.locator("#rows .row").filter(has_text="Frieda Moe").click()
    expect(box(page)).to_have_value("For Frieda alone")


def test_two_windows_of_one_person_offer_each_other_what_was_written(shop, enter, trouble):
    trouble.expected = {409}
    customer = shop.contact("Hedda Nor", "Hi")
    one, other = enter("operator"), enter("operator")
    for page in (one, other):
        open_conversation(page, customer)
    type_and_wait(one, "On the laptop")
    box(other).fill("On the telephone")
    note = other.locator("#draft")
    expect(note).to_contain_text("On the laptop")
    expect(box(other)).to_have_value("On the telephone")
    note.get_by_role("button", name="Use it").click()
    expect(box(other)).to_have_value("On the laptop")


def test_a_canned_reply_is_taken_by_keyboard_and_filled_in(shop, enter, canned):
    customer, page = shop.contact("Ingrid Aas", "When do you open?"), enter("operator")
    open_conversation(page, customer)
    box(page).press_sequentially("Good morning /")
    expect(page.get_by_role("option")).to_have_count(2)
    page.keyboard.press("ArrowDown")
    expect(box(page)).to_have_attribute("aria-activedescendant", page.get_by_role("option").nth(1).get_attribute("id"))
    box(page).press_sequentially("hou")
    expect(page.get_by_role("option")).to_have_count(1)
    page.keyboard.press("Escape")
    expect(page.get_by_role("listbox")).to_be_hidden()
    box(page).press_sequentially(" /ho")
    expect(page.get_by_role("option", name="/hours")).to_be_visible()
    page.keyboard.press("Tab")
    expect(box(page)).to_have_value("Good morning /hou Hi Ingrid, we open at eight.")
    expect(box(page)).to_be_focused()


def test_an_emoji_is_found_by_name_and_put_where_the_cursor_is(shop, enter):
    customer, page = shop.contact("Jorun Vik", "Thanks!"), enter("operator")
    open_conversation(page, customer)
    box(page).fill("You are welcome , see you")
    box(page).evaluate("box => box.setSelectionRange(16, 16)")
    page.locator("#emoji > summary").press("Enter")
    expect(page.get_by_role("searchbox", name="Search emoji")).to_be_focused()
    page.keyboard.type("sparkles")
    expect(page.locator("#emoji-said")).to_have_text("Emoji that fit: 1")
    page.keyboard.press("Enter")
    expect(box(page)).to_have_value("You are welcome ✨, see you")
    expect(box(page)).to_be_focused()
    page.locator("#emoji > summary").press("Enter")
    expect(page.get_by_role("group", name="Used lately").get_by_role("button", name="sparkles")).to_be_visible()
    page.keyboard.press("Escape")
    expect(box(page)).to_be_focused()


def test_own_words_beside_a_proposal_close_it_or_keep_it(shop, enter, trouble):
    trouble.expected = {409}
    customer = shop.contact("Kari Dahl", "Do you have oat milk?")
    one, other = enter("operator"), enter("approver")
    conversation = open_conversation(one, customer)
    box(one).fill("Yes, and soya.")
    shop.call("propose_message", conversation_id=conversation, text="We have oat milk.", reason="Asked")
    expect(one.locator("#beside")).to_contain_text("What you send does not close it")
    open_conversation(other, customer)
    box(one).focus()
    one.keyboard.press("Control+Enter")
    expect(one.get_by_role("button", name="Send and close the proposal")).to_be_visible()
    expect(one.get_by_role("button", name="Send and keep the proposal")).to_be_visible()
    expect(box(one)).to_have_value("Yes, and soya.")
    one.keyboard.press("Control+Enter")
    for page in (one, other):
        expect(line(page, "Yes, and soya.")).to_be_visible()
        expect(page.locator("#thread [data-proposal]")).to_have_count(0)
    assert [message["text"] for message in customer.gets(1)] == ["Yes, and soya."]


@pytest.mark.thorough
def test_a_picture_pasted_beside_a_link_is_the_picture_of_its_card_and_a_file_above_the_page_is_expected(shop, enter):
    customer, page = shop.contact("Liv Sand", "Where?"), enter("operator")
    open_conversation(page, customer)
    over = "kind => document.querySelector('#thread').dispatchEvent(new DragEvent(kind, { bubbles: true, cancelable: true, dataTransfer: window.held }))"
    page.evaluate("() => { window.held = new DataTransfer(); window.held.items.add(new File(['a'], 'a.txt')); }")
    page.evaluate(over, "dragover")
    expect(page.get_by_text("Drop it here to send it")).to_be_visible()
    page.evaluate(over, "dragleave")
    expect(page.get_by_text("Drop it here to send it")).to_be_hidden()
    page.get_by_role("radio", name="Link").check()
    page.get_by_label("Address", exact=True).evaluate("""box => {
        const files = new DataTransfer();
        files.items.add(new File([new Uint8Array([1, 2, 3])], "pasted.png", { type: "image/png" }));
        box.dispatchEvent(new ClipboardEvent("paste", { clipboardData: files, bubbles: true, cancelable: true }));
    }""")
    expect(page.locator("#announcer")).to_contain_text("is the picture of the card now")


def test_it_warns_before_the_limit_in_words(shop, enter):
    customer, page = shop.contact("Mari Holt", "Tell me everything."), enter("operator")
    open_conversation(page, customer)
    page.set_viewport_size({"width": 360, "height": 740})
    box(page).fill("x" * 1500)
    expect(page.locator("#composer-count")).not_to_have_attribute("data-near", "")
    box(page).fill("x" * 1950)
    expect(page.locator("#composer-count")).to_have_attribute("data-near", "")
    expect(page.locator("#composer-said")).to_have_text("Left: 50")
    assert box(page).bounding_box()["width"] < 360
    box(page).fill("x" * 2003)
    expect(page.locator("#composer-said")).to_have_text("Too long by 3")
