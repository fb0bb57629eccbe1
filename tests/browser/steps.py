"""What people do on most pages."""

from playwright.sync_api import Locator, Page, expect

from tests.browser.tryout import Customer


def row_of(page: Page, customer: Customer) -> Locator:
    return page.locator("#rows .row").filter(has_text=customer.name)


def open_conversation(page: Page, customer: Customer) -> str:
    """From the list, as soon as it stands there. Returns its id."""
    page.goto("/conversations/")
    row_of(page, customer).click()
    expect(page.get_by_role("heading", level=1, name=customer.name)).to_be_focused()
    return page.url.rstrip("/").rsplit("/", 1)[1]


def line(page: Page, text: str) -> Locator:
    """One message of the conversation."""
    return page.locator("#thread .line").filter(has_text=text)


def send(page: Page, text: str) -> None:
    page.get_by_role("textbox", name="Text").fill(text)
    page.keyboard.press("Control+Enter")
    expect(line(page, text)).to_be_visible()


def look_at(card: Locator) -> None:
    """Keys do nothing on a card that has only just changed, so that nobody decides on what they have not seen. This waits until they do."""
    expect(card).to_be_in_viewport()
    card.page.wait_for_function("start => performance.now() - start > 400", arg=card.page.evaluate("performance.now()"))
