"""Whoever is faster than the server: what they press and write goes where they mean it, or nowhere, and nothing is lost without a word."""

import re
from contextlib import contextmanager
from itertools import count

import pytest
from playwright.sync_api import expect

from tests.browser.chromium import PATIENCE, sign_in
from tests.browser.conftest import SIZE
from tests.browser.steps import row_of

pytestmark = [pytest.mark.browser, pytest.mark.thorough]
NUMBERS = count(100)
UNREACHABLE = re.compile("The server cannot be reached")


@pytest.fixture(scope="module")
def page(shop, browser):
    with browser.new_context(base_url=shop.url, viewport=SIZE, locale="en-GB", reduced_motion="reduce") as context:
        context.set_default_timeout(PATIENCE)
        page = context.new_page()
        # As long as there is one, the browser asks here first of all; it would need a moment to begin.
        page.route("**/*", lambda route: route.fallback())
        page.goto("/sign-in/")
        sign_in(page, shop.logins["operator"])
        expect(page).to_have_url(f"{shop.url}/conversations/")
        yield page


@pytest.fixture
def pair(shop, page):
    """Two that stand one below the other in the list; the upper one is open."""
    number = next(NUMBERS)
    page.goto("/conversations/")
    below = shop.contact(f"Bela {number}", "Are you there?")
    expect(row_of(page, below)).to_be_visible()
    above = shop.contact(f"Ada {number}", "Are you there?")
    expect(row_of(page, above)).to_be_visible()
    row_of(page, above).click()
    expect(title(page)).to_have_text(above.name)
    expect(title(page)).to_be_focused()
    expect(page.locator(".htmx-request")).to_have_count(0)
    return above, below


def title(page):
    return page.locator("#conversation-title")


def text(page):
    return page.locator("#composer-text")


def ended(place):
    expect(place.locator(".htmx-request")).to_have_count(0)


class Held:
    """Answers that are still on their way.

    Args:
        page: what waits for them.
    """

    def __init__(self, page):
        self.page, self.routes = page, []

    def comes(self, number=1):
        for _moment in range(500):
            if len(self.routes) >= number:
                return
            self.page.wait_for_timeout(10)
        raise AssertionError(f"{number} requests never came.")

    def go(self):
        while self.routes:
            self.routes.pop(0).continue_()

    def fail(self):
        while self.routes:
            self.routes.pop(0).abort()


@contextmanager
def slow(page, address, method="GET"):
    held = Held(page)
    fits = re.compile(address)
    page.route(fits, lambda route: held.routes.append(route) if route.request.method == method else route.fallback())
    yield held
    held.go()
    page.unroute(fits)


def way_to(page, customer):
    href = row_of(page, customer).get_attribute("href") or ""
    return re.escape(href.split("?")[0]) + r"(\?.*)?$"


def test_keys_and_words_do_not_go_to_the_one_before(page, pair):
    above, below = pair
    acts = []
    page.on("request", lambda request: acts.append(request.url) if re.search("closure|assignment|silence|unread", request.url) else None)
    with slow(page, way_to(page, below)) as held:
        page.keyboard.press("j")
        held.comes()
        page.keyboard.type("ich")
        page.keyboard.type("rjk no commands")
        expect(title(page)).to_have_text(above.name)
        assert text(page).input_value() == ""
        held.go()
        expect(title(page)).to_have_text(below.name)
    expect(text(page)).to_be_focused()
    expect(text(page)).to_have_value("")
    assert acts == []


def test_a_box_that_was_entered_meanwhile_keeps_the_focus(page, pair):
    _above, below = pair
    with slow(page, way_to(page, below)) as held:
        page.keyboard.press("j")
        held.comes()
        page.keyboard.press("/")
        page.keyboard.type("ci")
        held.go()
        expect(title(page)).to_have_text(below.name)
    expect(page.locator("#q")).to_be_focused()
    expect(page.locator("#q")).to_have_value("ci")


def test_whoever_goes_on_in_a_box_that_is_gone_presses_no_keys(page, pair):
    _above, below = pair
    acts = []
    page.on("request", lambda request: acts.append(request.url) if "closure" in request.url else None)
    with slow(page, way_to(page, below)) as held:
        page.keyboard.press("j")
        held.comes()
        text(page).focus()
        held.go()
        expect(title(page)).to_have_text(below.name)
    expect(title(page)).to_be_focused()
    page.keyboard.type("cic")
    ended(page)
    assert acts == []


def test_the_palette_leaves_the_place_to_answer(page, pair):
    above, below = pair
    text(page).focus()
    page.keyboard.press("Control+k")
    page.keyboard.type(below.name)
    expect(page.locator("#palette [aria-selected=true]")).to_contain_text(below.name)
    with slow(page, way_to(page, below)) as held:
        page.keyboard.press("Enter")
        held.comes()
        page.keyboard.type("mean in the old one")
        expect(title(page)).to_have_text(above.name)
        expect(text(page)).to_have_value("")
        held.go()
        expect(title(page)).to_have_text(below.name)
    expect(title(page)).to_be_focused()
    expect(row_of(page, below)).to_have_attribute("aria-current", "true")


@pytest.mark.parametrize("first", ["before", "after"])
def test_what_marks_unread_does_not_close_the_next(page, pair, first):
    _above, below = pair
    with slow(page, "/unread/$", "POST") as late, slow(page, way_to(page, below)) as held:
        page.keyboard.press("b")
        late.comes()
        page.keyboard.press("j")
        held.comes()
        for each in (late, held) if first == "before" else (held, late):
            with page.expect_response(lambda answer: answer.status == 200 and re.search("unread/$|/conversations/[^/]+/", answer.url) is not None):
                each.go()
        expect(title(page)).to_have_text(below.name)
        ended(page)
    expect(title(page)).to_have_text(below.name)
    expect(row_of(page, below)).to_have_attribute("aria-current", "true")
    expect(page.locator("#announcer")).to_contain_text("Marked as unread")


def test_acts_that_follow_each_other_are_all_done_once(page, pair):
    posts = []
    page.on("request", lambda request: posts.append(request.url.rsplit("/", 2)[1]) if request.method == "POST" and "presence" not in request.url else None)
    with slow(page, "/assignment/$", "POST") as held:
        page.keyboard.press("i")
        held.comes()
        for key in "chhc":
            page.keyboard.press(key)
        held.go()
        expect(page.locator("#reopens")).to_be_visible()
        expect(page.locator("#agents-switch")).to_have_attribute("aria-checked", "false")
        ended(page)
    assert posts == ["assignment", "closure", "silence"]


def test_an_act_that_waited_is_not_done_in_the_next_and_that_is_said(page, pair):
    _above, below = pair
    with slow(page, "/assignment/$", "POST") as held:
        page.keyboard.press("i")
        held.comes()
        page.keyboard.press("c")
        page.keyboard.press("j")
        expect(page.locator("#announcer")).to_contain_text("in the conversation before")
        expect(title(page)).to_have_text(below.name)
        held.go()
        ended(page)
    expect(page.locator("#closes")).to_contain_text("Close")


def test_what_could_not_be_opened_is_not_marked_as_open(page, pair):
    above, below = pair
    with slow(page, way_to(page, below)) as held:
        page.keyboard.press("j")
        held.comes()
        expect(row_of(page, below)).to_have_attribute("aria-current", "true")
        held.fail()
        expect(page.locator("#announcer")).to_have_text(UNREACHABLE)
    expect(row_of(page, above)).to_have_attribute("aria-current", "true")
    expect(row_of(page, below)).not_to_have_attribute("aria-current", "true")
    page.keyboard.press("j")
    expect(title(page)).to_have_text(below.name)


def test_a_refresh_that_fails_takes_nobody_out_of_their_box(page, pair):
    page.keyboard.press("/")
    with slow(page, "/conversations/[?].*rows=") as held:
        page.evaluate("htmx.trigger('#conversations', 'refresh')")
        held.comes()
        page.keyboard.type("two ")
        held.fail()
        ended(page)
        page.keyboard.type("words")
    expect(page.locator("#q")).to_be_focused()
    expect(page.locator("#q")).to_have_value("two words")
    expect(text(page)).to_have_value("")


def test_a_list_that_came_while_one_was_opened_comes_once_more(page, pair):
    _above, below = pair
    with slow(page, way_to(page, below)) as held:
        page.keyboard.press("j")
        held.comes()
        row = row_of(page, below).element_handle()
        below.writes("And again")
        page.wait_for_function("row => !row.isConnected", arg=row)
        ended(page.locator("#conversations"))
        with page.expect_request(lambda request: "rows=" in request.url and "mark=" not in request.url):
            held.go()
        expect(title(page)).to_have_text(below.name)
