"""Two people in one conversation see each other look and type; agents are stopped by a tap on a telephone, and go on with a reason."""

import re

import pytest
from playwright.sync_api import expect

from tests.browser.steps import line, open_conversation

pytestmark = [pytest.mark.browser, pytest.mark.two_operators]
PHONE = {"width": 360, "height": 740}
# A browser's notices are kept, because Chromium without a screen shows none.
NOTICES = """
window.notices = [];
window.Notification = class { constructor(title) { this.title = title; window.notices.push(this); } close() {} static permission = "granted"; };
"""


def test_two_operators_see_each_other_look_and_type(shop, enter):
    customer = shop.contact("Petra Novak", "Are you open on Sunday?")
    operator, approver = enter("operator"), enter("approver")
    address = f"/conversations/{open_conversation(operator, customer)}/"
    expect(operator.locator("#presence .presence-one")).to_have_count(0)
    approver.goto(address)
    expect(approver.locator("#presence")).to_contain_text("Olive Park is looking at this")
    expect(operator.locator("#presence")).to_contain_text("Amal Haddad is looking at this")
    expect(operator.locator("#said")).to_have_text("Amal Haddad is looking at this")

    operator.get_by_role("textbox", name="Text").press_sequentially("From ten")
    expect(approver.locator("#presence")).to_contain_text("Olive Park is typing…")
    expect(approver.locator("#someone-types p")).to_be_visible()
    expect(approver.get_by_role("button", name="Send")).to_be_enabled()
    # Who types no more is seen to type no more, although nobody says so.
    expect(approver.locator("#someone-types p")).to_be_hidden()
    expect(approver.locator("#presence")).to_contain_text("Olive Park is looking at this")

    # A move to the next conversation needs no word of its own.
    operator.goto("/conversations/")
    expect(approver.locator("#presence .presence-one")).to_have_count(0)


def test_presence_moves_nothing_else(shop, enter):
    customer = shop.contact("Quentin Adler", "Hello?")
    operator, approver = enter("operator"), enter("approver")
    conversation = open_conversation(operator, customer)
    operator.wait_for_load_state("networkidle")
    asked = []
    operator.on("request", lambda request: asked.append(request.url))
    approver.goto(f"/conversations/{conversation}/")
    expect(operator.locator("#presence .presence-one")).to_have_count(1)
    approver.goto("/approvals/")
    expect(operator.locator("#presence .presence-one")).to_have_count(0)
    assert {url.rsplit("/", 2)[1] for url in asked} <= {"presence", "media"}, asked


def test_agents_are_stopped_by_one_tap_and_lifted_with_a_reason(shop, enter, trouble):
    customer = shop.contact("Runa Dahl", "Is the cake vegan?")
    phone, other = enter("approver", viewport=PHONE, has_touch=True), enter("operator")
    trouble.expected = {422}
    conversation = open_conversation(other, customer)
    phone.goto("/conversations/")
    assert phone.evaluate("document.documentElement.scrollWidth <= innerWidth")
    phone.get_by_role("link", name="Stop agents").tap()
    sheet = phone.get_by_role("dialog", name="Stop agents")
    expect(sheet.get_by_label("Where")).to_have_value("all")
    sheet.get_by_role("button", name="Too many messages").tap()
    expect(phone.locator("#stop")).to_contain_text("Amal Haddad")
    expect(phone.locator("#stop")).to_contain_text("“Too many messages”")
    expect(phone.locator("#announcer")).to_contain_text("Agents are stopped.")
    # Everybody whom it concerns is told at once, on the page that they have open.
    expect(other.locator("#stop")).to_contain_text("Agents are stopped on")
    with pytest.raises(BaseExceptionGroup):
        shop.call("propose_message", conversation_id=conversation, text="It is.")

    phone.locator("#stop").get_by_role("link", name="Lift").tap()
    sheet.get_by_role("button", name="Lift", exact=True).tap()
    expect(sheet.get_by_role("alert")).to_contain_text("Say why")
    sheet.get_by_role("textbox", name="Another reason").first.fill("It was only a test")
    sheet.get_by_role("button", name="Lift", exact=True).tap()
    expect(sheet).to_be_hidden()
    expect(phone.locator("#stop")).not_to_contain_text("Agents are stopped")
    expect(other.locator("#stop")).not_to_contain_text("Agents are stopped")
    assert shop.call("propose_message", conversation_id=conversation, text="It is.")["status"] == "pending"


def test_whoever_chose_notices_is_told_once_that_somebody_else_wrote(shop, enter):
    first, second = shop.contact("Sten Moe", "One question."), shop.contact("Tove Lie", "Another one.")
    page = enter("manager")
    page.add_init_script(NOTICES)
    page.goto("/preferences/")
    page.get_by_label("Notices of news").check()
    page.get_by_role("button", name="Save").click()
    open_conversation(page, first)
    expect(page.locator("#rows .row").filter(has_text="Tove Lie")).to_be_visible()
    page.wait_for_load_state("networkidle")
    second.writes("Are you there?")
    page.wait_for_function("() => window.notices.length")
    assert page.evaluate("window.notices.map(each => each.title)") == ["Tove Lie wrote"]
    first.writes("And one more.")
    expect(line(page, "And one more.")).to_be_visible()
    page.evaluate("window.notices[0].onclick()")
    expect(page.get_by_role("heading", level=1, name="Tove Lie")).to_be_visible()
    assert page.evaluate("window.notices.length") == 1
    expect(page).to_have_title(re.compile("Countersign"))
    page.goto("/preferences/")
    page.get_by_label("Notices of news").uncheck()
    page.get_by_role("button", name="Save").click()
