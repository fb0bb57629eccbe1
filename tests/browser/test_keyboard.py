"""Everything without a mouse."""

import re

import pytest
from playwright.sync_api import Page, expect

pytestmark = pytest.mark.browser
# What has the focus, by the part of the page that it stands in; and whether one sees that it has.
FOCUS = """() => {
  const here = document.activeElement, style = getComputedStyle(here), around = getComputedStyle(here.closest("label") ?? here);
  const part = here.closest(".skip, header.top, .list-head, #conversations, .conversation-head, #scroller, #composer, #facts");
  const seen = [style, around].some((each) => each.outlineStyle !== "none" || each.boxShadow !== "none");
  return [part ? part.id || part.classList[0] : here.tagName, here.name || here.className || here.tagName, seen];
}"""


def walk(page: Page) -> list[tuple[str, str, bool]]:
    """Where Tab leads, from the top of the page to its end."""
    steps = []
    while len(steps) < 200:
        page.keyboard.press("Tab")
        step = tuple(page.evaluate(FOCUS))
        if step[0] == "BODY":
            return steps
        steps.append(step)
    raise AssertionError("The focus never leaves the page.")


@pytest.fixture
def page(shop, enter):
    page = enter("approver")
    page.goto(shop.conversation("Amina Okafor"))
    expect(page.locator("#thread .proposal")).to_be_visible()
    # The list comes by itself, a moment later.
    expect(page.locator("#rows .row").first).to_be_visible()
    page.wait_for_load_state("load")
    return page


def test_tab_walks_the_conversation_page_in_the_order_of_reading(page):
    steps = walk(page)
    parts = list(dict.fromkeys(part for part, _name, _seen in steps))
    assert parts == ["skip", "top", "list-head", "conversations", "conversation-head", "scroller", "composer", "facts"]
    assert [step for step in steps if not step[2]] == []
    names = [name for part, name, _seen in steps if part == "composer"]
    assert names.index("text") < names.index("kind") < names.index("button")
    buttons = page.locator("#thread .proposal-actions button").count()
    assert len([name for part, name, _seen in steps if part == "scroller" and name == "button"]) == buttons == 4


def test_the_first_tab_skips_to_the_content(page):
    page.keyboard.press("Tab")
    skip = page.get_by_role("link", name="Skip to the content")
    expect(skip).to_be_focused()
    expect(skip).to_be_in_viewport()
    page.keyboard.press("Enter")
    expect(page.locator("#main")).to_be_focused()


def test_single_keys_move_reply_and_explain_themselves(page):
    page.keyboard.press("?")
    sheet = page.get_by_role("dialog", name="Keys")
    expect(sheet).to_be_visible()
    page.keyboard.press("Escape")
    expect(sheet).to_be_hidden()
    title = page.locator("#conversation-title")
    expect(title).to_have_text("Amina Okafor")
    page.keyboard.press("j")
    expect(title).not_to_have_text("Amina Okafor")
    expect(title).to_be_focused()
    page.keyboard.press("k")
    expect(title).to_have_text("Amina Okafor")
    expect(page.locator("#thread .proposal")).to_be_visible()
    page.keyboard.press("r")
    expect(page.get_by_role("textbox", name="Text")).not_to_be_focused()


def test_the_sheet_scrolls_on_a_telephone_and_covers_the_keys(page):
    page.set_viewport_size({"width": 360, "height": 640})
    page.keyboard.press("?")
    sheet = page.get_by_role("dialog", name="Keys")
    expect(sheet).to_be_visible()
    fits, scrolls = sheet.evaluate("sheet => [sheet.scrollWidth <= sheet.clientWidth, sheet.scrollHeight > sheet.clientHeight]")
    assert fits and scrolls
    title = page.locator("#conversation-title").inner_text()
    page.keyboard.press("j")
    expect(sheet).to_be_visible()
    expect(page.locator("#conversation-title")).to_have_text(title)
    page.keyboard.press("Escape")
    expect(sheet).to_be_hidden()


def test_keys_lead_everywhere(page):
    page.keyboard.press("/")
    search = page.get_by_role("searchbox")
    expect(search).to_be_focused()
    page.keyboard.type("ga")
    expect(search).to_have_value("ga")
    search.fill("")
    page.keyboard.press("Escape")
    page.keyboard.press("S")
    stops = page.get_by_role("dialog", name="Stop agents")
    expect(stops).to_be_visible()
    page.keyboard.press("Escape")
    expect(stops).to_be_hidden()
    page.keyboard.press("x")
    expect(page.locator("#rows input[type=checkbox]:checked")).to_have_count(1)
    page.keyboard.press("x")
    expect(page.locator("#rows input[type=checkbox]:checked")).to_have_count(0)
    page.keyboard.press("m")
    expect(page.locator("#menu-assignment")).to_have_attribute("open", "")
    page.keyboard.press("Escape")
    page.keyboard.press("g")
    page.keyboard.press("a")
    expect(page).to_have_url(re.compile("/approvals/"))
    page.wait_for_load_state("load")
    page.keyboard.press("g")
    page.keyboard.press("i")
    expect(page).to_have_url(re.compile("/conversations/$"))


def test_no_key_works_with_a_modifier_or_is_held(page):
    for key in ("Control+j", "Alt+j", "Meta+j"):
        page.keyboard.press(key)
    expect(page.locator("#conversation-title")).to_have_text("Amina Okafor")
    page.evaluate("document.body.dispatchEvent(new KeyboardEvent('keydown', {key: 'j', repeat: true, bubbles: true}))")
    expect(page.locator("#conversation-title")).to_have_text("Amina Okafor")


def test_a_word_with_the_letters_of_keys_is_only_typed(page):
    box = page.get_by_role("textbox", name="Text")
    box.focus()
    page.keyboard.type("a rejoinder, ok?")
    expect(box).to_have_value("a rejoinder, ok?")
    expect(page.locator("#thread .proposal")).to_be_visible()
    page.keyboard.press("Escape")
    expect(box).not_to_be_focused()
    box.fill("")
