"""Takes the pictures of this folder: starts a try-out that nobody has touched, and looks at it as the people in it do."""

import re
import sys
import tempfile
from pathlib import Path

from PIL import Image

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from playwright.sync_api import Browser, Page, ViewportSize, expect  # noqa: E402

from tests.browser.chromium import chromium, sign_in  # noqa: E402
from tests.browser.tryout import TryOut, try_out  # noqa: E402

IMAGES = ROOT / "docs" / "images"
DESK: ViewportSize = {"width": 1440, "height": 900}
PHONE: ViewportSize = {"width": 360, "height": 740}
LARGEST = 250_000


def main() -> None:
    IMAGES.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory() as folder, try_out(Path(folder)) as shop, chromium() as browser:
        approver = _enter(browser, shop, "approver")
        _open_proposal(approver)
        _take(approver, "console-light")
        approver.emulate_media(color_scheme="dark")
        _take(approver, "console-dark")
        approver.emulate_media(color_scheme="light")
        approver.goto("/approvals/")
        _take(approver, "approvals-light")
        approver.set_viewport_size(PHONE)
        approver.goto("/conversations/")
        _open_proposal(approver)
        _take(approver, "phone")
        admin = _enter(browser, shop, "admin")
        admin.goto("/admin/")
        _take(admin, "admin")


def _enter(browser: Browser, shop: TryOut, who: str) -> Page:
    page = browser.new_page(base_url=shop.url, viewport=DESK, device_scale_factor=1, locale="en-GB", color_scheme="light", reduced_motion="reduce")
    page.goto("/sign-in/")
    sign_in(page, shop.logins[who])
    expect(page).to_have_url(re.compile("/conversations/$"))
    return page


def _open_proposal(page: Page) -> None:
    page.locator("#rows .row").filter(has_text="Amina Okafor").click()
    expect(page.locator("#thread .proposal")).to_be_in_viewport()


def _take(page: Page, name: str) -> None:
    """Once everything is there and still."""
    page.wait_for_load_state("load")
    page.evaluate("document.fonts.ready.then(() => Promise.all(document.getAnimations().map((each) => each.finished)))")
    path = IMAGES / f"{name}.png"
    page.screenshot(path=path)
    if path.stat().st_size > LARGEST:
        with Image.open(path) as image:
            image.quantize(256).save(path, optimize=True)


if __name__ == "__main__":
    main()
