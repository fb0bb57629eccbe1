"""How pages look: in light and dark, on a telephone, and to those who see them otherwise."""

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, expect

pytestmark = pytest.mark.browser
PHONE = {"width": 360, "height": 740}
WCAG = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]
LEVELS = {"runOnly": {"type": "tag", "values": WCAG}, "resultTypes": ["violations"]}
COLOURS = {"runOnly": {"type": "rule", "values": ["color-contrast"]}, "resultTypes": ["violations"]}
# Who looks at what. A name in braces is somebody whose conversation it is.
PAGES = [
    ("nobody", "/sign-in/"), ("approver", "/conversations/"), ("approver", "{Amina Okafor}"), ("operator", "{Tom Fairweather}"), ("operator", "{Priya Raman}"),
    ("approver", "{يوسف الحدّاد}"), ("approver", "/approvals/"), ("approver", "/approvals/decided/"), ("approver", "PROPOSAL"),
    ("approver", "/preferences/"), ("approver", "/preferences/password/"), ("admin", "/conversations/"), ("approver", "/nowhere/"),
    ("admin", "/admin/"), ("admin", "/admin/accounts/account/"), ("admin", "/admin/accounts/account/1/change/"), ("admin", "/admin/accounts/user/add/"),
    ("admin", "/admin/inbox/message/"), ("admin", "/admin/agents/agent/1/change/"), ("admin", "/admin/agents/policyversion/1/change/"),
]  # fmt: skip


@pytest.fixture
def look(shop, visit, enter, trouble):
    """A page as somebody sees it."""
    trouble.expected = {404}

    def go(who: str, where: str, **options: object) -> Page:
        page = visit(shop.url, **options) if who == "nobody" else enter(who, **options)
        page.goto(shop.conversation(where[1:-1]) if where[0] == "{" else "/approvals/" if where == "PROPOSAL" else where)
        if where == "PROPOSAL":
            page.goto(page.locator("#rows .row").first.get_attribute("href"))
        return page

    return go


@pytest.mark.parametrize(("who", "where"), PAGES)
def test_nobody_is_shut_out_by_how_a_page_is_made(who, where, look):
    # Axe is no part of the page and writes styles that its policy forbids.
    page, axe = look(who, where, bypass_csp=True), Axe()
    found = [axe.run(page, options=LEVELS)]
    page.emulate_media(color_scheme="dark")
    page.evaluate("Promise.all(document.getAnimations().map((each) => each.finished))")
    found.append(axe.run(page, options=COLOURS))
    report = "\n".join(each.generate_report() for each in found if each.violations_count)
    assert not report, report


@pytest.mark.parametrize(("who", "where"), PAGES)
def test_nothing_is_wider_than_a_telephone(who, where, look):
    page = look(who, where, viewport=PHONE, has_touch=True)
    assert page.evaluate("[document.documentElement.scrollWidth, document.body.scrollWidth]") == [360, 360]


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
