"""What moves in a conversation when somebody goes back in it, and that nothing else does."""

import base64
import re

import pytest
from playwright.sync_api import expect

from tests.browser.hands import Hands
from tests.browser.steps import row_of
from tests.inbox.pictures import picture
from tests.loopback.stage import PAGE

pytestmark = [pytest.mark.browser, pytest.mark.thorough]
TOP = "scroller => (scroller.scrollTop = scroller.clientHeight - scroller.scrollHeight)"
# Whatever moves by itself for longer than an eye blinks.
MOVES = """() => {
  const long = (style) => [style.transitionDuration, style.animationDuration].some((times) => times.split(", ").some((time) => parseFloat(time) > 0.02));
  const smooth = (style) => style.scrollBehavior === "smooth";
  const moves = (each, style = getComputedStyle(each)) => long(style) || smooth(style);
  return [...document.querySelectorAll("*")].filter((each) => moves(each)).map((each) => each.className || each.localName);
}"""
LAST = 79


def line(page, text):
    """One message, also of those that came in above the others."""
    return page.locator("#scroller .line").filter(has_text=text)


def test_going_back_in_a_conversation_and_to_a_message_far_back_and_to_the_newest(shop, enter):
    customer, page = shop.contact("Ragna Long"), enter("operator")
    for number in range(LAST + 1):
        customer.writes(f"Step {number:02} of a long way\nwith\nthree lines")
    page.goto("/conversations/")
    expect(row_of(page, customer)).to_contain_text(f"Step {LAST}")
    page.goto(row_of(page, customer).get_attribute("href") or "")
    # Read by now, so that it opens at its end.
    page.reload()
    conversation, scroller, first = page.url, page.locator("#scroller"), line(page, "Step 30")
    expect(line(page, f"Step {LAST}")).to_be_in_viewport()
    sought = line(page, "Step 31").get_attribute("id") or ""
    assert line(page, "Step 29").count() == 0

    # What stands before comes by itself at the top, and what is read stays where it is.
    scroller.evaluate(TOP)
    before = first.bounding_box()
    expect(line(page, "Step 00")).to_be_attached()
    after = first.bounding_box()
    assert before and after and after["y"] == pytest.approx(before["y"], abs=2)
    # News below move nothing either.
    customer.writes("And one more")
    expect(line(page, "And one more")).to_be_attached()
    after = first.bounding_box()
    assert after and after["y"] == pytest.approx(before["y"], abs=2)
    far_back = line(page, "Step 03").get_attribute("id") or ""

    # A message far back stands in its stretch, and is the one that one sees.
    page.goto(f"{conversation}?at={far_back.removeprefix('message-')}")
    expect(page.locator(f"#{far_back}[data-sought]")).to_be_in_viewport()
    look = "line => { const { outline, boxShadow } = getComputedStyle(line.querySelector('.bubble-stack')); return outline + boxShadow; }"
    assert page.locator(f"#{far_back}").evaluate(look) != line(page, "Step 04").evaluate(look)
    expect(line(page, f"Step {LAST}")).to_have_count(0)
    assert page.evaluate(MOVES) == []

    # And back, by keyboard; impatience changes nothing.
    newest = page.get_by_role("link", name="To the newest messages")
    hands = Hands(page)
    hands.reach(newest)
    hands.press("Enter", "Enter")
    expect(line(page, "And one more")).to_be_in_viewport()
    expect(newest).to_have_count(0)
    expect(page).to_have_url(conversation)
    hands.kept()

    # One that is on the page anyway is only gone to.
    page.goto(f"{conversation}?at={sought.removeprefix('message-')}")
    expect(page.locator(f"#{sought}[data-sought]")).to_be_in_viewport()
    expect(newest).to_have_count(0)


def test_an_answer_that_comes_late_changes_nothing_in_another_conversation(shop, enter):
    """Of the way to the newest messages, of a message that was sent, and of a refresh."""
    long, other, page = shop.contact("Sture Long"), shop.contact("Sunna Other", "I am somebody else"), enter("operator")
    for number in range(56):
        long.writes(f"Step {number:02}")
    page.goto("/conversations/")
    expect(row_of(page, long)).to_contain_text("Step 55")
    page.goto(row_of(page, long).get_attribute("href") or "")
    page.reload()
    address, title, held = page.url, page.locator("#conversation-title"), []
    page.locator("#scroller").evaluate(TOP)
    far_back = (line(page, "Step 00").get_attribute("id") or "").removeprefix("message-")

    page.goto(f"{address}?at={far_back}")
    page.route(address, lambda route: held.append(route))
    page.get_by_role("link", name="To the newest messages").press("Enter")
    row_of(page, other).press("Enter")
    expect(title).to_have_text("Sunna Other")
    page.unroute(address)
    assert len(held) == 1

    page.goto(address)
    expect(line(page, "Step 55")).to_be_visible()
    page.route(f"{address}messages/", lambda route: held.append(route) if route.request.method == "POST" else route.fallback())
    page.get_by_role("textbox", name="Text", exact=True).fill("For Sture alone")
    page.keyboard.press("Control+Enter")
    row_of(page, other).press("Enter")
    expect(title).to_have_text("Sunna Other")
    expect(line(page, "I am somebody else")).to_be_visible()
    with page.expect_response(re.compile(f"{re.escape(address)}messages/$")):
        held[-1].continue_()
    long.gets(1)
    # The list has heard of it, so whatever belongs to the answer has been on this page.
    expect(row_of(page, long)).to_contain_text("For Sture alone")
    expect(line(page, "For Sture alone")).to_have_count(0)
    expect(line(page, "I am somebody else")).to_be_visible()
    expect(page.locator("#thread")).to_have_attribute("data-conversation", page.locator("#conversation").get_attribute("data-conversation") or "")
    expect(page.get_by_role("textbox", name="Text", exact=True)).to_have_value("")


def test_pictures_are_looked_at_one_by_one(shop, enter):
    customer, page = shop.contact("Tyra Photo", "Look:"), enter("operator")
    pictures = [base64.b64encode(picture(colour=colour, size=(64, 48))).decode() for colour in ("teal", "plum", "sienna")]
    shop.meta.post("messages", account=PAGE, contact=customer.id, media=[["image", each] for each in pictures])
    page.goto("/conversations/")
    row_of(page, customer).press("Enter")
    small, box, hands = page.locator("#thread a[data-lightbox='ours']"), page.locator("#lightbox"), Hands(page)
    expect(small).to_have_count(3)
    hands.use(small.nth(1))
    expect(box).to_be_visible()
    expect(box.locator("p")).to_contain_text("2/3")
    shown = [box.locator("figure img").get_attribute("src")]
    hands.press("ArrowRight")
    expect(box.locator("p")).to_contain_text("3/3")
    hands.press("ArrowRight")
    expect(box.locator("p")).to_contain_text("1/3")
    shown.append(box.locator("figure img").get_attribute("src"))
    hands.press("ArrowLeft")
    expect(box.locator("p")).to_contain_text("3/3")
    assert [(each or "").endswith(small.nth(number).get_attribute("href") or "-") for each, number in zip(shown, (1, 0), strict=True)] == [True, True]
    hands.use(box.get_by_role("button", name="Previous picture"))
    expect(box.locator("p")).to_contain_text("2/3")
    # Nothing behind it hears a key.
    hands.press("c", "b", "j")
    expect(box).to_be_visible()
    hands.press("Escape")
    expect(box).to_be_hidden()
    expect(small.nth(1)).to_be_focused()
    hands.press("Enter")
    hands.use(box.get_by_role("button", name="Close"))
    expect(box).to_be_hidden()
    expect(small.nth(1)).to_be_focused()
    customer.writes("And?")
    expect(line(page, "And?")).to_be_visible()
    expect(small.nth(1)).to_be_focused()


def test_whoever_wants_no_motion_sees_none(shop, enter):
    page = enter("approver")
    for address in (shop.conversation("Amina Okafor"), "/approvals/", "/preferences/"):
        page.goto(address)
        assert page.evaluate(MOVES) == [], address
