"""A person answers: text, pictures and cards, what comes in meanwhile, and what may not go out any more."""

import hashlib
import io
import re

import httpx
import pytest
from PIL import Image
from playwright.sync_api import expect

from tests.browser.chromium import sign_in
from tests.browser.steps import line, open_conversation, row_of, send
from tests.loopback.stage import INSTAGRAM, PAGE

pytestmark = pytest.mark.browser
LOW = {"width": 1280, "height": 560}
ARRIVED = re.compile("^(Sent|Delivered|Read)$")


def test_an_operator_signs_in_opens_a_conversation_and_answers_once(shop, visit):
    customer = shop.contact("Iris Blum", "Is there a quiet corner?")
    page = visit(shop.url)
    page.goto("/")
    sign_in(page, shop.logins["operator"])
    expect(page.get_by_role("heading", level=1, name="Inbox")).to_be_visible()
    expect(page.locator("#rows .row").filter(has_text="Amina Okafor")).to_be_visible()
    row_of(page, customer).click()
    expect(line(page, "Is there a quiet corner?")).to_be_visible()
    send(page, "Upstairs, by the window.")
    expect(line(page, "Upstairs").locator(".standing-words")).to_have_text(ARRIVED)
    expect(page.get_by_role("textbox", name="Text")).to_have_value("")
    expect(page.get_by_role("textbox", name="Text")).to_be_focused()
    assert [message["text"] for message in customer.gets(1)] == ["Upstairs, by the window."]


def test_a_picture_is_uploaded_seen_and_sent(shop, enter):
    customer, page = shop.contact("Bruno Falk", "What does the teal cup look like?"), enter("operator")
    picture = _picture("teal")
    open_conversation(page, customer)
    page.get_by_role("radio", name="Picture").check()
    page.locator("input[type=file]").set_input_files({"name": "cup.png", "mimeType": "image/png", "buffer": picture})
    expect(page.get_by_role("img", name="The picture that will be sent")).to_be_visible()
    assert customer.got() == []
    page.get_by_role("button", name="Send").click()
    shown = page.locator("#thread").get_by_role("img", name="cup.png")
    expect(shown).to_be_visible()
    expect(shown).to_have_js_property("naturalWidth", 320)
    assert [message["sha256"] for message in customer.gets(1)] == [hashlib.sha256(picture).hexdigest()]


def _picture(colour: str) -> bytes:
    buffer = io.BytesIO()
    Image.new("RGB", (320, 240), colour).save(buffer, "PNG")
    return buffer.getvalue()


def test_a_picture_is_fetched_from_its_address_seen_and_sent(shop, enter):
    customer, page = shop.contact("Carla Dietz", "Do you have a map?"), enter("operator")
    address = f"{shop.meta.url}/sim/picture.png"
    open_conversation(page, customer)
    page.get_by_role("radio", name="Picture").check()
    page.get_by_label("Address of a picture").fill(address)
    page.keyboard.press("Enter")
    expect(page.get_by_role("img", name="The picture that will be sent")).to_be_visible()
    page.get_by_role("button", name="Send").click()
    assert [message["sha256"] for message in customer.gets(1)] == [hashlib.sha256(httpx.get(address).content).hexdigest()]


def test_a_link_card_is_shown_while_it_is_written_and_sent_as_shown(shop, enter):
    customer, page = shop.contact("David Roth", "Where is the programme?"), enter("operator")
    open_conversation(page, customer)
    page.get_by_role("radio", name="Link card").check()
    page.get_by_label("Address", exact=True).fill("harbour.example/autumn")
    page.get_by_label(re.compile("^Title")).press_sequentially("Autumn evenings")
    page.get_by_label("Subtitle").fill("Every Thursday")
    card = page.locator(".link-preview")
    expect(card.locator(".link-title")).to_have_text("Autumn evenings")
    expect(card.locator(".link-subtitle")).to_have_text("Every Thursday")
    page.keyboard.press("Control+Enter")
    expect(page.locator("#thread").get_by_role("link", name="https://harbour.example/autumn")).to_be_visible()
    [message] = customer.gets(1)
    assert (message["kind"], message["url"], message["title"]) == ("link", "https://harbour.example/autumn", "Autumn evenings")


def test_instagram_counts_bytes_and_text_that_is_too_long_is_refused_and_kept(shop, enter, trouble):
    customer, page = shop.contact("Elif Aydin", "How was the evening?", account=INSTAGRAM), enter("operator")
    trouble.expected = {422}
    open_conversation(page, customer)
    box, counter = page.get_by_role("textbox", name="Text"), page.locator("#composer-count")
    box.fill("☕" * 10)
    expect(counter).to_have_text("30 / 1,000 bytes")
    words = "😀" * 251
    box.fill(words)
    expect(counter).to_have_text("1,004 / 1,000 bytes")
    expect(counter).to_have_attribute("data-over", "")
    page.keyboard.press("Control+Enter")
    expect(page.locator("#composer").get_by_role("alert")).to_contain_text("Instagram takes 1,000 bytes of text; this is")
    expect(box).to_have_value(words)
    assert customer.got() == []


def test_what_comes_in_appears_by_itself_and_disturbs_nothing(shop, enter):
    customer, page = shop.contact("Farid Nasser", *[f"Question {number}\nwith\nfour\nlines" for number in range(1, 7)]), enter("operator", viewport=LOW)
    other = shop.contact("Grete Holm", "Good morning.")
    open_conversation(page, customer)
    expect(line(page, "Question 6")).to_be_visible()
    expect(row_of(page, other)).to_be_visible()
    box, early = page.get_by_role("textbox", name="Text"), line(page, "Question 3")
    box.fill("I am still writing")
    box.evaluate("box => { box.setSelectionRange(2, 4); window.loadedOnce = true; }")
    page.locator("#scroller").evaluate("(scroller, line) => line.scrollIntoView({block: 'start'})", early.element_handle())
    before = early.bounding_box()

    customer.writes("And one more thing")
    other.writes("Are you there?")

    expect(line(page, "And one more thing")).to_be_attached()
    expect(row_of(page, other)).to_contain_text("Are you there?")
    expect(row_of(page, customer)).to_contain_text("And one more thing")
    expect(box).to_be_focused()
    expect(box).to_have_value("I am still writing")
    assert box.evaluate("box => [box.selectionStart, box.selectionEnd]") == [2, 4]
    assert early.bounding_box() == pytest.approx(before, abs=1)
    assert page.evaluate("window.loadedOnce")


def test_the_unread_mark_goes_when_the_conversation_is_opened(shop, enter):
    customer, page = shop.contact("Hanna Weiss", "Hello?", "Anybody?"), enter("operator")
    page.goto("/conversations/")
    row, count = row_of(page, customer), page.locator("#unread-count")
    expect(row).to_contain_text("2 unread messages")
    before = int(count.inner_text())
    row.click()
    expect(row).not_to_contain_text("unread")
    expect(count).to_have_text(str(before - 1))


@pytest.mark.parametrize(("name", "words"), [
    ("Jo", r"^Reply: \d+ h \d+ m$"), ("Lena Brandt", r"^Reply: \d+ m( \d+ s)? · last hour$"),
    ("Priya Raman", r"^Human reply only: \d+ d( \d+ h)?$"), ("Tom Fairweather", "^Window closed$"),
])  # fmt: skip
def test_a_countdown_is_in_words(name, words, shop, enter):
    page = enter("operator")
    page.goto(shop.conversation(name))
    expect(page.locator("#window-now .window")).to_have_text(re.compile(words))


def test_what_is_undone_in_time_never_leaves(shop, enter):
    customer, page = shop.contact("Ines Prado", "Is the garden open?", account=INSTAGRAM), enter("operator")
    open_conversation(page, customer)
    send(page, "No, it is clsoed.")
    held = line(page, "clsoed")
    expect(held.locator(".standing-words")).to_have_text(re.compile(r"Leaves in \d+ s"))
    held.get_by_role("button", name="Undo").click()
    expect(held).to_contain_text("Taken back before it left.")
    # The outbox keeps the order, so once this one has arrived the other would have.
    send(page, "No, it is closed.")
    line(page, "is closed.").get_by_role("button", name="Send now").click()
    assert [message["text"] for message in customer.gets(1)] == ["No, it is closed."]


def test_a_message_without_an_answer_shows_its_evidence_and_a_person_settles_it(shop, enter, meta_is_well):
    customer, page = shop.contact("Jonas Lind", "Can I bring a cake?"), enter("operator")
    open_conversation(page, customer)
    shop.meta.post("echo", account=PAGE, echo="never")
    shop.meta.post("faults", kind="error_after", account=PAGE)
    shop.meta.post("faults", kind="error_before", route="conversations", account=PAGE, times=None)
    send(page, "Of course.")
    unknown = line(page, "Of course.")
    expect(unknown).to_contain_text("Not known whether it arrived")
    expect(unknown).to_contain_text("Meta did not say whether this arrived.")
    expect(unknown).to_contain_text("It is never sent again by itself.")
    expect(unknown.get_by_role("button", name="Send again")).to_be_visible()
    unknown.get_by_role("button", name="It arrived").click()
    expect(unknown.locator(".standing-words")).to_have_text(ARRIVED)
    expect(unknown.get_by_role("button")).to_have_count(0)
    customer.gets(1)


def test_a_message_that_was_lost_is_missing_in_the_thread_and_is_sent_again_by_a_person(shop, enter, meta_is_well):
    customer, page = shop.contact("Klara Vogt", "Is it raining?"), enter("operator")
    open_conversation(page, customer)
    shop.meta.post("faults", kind="drop_before", account=PAGE)
    send(page, "Not yet.")
    lost = line(page, "Not yet.")
    expect(lost).to_contain_text("no message like this was in it")
    assert customer.got() == []
    lost.get_by_role("button", name="Send again").click()
    expect(lost.locator(".standing-words")).to_have_text(ARRIVED)
    customer.gets(1)


def test_a_closed_window_explains_itself_and_offers_no_box(shop, enter):
    page = enter("operator")
    page.goto(shop.conversation("Tom Fairweather"))
    expect(page.locator("#way-on")).to_contain_text("Meta's messaging window is closed.")
    expect(page.locator("#way-on")).to_contain_text("You can write again as soon as Tom Fairweather writes")
    expect(page.get_by_role("textbox", name="Text")).to_be_hidden()
    expect(page.get_by_role("button", name="Send")).to_be_hidden()


def test_after_a_day_only_a_persons_own_words_go_out(shop, enter):
    page = enter("operator")
    page.goto(shop.conversation("Priya Raman"))
    expect(page.locator("#way-on")).to_contain_text("Only a person's own words can go out now.")
    send(page, "Another bag is on its way to you.")
    expect(line(page, "Another bag").locator(".standing-words").last).to_have_text(ARRIVED)
    [message] = shop.meta.received(account=PAGE, contact="7000000000000002", direction="out")
    assert message["text"] == "Another bag is on its way to you."
