"""How pages look: in light and dark, on a telephone, and to those who see them otherwise."""

import base64
from collections.abc import Iterator

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, expect

from tests.browser.steps import open_conversation, send
from tests.browser.tryout import TryOut
from tests.inbox.pictures import picture as make_picture
from tests.loopback.stage import PAGE, Stage

pytestmark = pytest.mark.browser
PHONE = {"width": 360, "height": 740}
WIDTH = "Math.max(document.documentElement.scrollWidth, document.body.scrollWidth)"
WCAG = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]
# Without preloading, by which axe copies style sheets into the page, where what they import is looked for in vain.
LEVELS = {"runOnly": {"type": "tag", "values": WCAG}, "resultTypes": ["violations"], "preload": False}
CANNED = """
from inbox.models import CannedReply
CannedReply.objects.get_or_create(shortcut="looks", account=None, defaults={"text": "Hi {{ first_name }}."})
result = {}
"""
COLOURS = {"runOnly": {"type": "rule", "values": ["color-contrast"]}, "resultTypes": ["violations"], "preload": False}
# Who looks at what. A name in braces is somebody whose conversation it is; a star is the first of its kind.
PAGES = {
    "nobody": ["/sign-in/", "/nowhere/"],
    "approver": [
        "/conversations/", "{Amina Okafor}", "{يوسف الحدّاد}", "/approvals/", "/approvals/decided/", "/proposals/*", "/preferences/", "/preferences/password/",
        "/stops/", "/conversations/?q=order", "/conversations/?lane=snoozed", "/conversations/filters/", "/views/",
    ],
    "operator": [
        "{Tom Fairweather}", "{Priya Raman}", "{Ravi Menon}", "{Ingrid Solberg}", "{Mateo Rivas}", "{Zofia Wolska}", "{Kofi Mensah}", "{Lucía Ferrer}",
    ],
    # Her own pages are walked in test_every_admin_page.py.
    "admin": ["/conversations/", "/admin/"]
}  # fmt: skip


@pytest.fixture
def tour(shop, visit, enter, trouble):
    """Leads somebody from page to page, and says where they are."""
    trouble.expected = {404}

    def go(who: str, **options: object) -> Iterator[tuple[str, Page]]:
        page = visit(shop.url, **options) if who == "nobody" else enter(who, **options)
        for where in PAGES[who]:
            page.goto(_address(shop, page, where))
            yield where, page

    return go


def _address(shop: TryOut, page: Page, where: str) -> str:
    if where == "/proposals/*":
        page.goto("/approvals/")
        return page.locator("#rows .row").first.get_attribute("href") or ""
    return shop.conversation(where[1:-1]) if where.startswith("{") else where


@pytest.mark.parametrize("who", PAGES)
def test_nobody_is_shut_out_by_how_a_page_is_made(who, tour):
    found, axe = [], Axe()
    # Axe is no part of the page and writes styles that its policy forbids.
    for where, page in tour(who, bypass_csp=True):
        found.append((where, axe.run(page, options=LEVELS)))
        page.emulate_media(color_scheme="dark")
        page.evaluate("Promise.all(document.getAnimations().map((each) => each.finished))")
        found.append((f"{where} in the dark", axe.run(page, options=COLOURS)))
        page.emulate_media(color_scheme="light")
    report = "\n".join(f"{where}: {each.generate_report()}" for where, each in found if each.violations_count)
    assert not report, report


# What stands over a conversation or in it only while somebody uses it: how it is opened by keys, and what is there then.
OPENED = {
    "labels": (["l"], "#sheet-labels form", "#work"),
    "assignment": (["m"], "#sheet-assignment form", "#work"),
    "snooze": (["z"], "#sheet-snooze form", "#work"),
    "a note": (["n", "@", "o"], "#mentionable [role=option]:not([hidden])", "#noting"),
    "the keys": (["?"], "#keys", "#keys"),
    "stops": (["S"], "#stop-sheet #stops", "#stop-sheet"),
    "canned replies": (["r", "/", "l"], "#canned [role=option]", "#composer"),
    "labels of several": (["x", "l"], "#selection-new-label", ".list-pane"),
    "snooze of several": (["x", "z"], "#selection-until", ".list-pane"),
    "views": (["w"], "#view-name", ".list-pane"),
}
# And what has no key of its own: its place, and what is there once that is pressed.
PRESSED = {
    "emoji": ("#emoji > summary", "#emoji-found button", "#composer"),
    "another time": ("#later > summary", "#moments", "#composer"),
    "filters": ("#filters > summary", "#filter-network", ".list-pane"),
    "a link": ("[name=kind][value=link]", ".link-boxes", "#composer"),
    "a file": ("[name=kind][value=file]", "#files", "#composer"),
    "a picture": ("a[data-lightbox]", "#lightbox figure img", "#lightbox"),
    "the story": (".happened > summary", ".told .story", "#scroller"),
}


@pytest.mark.thorough
def test_nobody_is_shut_out_by_what_opens(shop, enter):
    page, axe, found = enter("approver", bypass_csp=True), Axe(), []
    Stage([shop.url], shop.meta, shop.environment, None).manage(CANNED)
    customer = shop.contact("Åse Looks", "Look at this")
    picture = base64.b64encode(make_picture(size=(64, 48))).decode()
    shop.meta.post("messages", account=PAGE, contact=customer.id, media=[["image", picture], ["image", picture]])
    address = f"/conversations/{open_conversation(page, customer)}/"
    send(page, "Beautiful.")
    expect(page.locator("#thread a[data-lightbox='ours']")).to_have_count(2)

    def look(what: str, around: str = "main") -> None:
        found.append((what, axe.run(page, context=around, options=LEVELS)))
        page.emulate_media(color_scheme="dark")
        page.evaluate("Promise.all(document.getAnimations().map((each) => each.finished))")
        found.append((f"{what} in the dark", axe.run(page, context=around, options=COLOURS)))
        page.emulate_media(color_scheme="light")

    for what, (keys, there, around) in OPENED.items():
        page.goto(address)
        expect(page.locator(".row[aria-current]")).to_be_visible()
        for key in keys:
            page.keyboard.press(key)
        expect(page.locator(there).first).to_be_visible()
        look(what, around)
    page.evaluate("localStorage.clear()")
    for what, (place, there, around) in PRESSED.items():
        page.goto(address)
        page.locator(place).first.press("Space" if "kind" in place else "Enter")
        expect(page.locator(there).first).to_be_visible()
        look(what, around)
    story = page.locator("[hx-get*='/story/']").first.get_attribute("hx-get") or ""
    for where in (story, *(f"{address}{menu}/" for menu in ("snooze", "labels", "assignment"))):
        page.goto(where)
        expect(page.locator("h1").first).to_be_visible()
        look(where)
    report = "\n".join(f"{what}: {each.generate_report()}" for what, each in found if each.violations_count)
    assert not report, report


@pytest.mark.parametrize("who", PAGES)
def test_nothing_is_wider_than_a_telephone(who, tour):
    widths = {where: page.evaluate(WIDTH) for where, page in tour(who, viewport=PHONE, has_touch=True)}
    assert widths == dict.fromkeys(widths, PHONE["width"])


def test_the_colours_are_as_the_system_light_or_dark(shop, enter):
    page = enter("approver", color_scheme="light")
    page.goto("/conversations/")
    html, paper = page.locator("html"), "getComputedStyle(document.querySelector('header.top')).backgroundColor"
    light = page.evaluate(paper)
    page.get_by_role("button", name="Change the colours").click()
    expect(html).to_have_attribute("data-theme", "dark")
    dark = page.evaluate(paper)
    assert dark != light
    page.goto("/preferences/")
    assert page.evaluate(paper) == dark
    page.get_by_role("button", name="Change the colours").click()
    expect(html).to_have_attribute("data-theme", "light")
    assert page.evaluate(paper) == light
    page.get_by_role("button", name="Change the colours").click()
    expect(html).to_have_attribute("data-theme", "auto")
    page.emulate_media(color_scheme="dark")
    assert page.evaluate(paper) == dark
