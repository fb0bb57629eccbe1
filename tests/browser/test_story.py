"""What happened to a message is read under it, by keyboard too, and stays open while the conversation goes on."""

import re

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Locator, expect

from tests.browser.steps import line, open_conversation, send
from tests.browser.test_looks import LEVELS

pytestmark = pytest.mark.browser
ARRIVED = re.compile("^(Sent|Delivered|Read)$")


def _by_keyboard(message: Locator) -> Locator:
    """Open the story under this message without a mouse."""
    way = message.locator(".happened > summary")
    way.focus()
    way.page.keyboard.press("Enter")
    return message.get_by_role("region", name="What happened")


def test_the_story_of_a_message_is_opened_by_keyboard_and_shuts_nobody_out(shop, enter):
    customer, page = shop.contact("Wilma Voss", "Do you sell beans?"), enter("operator", bypass_csp=True)
    open_conversation(page, customer)
    send(page, "By the kilo.")
    expect(line(page, "By the kilo.").locator(".standing-words")).to_have_text(ARRIVED)
    story = _by_keyboard(line(page, "By the kilo."))
    expect(story).to_contain_text("wrote this.")
    expect(story).to_contain_text("Meta took it.")
    page.keyboard.press("Tab")
    expect(story.get_by_text("For Meta's support")).to_be_focused()
    page.keyboard.press("Enter")
    expect(story.get_by_role("button", name="Copy")).to_be_visible()
    for scheme in ("light", "dark"):
        page.emulate_media(color_scheme=scheme)
        assert not Axe().run(page, options=LEVELS).response["violations"]


def test_the_story_stays_open_and_goes_on_while_news_come_in(shop, enter):
    customer, page = shop.contact("Yannick Moor", "And tea?"), enter("operator")
    open_conversation(page, customer)
    send(page, "Four kinds.")
    story = _by_keyboard(line(page, "Four kinds."))
    expect(story).to_contain_text("wrote this.")
    customer.writes("Which ones?")
    expect(line(page, "Which ones?")).to_be_visible()
    expect(story).to_be_visible()
    expect(story).to_contain_text("Meta took it.")
    expect(line(page, "Four kinds.").locator(".happened > summary")).to_be_focused()


def test_without_javascript_the_story_is_a_page(shop, enter):
    customer, page = shop.contact("Zora Lenz", "Any cake?"), enter("operator")
    address = f"/conversations/{open_conversation(page, customer)}/"
    send(page, "Plum cake.")
    plain = enter("operator", java_script_enabled=False)
    plain.goto(address)
    line(plain, "Plum cake.").locator(".happened > summary").click()
    plain.get_by_role("link", name="Read what happened").click()
    expect(plain.get_by_role("region", name="What happened").first).to_contain_text("wrote this.")
    plain.get_by_role("link", name="Back to the conversation").last.click()
    expect(plain).to_have_url(re.compile(f"{address}#message-"))
