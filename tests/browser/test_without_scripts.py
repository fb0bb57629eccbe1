"""Where scripts are off every page can still be read and every form sent; nothing is offered that would need them."""

import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.browser.chromium import sign_in
from tests.browser.steps import line, row_of
from tests.inbox.pictures import picture
from tests.loopback.stage import INSTAGRAM, PAGE, Stage, eventually

pytestmark = [pytest.mark.browser, pytest.mark.thorough]
BOX = "%Y-%m-%dT%H:%M"
ARRIVED = re.compile("Sent|Delivered|Read")
LONG = 55
PREPARE = f"""
from datetime import timedelta
from core.clock import now
from inbox.models import CannedReply, Contact, Conversation, Label, Message
CannedReply.objects.get_or_create(shortcut="hours", account=None, defaults={{"text": "Hi {{{{ first_name }}}}, we open at eight."}})
Label.objects.get_or_create(name="Wedding")
conversation = Conversation.objects.filter(contact__name="Amina Okafor").get()
first = conversation.messages.order_by("at").first()
Message.objects.bulk_create(
    Message(account=conversation.account, conversation=conversation, direction="in", source="meta", text=f"Long ago {{n}}.",
            mid=f"m_long_{{n}}", at=first.at - timedelta(days=9, minutes=n), received_at=first.at, is_history=True) for n in range({LONG})
)
result = {{}}
"""

FAILED_LONG_AGO = f"""
from datetime import timedelta
from django.db import transaction
from accounts.models import User
from core.clock import now
from inbox.content import Content
from inbox.models import Conversation, Dispatch, Message
conversation = Conversation.objects.get(contact__name="Yusuf Plain")
with transaction.atomic():
    for words, state in (("It never left.", "failed"), ("It was taken back.", "cancelled")):
        message = conversation.reply(Content(text=words), by=User.objects.get(email="EMAIL"), hold=timedelta(hours=1))
        Dispatch.objects.filter(message=message).update(state=state)
        Message.objects.filter(pk=message.pk).update(at=now() - timedelta(days=20))
    Message.objects.bulk_create(
        Message(account=conversation.account, conversation=conversation, direction="in", source="meta", text=f"Days ago {{n}}.",
                mid=f"m_days_{{n}}", at=now() - timedelta(days=9, minutes=n), received_at=now(), is_history=True) for n in range({LONG})
    )
result = {{}}
"""


@pytest.fixture(scope="module")
def prepared(shop):
    Stage([shop.url], shop.meta, shop.environment, None).manage(PREPARE)


@pytest.fixture
def plain(enter, prepared) -> Callable[..., Page]:
    """A page in the browser of somebody who has switched scripts off."""

    def make(who: str = "approver", **options: Any) -> Page:
        return enter(who, java_script_enabled=False, **options)

    return make


def notice(page: Page) -> Locator:
    return page.locator(".banner[role=status]")


def refreshed(page: Page, seen: Locator) -> None:
    """Nothing comes by itself, so somebody presses Refresh until it is there."""

    def look() -> bool:
        page.get_by_role("link", name="Refresh").click()
        return seen.count() > 0

    eventually(look, f"{seen}")


def opened(page: Page, name: str) -> str:
    """From the list, as soon as it stands there. Returns the address."""
    page.goto("/conversations/")
    row = page.locator("#rows .row").filter(has_text=name)
    eventually(lambda: row.count() or page.reload(), name)
    row.click()
    expect(page.get_by_role("heading", level=1, name=name)).to_be_visible()
    return re.sub(r"\?.*", "", page.url)


def reply(page: Page, text: str) -> Locator:
    page.get_by_role("textbox", name="Text", exact=True).fill(text)
    page.get_by_role("button", name="Send", exact=True).click()
    expect(line(page, text)).to_be_visible()
    return line(page, text)


def nothing_dead(page: Page) -> None:
    """No button is shown that does nothing by itself, and nothing promises to come by itself."""
    dead = page.locator("button[type=button]:not([popovertarget]):visible, [role=button]:not([href]):visible, button[hx-post]:not([type=submit]):visible")
    assert dead.evaluate_all("all => all.map((each) => each.outerHTML.slice(0, 120))") == []
    expect(page.get_by_text("by themselves")).to_be_hidden()
    expect(page.get_by_role("link", name="Refresh")).to_be_visible()


def test_the_list_is_read_searched_and_worked_through(shop, visit, plain):
    customers = [shop.contact(f"Ulla Plain {number}", f"Plainly {number}, the parasol?") for number in range(3)]
    page = visit(shop.url, java_script_enabled=False)
    page.goto("/sign-in/")
    sign_in(page, shop.logins["approver"])
    refreshed(page, row_of(page, customers[2]))
    nothing_dead(page)
    # Lanes, also those that are put away; filters, order, and back.
    page.get_by_role("link", name="Mine").click()
    expect(page).to_have_url(re.compile("lane=mine"))
    page.locator("#opens-lanes").click()
    page.locator("#lanes-more").get_by_role("link", name="Waiting").click()
    expect(row_of(page, customers[0])).to_be_visible()
    page.locator("#filters > summary").click()
    page.locator("#filters").get_by_role("link", name="Filter and order").click()
    page.get_by_label("Network").select_option("instagram")
    page.get_by_label("Order").select_option("newest")
    page.get_by_role("button", name="Show").click()
    expect(row_of(page, customers[0])).to_have_count(0)
    page.get_by_role("link", name="Instagram (no longer filter by this)").click()
    expect(row_of(page, customers[0])).to_be_visible()
    # Kept under a name.
    page.locator("#views > summary").click()
    page.locator("#views").get_by_role("link", name="Saved views").click()
    page.get_by_label("Keep this view as").fill("Plain and waiting")
    page.get_by_role("button", name="Keep", exact=True).click()
    expect(notice(page)).to_contain_text("Kept as “Plain and waiting”.")
    # Searched.
    page.goto("/conversations/")
    page.get_by_role("searchbox", name="Search the inbox").fill("parasol")
    page.keyboard.press("Enter")
    expect(page.locator("#hits .row")).to_have_count(3)
    page.locator("#hits .row").filter(has_text="Plainly 1").click()
    expect(line(page, "Plainly 1, the parasol?")).to_be_visible()
    # Several at once; who wrote meanwhile stays.
    page.goto("/conversations/")
    for customer in customers:
        page.get_by_role("checkbox", name=f"Select {customer.name}").check()
    page.locator("#selection-label > summary").click()
    page.locator("#selection-label").get_by_role("button", name="Choose…").click()
    expect(page.get_by_text("3 conversations are selected.")).to_be_visible()
    page.get_by_role("button", name="Wedding").click()
    expect(notice(page)).to_contain_text("3 conversations labelled.")
    for customer in customers:
        page.get_by_role("checkbox", name=f"Select {customer.name}").check()
    customers[1].writes("Wait, one more thing.")
    eventually(lambda: "Wait, one more thing." in page.request.get("/conversations/").text(), "the message")
    page.get_by_role("button", name="Close", exact=True).click()
    expect(notice(page)).to_contain_text("2 conversations closed. Ulla Plain 1 has written meanwhile; it stays open.")
    expect(row_of(page, customers[1])).to_be_visible()
    expect(row_of(page, customers[0])).to_have_count(0)


def test_a_conversation_is_read_answered_and_put_away(shop, plain, trouble, meta_is_well):
    trouble.expected |= {422, 409}
    customer, page = shop.contact("Vera Plain", "Do you have parasols?", "In green?"), plain()
    address = opened(page, "Vera Plain")
    nothing_dead(page)
    # In reply to one of them, with a canned reply.
    line(page, "In green?").locator(".answer-this").click()
    expect(page.locator("#replying")).to_contain_text("In green?")
    reply(page, "In green and in red.")
    expect(notice(page)).to_contain_text("outbox")
    refreshed(page, line(page, "In green and in red.").filter(has_text=ARRIVED))
    page.get_by_role("link", name="Canned replies").click()
    page.get_by_role("listitem").filter(has_text="/hours").get_by_role("link").click()
    expect(page.get_by_role("textbox", name="Text", exact=True)).to_have_value("Hi Vera, we open at eight.")
    page.get_by_role("button", name="Send", exact=True).click()
    # A file that is none is refused, and what was typed is still there; a picture goes out.
    page.get_by_role("radio", name="File").check()
    page.get_by_role("button", name="Send", exact=True).click()
    expect(page.get_by_role("alert")).to_contain_text("Choose a file first.")
    page.locator("#file-choice").set_input_files({"name": "parasol.png", "mimeType": "image/png", "buffer": picture()})
    page.get_by_role("button", name="Send", exact=True).click()
    expect(page.locator(".gallery img").last).to_be_visible()
    # A link.
    page.get_by_role("radio", name="Link").check()
    page.get_by_role("button", name="Send", exact=True).click()
    expect(page.get_by_role("alert")).to_be_visible()
    page.locator("[name=url]").fill("harbour.example/parasols")
    page.locator("[name=title]").fill("Our catalogue")
    page.get_by_role("button", name="Send", exact=True).click()
    expect(line(page, "Our catalogue")).to_be_visible()
    assert len(customer.gets(4)) == 4
    # Scheduled, changed, taken back, and its words come back.
    page.get_by_role("textbox", name="Text", exact=True).fill("Still there?")
    page.locator("#later > summary").click()
    page.get_by_role("radio", name="In 1 hour").check()
    page.get_by_role("button", name="Schedule").click()
    waiting = line(page, "Still there?")
    expect(waiting).to_contain_text("Scheduled")
    waiting.get_by_text("Change time").click()
    past = (datetime.now(UTC) - timedelta(hours=5)).strftime(BOX)
    waiting.locator("[type=datetime-local]").fill(past)
    waiting.get_by_role("button", name="Change", exact=True).click()
    expect(waiting.get_by_role("alert")).to_contain_text("That moment has passed.")
    expect(waiting.locator("[type=datetime-local]")).to_have_value(past)
    waiting.get_by_role("button", name="Cancel").click()
    expect(page.get_by_role("textbox", name="Text", exact=True)).to_have_value("Still there?")
    # One of which nobody knows whether it arrived.
    page.goto(address)
    shop.meta.post("echo", account=PAGE, echo="never")
    shop.meta.post("faults", kind="error_after", account=PAGE)
    shop.meta.post("faults", kind="error_before", route="conversations", account=PAGE, times=None)
    reply(page, "Perhaps.")
    arrived = line(page, "Perhaps.").get_by_role("button", name="It arrived")
    refreshed(page, arrived)
    arrived.click()
    expect(notice(page)).to_contain_text("Noted: it arrived.")
    # Work on it.
    page.get_by_role("button", name="Assign to me").click()
    expect(notice(page)).to_contain_text("This is yours now.")
    page.locator("#opens-labels").click()
    page.get_by_role("link", name="Choose labels").click()
    page.get_by_role("combobox", name="Label").fill("Wedding")
    page.get_by_role("button", name="Put on").click()
    expect(page.locator("#opens-labels")).to_contain_text("Wedding")
    page.get_by_role("link", name="Note", exact=True).click()
    page.get_by_role("textbox", name="Note for colleagues").fill("She prefers green.")
    page.get_by_role("button", name="Save note").click()
    expect(page.locator(".note")).to_contain_text("She prefers green.")
    page.get_by_role("switch", name="Agents may propose").click()
    expect(notice(page)).to_contain_text("Agents are off here.")
    page.get_by_role("switch", name="Agents off").click()
    page.locator("#opens-snooze").click()
    page.get_by_role("link", name="Choose a moment").click()
    page.get_by_role("button", name="In 3 hours").click()
    expect(page.locator("#state")).to_contain_text("Snoozed: it comes back")
    page.get_by_role("button", name="Wake up").click()
    page.get_by_role("button", name="Close", exact=True).click()
    expect(notice(page)).to_contain_text("Closed.")
    page.locator("#state").get_by_role("button", name="Reopen").click()
    expect(notice(page)).to_contain_text("It is open again.")
    # What is stale is not put away.
    customer.writes("And in blue?")
    eventually(lambda: "And in blue?" in page.request.get(address).text(), "the message")
    page.get_by_role("button", name="Close", exact=True).click()
    expect(notice(page)).to_contain_text("Vera Plain has written meanwhile. Read it first.")
    page.locator("#mark-unread").click()
    expect(notice(page)).to_contain_text("Marked as unread.")


def test_earlier_messages_and_what_is_held_are_reached(shop, plain):
    page = plain()
    page.goto(shop.conversation("Amina Okafor"))
    page.get_by_role("link", name="Earlier messages").click()
    expect(page.get_by_text("Long ago 54.")).to_be_visible()
    page.get_by_role("link", name="To the newest messages").click()
    expect(page.get_by_role("heading", level=1, name="Amina Okafor")).to_be_visible()
    # On Instagram replies wait a minute here.
    guest = shop.contact("Wanda Plain", "Hello!", account=INSTAGRAM)
    opened(page, guest.name)
    reply(page, "Good morning.").get_by_role("button", name="Undo").click()
    expect(page.get_by_role("textbox", name="Text", exact=True)).to_have_value("Good morning.")
    page.get_by_role("button", name="Send", exact=True).click()
    line(page, "Good morning.").get_by_role("button", name="Send now").click()
    expect(notice(page)).to_contain_text("It leaves now.")
    assert [message["text"] for message in guest.gets(1)] == ["Good morning."]


def test_earlier_messages_on_a_page_of_their_own_can_be_worked_on_with_scripts_too(shop, enter):
    shop.contact("Yusuf Plain", "Hello!")
    page = enter("approver")
    address = opened(page, "Yusuf Plain")
    Stage([shop.url], shop.meta, shop.environment, None).manage(FAILED_LONG_AGO.replace("EMAIL", shop.logins["approver"].email))
    page.goto(address)
    # In a tab of its own.
    earlier = page.locator("#earlier a").get_attribute("href")
    said = page.locator(".earlier-page .line")
    page.goto(earlier)
    said.filter(has_text="It was taken back.").get_by_role("link", name="Write it again").click()
    expect(page.get_by_role("textbox", name="Text", exact=True)).to_have_value("It was taken back.")
    page.goto(earlier)
    said.filter(has_text="Days ago 54.").hover()
    said.filter(has_text="Days ago 54.").locator(".answer-this").click()
    expect(page.locator("#replying")).to_contain_text("Days ago 54.")
    page.goto(earlier)
    said.filter(has_text="It never left.").get_by_role("button", name="Retry").click()
    expect(page).to_have_url(re.compile(f"{address}$"))
    expect(page.get_by_text("It is tried again.")).to_be_visible()


def test_agents_are_decided_about_and_stopped(shop, plain, trouble):
    trouble.expected |= {409}
    customers = [shop.contact(f"Xenia Plain {number}", "When do you close?") for number in range(3)]
    page = plain()
    addresses = [opened(page, customer.name) for customer in customers]
    proposals = [
        shop.call("propose_message", conversation_id=address.rstrip("/").rsplit("/", 1)[1], text="At six.", reason="They asked.")["proposal_id"]
        for address in addresses
    ]
    # In the conversation.
    page.goto(addresses[0])
    page.get_by_role("button", name="Approve and send").click()
    expect(page).to_have_url(re.compile(addresses[0]))
    expect(notice(page)).to_contain_text("Approved.")
    # In the queue: changed, and rejected; a newer message is shown first, with what was typed.
    page.goto(f"/proposals/{proposals[1]}/")
    nothing_dead(page)
    page.get_by_role("link", name="Edit", exact=True).click()
    page.locator(f"#edit-{proposals[1]} textarea").fill("At seven.")
    customers[1].writes("On Sunday, I mean.")
    eventually(lambda: "On Sunday, I mean." in page.request.get(addresses[1]).text(), "the message")
    page.get_by_role("button", name="Approve the changed text").click()
    expect(page.get_by_role("alert")).to_be_visible()
    expect(page.locator(f"#edit-{proposals[1]} textarea")).to_have_value("At seven.")
    page.get_by_role("button", name="Approve the changed text").click()
    expect(notice(page)).to_contain_text("Approved.")
    assert [message["text"] for message in customers[1].gets(1)] == ["At seven."]
    page.goto(f"/proposals/{proposals[2]}/")
    page.get_by_role("link", name="Reject", exact=True).click()
    page.get_by_role("textbox", name="Why not?").fill("Too short.")
    page.get_by_role("button", name="Reject").click()
    expect(notice(page)).to_contain_text("Rejected.")
    # Stopped in one conversation, and let go on.
    page.goto(addresses[2])
    page.locator("#opens-assignment").click()
    page.get_by_role("link", name="Stop agents in this conversation").click()
    page.get_by_label("Where").select_option(label="In this conversation")
    page.get_by_role("button", name="I want to look at it first").click()
    expect(page).to_have_url(re.compile(addresses[2]))
    expect(notice(page)).to_contain_text("Agents are stopped.")
    page.get_by_role("link", name="Stopped").first.click()
    page.get_by_role("button", name="I have looked at it").first.click()
    expect(notice(page)).to_contain_text("The stop is lifted.")
