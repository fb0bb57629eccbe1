"""Undo and *Later*, as hands and eyes meet them."""

from datetime import UTC, datetime, timedelta

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.browser.steps import line, look_at, open_conversation, row_of, send
from tests.inbox.pictures import picture
from tests.loopback.stage import INSTAGRAM

pytestmark = pytest.mark.browser
BOX = "%Y-%m-%dT%H:%M"


def choose(page: Page, offer: str) -> None:
    """One of the moments beside *Send*."""
    page.locator("#later summary").click()
    page.get_by_role("radio", name=offer).check()
    page.keyboard.press("Escape")
    expect(page.locator("#moments")).to_be_hidden()
    expect(page.locator("#later summary")).to_be_focused()


def test_a_reply_is_scheduled_changed_and_cancelled_and_its_words_come_back(shop, enter, trouble):
    customer, page = shop.contact("Yara Quint", "Are you open on Sunday?"), enter("operator")
    trouble.expected.add(422)
    open_conversation(page, customer)
    page.get_by_role("textbox", name="Text").fill("We are.")
    choose(page, "In 1 hour")
    page.get_by_role("button", name="Schedule").click()
    waiting = line(page, "We are.")
    expect(waiting).to_contain_text("Scheduled")
    expect(waiting).to_contain_text("If they write before, it stays here.")
    expect(row_of(page, customer)).to_contain_text("A message leaves")

    waiting.get_by_text("Change time").click()
    box = waiting.locator("[type=datetime-local]")
    earlier, later = (datetime.now(UTC) + timedelta(hours=hours) for hours in (-5, 5))
    box.fill(earlier.strftime(BOX))
    waiting.get_by_role("button", name="Change", exact=True).click()
    expect(waiting.get_by_role("alert")).to_contain_text("That moment has passed.")
    expect(box).to_have_value(earlier.strftime(BOX))
    customer.writes("Hello?")
    expect(line(page, "Hello?")).to_be_visible()
    expect(box).to_have_value(earlier.strftime(BOX))
    expect(waiting).to_contain_text("They have written since")
    box.fill(later.strftime(BOX))
    waiting.get_by_role("button", name="Change", exact=True).click()
    expect(waiting).to_contain_text(f"at {later:%H:%M}. If they write before")

    waiting.get_by_role("button", name="Cancel").click()
    expect(page.get_by_role("textbox", name="Text")).to_have_value("We are.")
    expect(page.locator("#later summary")).to_contain_text(f"{later:%H:%M}")
    expect(line(page, "We are.")).to_contain_text("Taken back before it left.")
    choose(page, "Now")
    page.get_by_role("button", name="Send", exact=True).click()
    assert [message["text"] for message in customer.gets(1)] == ["We are."]


def test_undo_by_key_gives_the_words_back_unless_something_else_is_typed_by_now(shop, enter):
    customer, page = shop.contact("Zeno Adair", "Is the class full?", account=INSTAGRAM), enter("operator")
    open_conversation(page, customer)
    send(page, "Not yte.")
    expect(line(page, "Not yte.")).to_contain_text("Leaves in")
    page.keyboard.press("Escape")
    page.keyboard.press("u")
    box = page.get_by_role("textbox", name="Text")
    expect(box).to_have_value("Not yte.")
    expect(box).to_be_focused()
    box.fill("Not yet.")
    page.keyboard.press("Control+Enter")
    expect(line(page, "Not yet.")).to_be_visible()
    box.fill("Another thing")
    page.keyboard.press("Escape")
    page.keyboard.press("u")
    again = line(page, "Not yet.").get_by_role("link", name="Write it again")
    expect(again).to_be_visible()
    expect(box).to_have_value("Another thing")
    again.click()
    expect(box).to_have_value("Another thing\n\nNot yet.")
    assert customer.got() == []


def schedule(page: Page, text: str, *, unless: bool = True) -> Locator:
    """A reply that waits an hour, as it stands in the conversation."""
    page.get_by_role("textbox", name="Text").fill(text)
    page.locator("#later summary").click()
    page.get_by_role("radio", name="In 1 hour").check()
    page.locator("#unless").set_checked(unless)
    page.keyboard.press("Escape")
    page.get_by_role("button", name="Schedule").click()
    expect(line(page, text)).to_contain_text("Scheduled")
    return line(page, text)


def test_what_is_chosen_for_another_time_stays_chosen_when_they_write(shop, enter):
    customer, page = shop.contact("Ilse Brandt", "Is it ready?"), enter("operator")
    open_conversation(page, customer)
    waiting = schedule(page, "It is ready.", unless=False)
    waiting.get_by_text("Change time").click()
    condition, change = waiting.get_by_role("checkbox"), waiting.get_by_role("button", name="Change", exact=True)
    expect(condition).not_to_be_checked()
    condition.check()
    customer.writes("Anybody?")
    expect(line(page, "Anybody?")).to_be_visible()
    expect(condition).to_be_checked()
    expect(condition).to_be_focused()
    change.focus()
    customer.writes("Hello?")
    expect(line(page, "Hello?")).to_be_visible()
    expect(change).to_be_focused()
    change.click()
    expect(waiting).to_contain_text("If they write before, it stays here.")


def test_a_time_that_was_not_changed_before_the_message_left_is_no_loss(shop, enter):
    customer, page, other = shop.contact("Tomas Vale", "Is it ready?"), enter("operator"), enter("operator")
    open_conversation(page, customer)
    waiting = schedule(page, "It is ready.")
    waiting.get_by_text("Change time").click()
    waiting.locator("[type=datetime-local]").fill((datetime.now(UTC) + timedelta(hours=5)).strftime(BOX))
    open_conversation(other, customer)
    line(other, "It is ready.").get_by_role("button", name="Send now").click()
    customer.gets(1)
    expect(waiting.get_by_text("Change time")).to_have_count(0)
    expect(page.get_by_text("What you wrote did not go out")).to_have_count(0)


def test_whoever_sends_from_the_choice_of_a_moment_writes_on_below(shop, enter):
    page = enter("operator")
    page.goto(shop.conversation("Beatriz Nogueira"))
    box = page.get_by_role("textbox", name="Text")
    box.fill("Tomorrow.")
    page.locator("#later summary").click()
    page.get_by_role("radio", name="In 1 hour").check()
    page.keyboard.press("Control+Enter")
    expect(line(page, "Tomorrow.")).to_contain_text("Scheduled")
    expect(page.locator("#moments")).to_be_hidden()
    expect(box).to_be_focused()
    line(page, "Tomorrow.").get_by_role("button", name="Cancel").click()
    expect(box).to_have_value("Tomorrow.")


def test_a_second_picture_that_is_too_large_leaves_the_first_where_it_is(shop, enter):
    page = enter("operator")
    page.goto(shop.conversation("Beatriz Nogueira"))
    page.get_by_role("radio", name="Link").check()
    choice, chosen = page.locator("#card-picture-choice"), page.locator("#card-picture li")
    choice.set_input_files({"name": "cup.png", "mimeType": "image/png", "buffer": picture()})
    kept = chosen.filter(has=page.locator("[name=picture]"))
    expect(kept).to_contain_text("cup.png")
    choice.set_input_files({"name": "wall.png", "mimeType": "image/png", "buffer": bytes(9_000_000)})
    expect(chosen.filter(has_text="wall.png")).to_contain_text("Meta takes pictures of up to")
    expect(kept).to_contain_text("cup.png")
    choice.set_input_files({"name": "jug.png", "mimeType": "image/png", "buffer": picture()})
    expect(kept).to_contain_text("jug.png")
    expect(chosen).to_have_count(1)


def test_on_a_telephone_the_choice_fits(shop, enter):
    page = enter("operator", viewport={"width": 360, "height": 640})
    page.goto(shop.conversation("Beatriz Nogueira"))
    page.locator("#later summary").click()
    expect(page.get_by_role("checkbox", name="Only if they have not written by then")).to_be_checked()
    expect(page.locator("#moments")).to_be_in_viewport(ratio=1)
    assert page.evaluate("document.documentElement.scrollWidth") <= 360


def test_after_an_approval_the_seconds_run_and_undo_brings_it_back(shop, enter):
    customer, page = shop.contact("Noah Finch", "Do you ship?", account=INSTAGRAM), enter("approver")
    shop.call("propose_message", conversation_id=open_conversation(page, customer), text="We ship on Fridays.", reason="They asked.")
    page.goto("/approvals/")
    row_of(page, customer).click()
    look_at(page.locator("#desk [data-proposal]").filter(has_text="We ship on Fridays."))
    page.keyboard.press("a")
    expect(row_of(page, customer)).to_have_count(0)
    toast = page.locator("#announcer")
    expect(toast.locator("[data-leaves]")).to_contain_text("Leaves in")
    page.keyboard.press("u")
    expect(toast).to_contain_text("Taken back.")
    expect(row_of(page, customer)).to_be_visible()
    assert customer.got() == []
