"""Every page of the configuration: nobody is shut out by how it is made, in light and dark, and none is wider than a telephone."""

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, expect

from tests.browser.test_looks import COLOURS, LEVELS, PHONE, WIDTH

pytestmark = [pytest.mark.browser, pytest.mark.thorough]
DESK = {"width": 1280, "height": 800}
# One row of a list is made as the next, and axe looks at each cell.
FEW_ROWS = "document.querySelectorAll('#result_list tbody tr:nth-child(n+9)').forEach((row) => row.remove())"
# Pages that no list leads to. The number is that of the try-out's first account, app, agent …
MORE = {
    "Accounts": ["account/1/token/", "account/1/test/", "account/1/pause/", "account/1/disconnect/", "../connect/", "../connect/?account=1", "metaapp/add/"],
    "People": ["../people/invite/", "user/add/", "user/1/deactivate/", "user/1/history/"],
    "Agents": ["../agents/agent/add/", "../agents/agent/1/issue/", "../agents/policy/add/", "../agents/policyversion/1/change/", "stop/add/"],
    "Inbox": ["../inbox/backfill/add/"],
    "Activity": [],
}  # fmt: skip


@pytest.mark.parametrize("group", MORE)
def test_every_page_is_for_everybody(group, shop, enter, trouble):
    page = enter("admin", bypass_csp=True)
    page.goto("/admin/")
    expect(page.get_by_role("heading", name="What needs attention")).to_be_visible()
    lists = [link.get_attribute("href") or "" for link in page.locator(f"#content-main .module:has(caption:text-is('{group}')) th a").all()]
    assert lists
    found = []
    for address in [*lists, *(f"/admin/accounts/{more}" for more in MORE[group])]:
        answer = page.goto(address)
        assert answer and answer.status == 200, address
        found += _look(page, address)
        row = page.locator("#result_list tbody th a").first
        if address in lists and row.count():
            there = row.get_attribute("href") or ""
            page.goto(there)
            found += _look(page, page.url)
    assert not found, "\n".join(found)


def _look(page: Page, where: str) -> list[str]:
    """What axe finds here in light and dark, and whether it is too wide for a telephone."""
    page.evaluate(FEW_ROWS)
    axe = Axe()
    seen = [(where, axe.run(page, options=LEVELS))]
    page.emulate_media(color_scheme="dark")
    page.evaluate("Promise.all(document.getAnimations().map((each) => each.finished))")
    seen.append((f"{where} in the dark", axe.run(page, options=COLOURS)))
    page.emulate_media(color_scheme="light")
    page.set_viewport_size(PHONE)
    width = page.evaluate(WIDTH)
    page.set_viewport_size(DESK)
    wide = [f"{where} is {width} wide on a telephone"] if width > PHONE["width"] else []
    return [f"{name}: {each.generate_report()}" for name, each in seen if each.violations_count] + wide
