"""A person answers: text, pictures and cards, what comes in meanwhile, and what may not go out any more."""

import base64
import hashlib
import io
import re
import wave
from datetime import UTC, datetime, timedelta

import httpx
import pytest
from PIL import Image
from playwright.sync_api import expect

from inbox.templatetags.windows import countdown
from inbox.window import MessagingWindow
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
    page.get_by_role("radio", name="File").check()
    page.locator("#file-choice").set_input_files({"name": "cup.png", "mimeType": "image/png", "buffer": picture})
    expect(page.get_by_role("img", name="To be sent: cup.png")).to_be_visible()
    assert customer.got() == []
    page.get_by_role("button", name="Send").click()
    shown = page.locator("#thread").get_by_role("img", name="cup.png")
    expect(shown).to_be_visible()
    expect(shown).to_have_js_property("naturalWidth", 320)
    assert [message["sha256"] for message in customer.gets(1)] == [hashlib.sha256(picture).hexdigest()]


def test_several_files_go_up_one_by_one_and_what_is_removed_stays_here(shop, enter, trouble):
    customer, page = shop.contact("Anouk Petit", "What do you have?"), enter("operator")
    trouble.expected = {422}
    open_conversation(page, customer)
    page.get_by_role("radio", name="File").check()
    bad = {"name": "broken.png", "mimeType": "image/png", "buffer": b"no picture"}
    good = [{"name": f"{colour}.png", "mimeType": "image/png", "buffer": _picture(colour)} for colour in ("teal", "plum", "sienna")]
    page.locator("#file-choice").set_input_files([bad, *good])
    files = page.locator(".chosen-file")
    expect(page.get_by_role("img", name="To be sent:")).to_have_count(3)
    expect(files.first).to_contain_text("This is not a picture that can be read.")
    for name in ("broken.png", "plum.png"):
        page.get_by_role("button", name=f"Remove {name}").click()
    expect(files).to_have_count(2)
    page.get_by_role("button", name="Send").click()
    expect(page.locator("#thread .picture")).to_have_count(2)
    sent = [hashlib.sha256(_picture(colour)).hexdigest() for colour in ("teal", "sienna")]
    assert [message["sha256"] for message in customer.gets(2)] == sent


def test_a_pasted_picture_is_chosen(shop, enter):
    customer, page = shop.contact("Pia Moss", "Show me."), enter("operator")
    open_conversation(page, customer)
    page.get_by_role("textbox", name="Text").evaluate("""(box, bytes) => {
        const files = new DataTransfer();
        files.items.add(new File([new Uint8Array(bytes)], "pasted.png", { type: "image/png" }));
        box.dispatchEvent(new ClipboardEvent("paste", { clipboardData: files, bubbles: true, cancelable: true }));
    }""", list(_picture("olive")))
    expect(page.get_by_role("img", name="To be sent: pasted.png")).to_be_visible()
    expect(page.get_by_role("radio", name="File")).to_be_checked()


def test_a_voice_message_plays_on_while_news_come_in(shop, enter):
    customer, page = shop.contact("Vera Lund", "Listen:"), enter("operator")
    shop.meta.post("messages", account=PAGE, contact=customer.id, media=[["audio", base64.b64encode(_long_sound()).decode()]])
    open_conversation(page, customer)
    player = page.locator("#thread audio")
    expect(player).to_have_js_property("duration", 30)
    player.evaluate("async player => { player.muted = true; player.currentTime = 12; await player.play(); window.player = player; }")
    customer.writes("Did you hear it?")
    expect(line(page, "Did you hear it?")).to_be_visible()
    expect(player).to_have_js_property("paused", False)
    assert player.evaluate("player => player === window.player && player.currentTime >= 12")


def _long_sound() -> bytes:
    """Half a minute of silence: long enough that nobody hears the end of it."""
    buffer = io.BytesIO()
    with wave.open(buffer, "wb") as sound:
        sound.setnchannels(1)
        sound.setsampwidth(1)
        sound.setframerate(8000)
        sound.writeframes(b"\x80" * 8000 * 30)
    return buffer.getvalue()


def test_one_message_is_answered_in_particular(shop, enter):
    customer, page = shop.contact("Quentin Hale", "Do you have oat milk?", "And decaf?"), enter("operator")
    open_conversation(page, customer)
    asked = line(page, "oat milk")
    asked.hover()
    asked.get_by_role("button", name="Reply to this message").click()
    expect(page.locator("#replying")).to_contain_text("Do you have oat milk?")
    expect(page.get_by_role("textbox", name="Text")).to_be_focused()
    page.get_by_role("button", name="Reply to no message in particular").click()
    expect(page.locator("#replying")).to_be_hidden()
    page.keyboard.press("Escape")
    page.keyboard.press("q")
    expect(page.locator("#replying")).to_contain_text("And decaf?")
    page.keyboard.press("Escape")
    page.keyboard.press("q")
    expect(page.locator("#replying")).to_contain_text("Do you have oat milk?")
    send(page, "Always.")
    expect(line(page, "Always.").locator(".quoted")).to_have_text("Do you have oat milk?")
    expect(page.locator("#replying")).to_be_hidden()
    expect(page.locator("[name=reply_to]")).to_have_value("")
    assert customer.gets(1)[0]["reply_to"]


def test_after_an_advertisement_a_person_lets_meta_decide(shop, enter):
    page = enter("operator")
    page.goto(shop.conversation("Kofi Mensah"))
    expect(page.locator("#way-on")).to_contain_text("Only Meta knows whether this window is still open.")
    page.get_by_role("textbox", name="Text").fill("It is, and there is a place for your machine.")
    page.get_by_role("button", name="Let Meta decide").click()
    # Replies to Instagram wait a minute here.
    line(page, "a place for your machine").get_by_role("button", name="Send now").click()
    expect(line(page, "a place for your machine").locator(".standing-words")).to_have_text(ARRIVED)


@pytest.mark.parametrize(("closes", "human", "perhaps", "refused"), [
    (20.01, None, None, None), (3.21, None, None, None), (0.71, None, None, None), (0.11, None, None, None),
    (20.01, None, 166.4, None), (3.21, None, 150.4, None),
    (-1, 100.4, None, None), (-1, 30.4, 100.4, None), (-1, None, 130.4, None), (-1, None, 3.21, None), (-1, None, None, None), (-200, None, -30, None),
    (5, None, 100, -1), (5, 49.4, 100, -1), (None, None, None, -1), (None, 49.4, None, -1),
])  # fmt: skip
def test_the_browser_counts_in_the_words_of_the_server(closes, human, perhaps, refused, enter):
    page, at = enter("operator"), datetime.now(UTC)
    page.goto("/conversations/")
    times = [None if hours is None else at + timedelta(hours=hours) for hours in (closes, human, perhaps, refused)]
    shown = countdown(MessagingWindow(times[0], times[1], "message", times[2], at - timedelta(hours=24), times[3]), at)
    data = {"closes": shown.closes_ms, "human": shown.human_ms, "perhaps": shown.perhaps_ms}
    counted = page.evaluate("""data => {
        const chip = Object.assign(document.createElement("span"), { className: "window" });
        for (const [name, value] of Object.entries(data)) if (value !== null) chip.dataset[name] = value;
        document.body.append(chip);
        document.dispatchEvent(new Event("visibilitychange"));
        return [chip.dataset.tone, chip.textContent.replace(/ [0-9]+ s$| [0-9]+ s /, " … ")];
    }""", data)
    if shown.closes_ms is not None:  # what nobody knows does not tick
        assert counted == [shown.tone, re.sub(r" \d+ s$| \d+ s ", " … ", shown.words)]


def test_on_a_telephone_the_facts_are_a_tap_away(shop, enter):
    page = enter("operator", viewport={"width": 360, "height": 740}, has_touch=True)
    page.goto(shop.conversation("Priya Raman"))
    facts = page.locator("#facts")
    expect(facts).to_be_hidden()
    page.get_by_role("button", name="About this contact").click()
    expect(facts).to_contain_text("Opened when")
    page.keyboard.press("Escape")
    expect(facts).to_be_hidden()


def _picture(colour: str) -> bytes:
    buffer = io.BytesIO()
    Image.new("RGB", (320, 240), colour).save(buffer, "PNG")
    return buffer.getvalue()


def test_a_picture_is_fetched_from_its_address_seen_and_sent(shop, enter):
    customer, page = shop.contact("Carla Dietz", "Do you have a map?"), enter("operator")
    address = f"{shop.meta.url}/sim/picture.png"
    open_conversation(page, customer)
    page.get_by_role("radio", name="File").check()
    page.get_by_label("Address of a file").fill(address)
    page.keyboard.press("Enter")
    expect(page.get_by_role("img", name="To be sent")).to_be_visible()
    page.get_by_role("button", name="Send").click()
    assert [message["sha256"] for message in customer.gets(1)] == [hashlib.sha256(httpx.get(address).content).hexdigest()]


def test_a_link_card_is_shown_while_it_is_written_and_sent_as_shown(shop, enter):
    customer, page = shop.contact("David Roth", "Where is the programme?"), enter("operator")
    open_conversation(page, customer)
    page.get_by_role("radio", name="Link").check()
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
    ("Kofi Mensah", r"^Perhaps open: \d+ d$"), ("Priya Raman", r"^Human reply only: \d+ d( \d+ h)?$"), ("Tom Fairweather", "^Window closed$"),
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
    expect(lost).to_contain_text("Meta did not answer, and the conversation there does not have it: it did not arrive.")
    assert customer.got() == []
    lost.get_by_role("button", name="Retry").click()
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
