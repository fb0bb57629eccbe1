"""What the console weighs over the wire: its first load into an empty browser, and the way from one conversation to the next.

Somebody's whole list is of an account of its own, with long names, several scripts, labels and many messages; nothing else on this
installation reaches that screen.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest
from playwright.sync_api import Page, Response, Route, expect

from tests.browser.tryout import Login, TryOut
from tests.loopback.stage import PASSWORD, Stage

pytestmark = pytest.mark.browser

FIRST_LOAD, NEXT_CONVERSATION = 80 * 1024, 40 * 1024
# Long enough for what a page does by itself once it is there.
AFTERWARDS = 2_000
NEWS = "Said before anybody listened"

FILL = f"""
import random
from datetime import timedelta
from accounts.models import Account, Grant, MetaApp, User
from core.clock import now
from inbox.models import Contact, Conversation, Dispatch, Label, Message

chance, at = random.Random(7), now() - timedelta(minutes=5)
WORDS = '''good morning does the blend with notes of cherry also come ground for an espresso machine because mine broke last week thanks
¿tienen todavía plazas para el taller del sábado por la tarde? vendríamos cuatro personas, una es vegetariana können Sie die Rechnung bitte
nochmals an die neue Adresse schicken Größenauswahl Straße صباح الخير هل القهوة الإثيوبية متوفرة الآن وكم سعر الكيلو مع التوصيل إلى المنزل
شكرا جزيلا コーヒー豆の在庫はありますか 배송은 얼마나 걸리나요 спасибо большое а можно забрать заказ завтра вечером 🙏 ☕️ 😂 🎉 👩‍👩‍👧‍👦 ❤️ https://example.test/orders/'''.split()
NAMES = "Maria-Fernanda|عبد الرحمن|Aleksandra|Nguyễn Thị|فاطمة الزهراء|João Pedro|Oluwaseun|Søren|Євгенія|さくら|Zoë ✨|Siobhán 🌻".split("|")
FAMILIES = "de la Cruz y Villanueva|بن عبد العزيز الهاشمي|Papadopoulos-Konstantinidis|Featherstonehaugh|von Hohenberg|고 (Café)".split("|")

def words(least, most):
    return " ".join(chance.choices(WORDS, k=chance.randint(least, most)))

def say(talk, line, moment, outward):
    message = Message(account=account, conversation=talk, mid=f"{{talk.pk}}.{{line}}", at=moment, received_at=moment, text=words(3, 28))
    message.direction, message.source = ("out", "countersign") if outward else ("in", "contact")
    message.written_by = chance.choice(colleagues) if outward else None
    message.opens_as = "" if outward else "message"
    message.save()
    if outward:
        sent = {{"state": "sent", "not_before": moment, "sent_at": moment, "handed_over_at": moment, "attempts_made": 1}}
        Dispatch.objects.create(message=message, conversation=talk, account=account, released_by=message.written_by, content_digest="-", **sent)
    return message

weigher = User.objects.create_user("weigher@harbour.example", "{PASSWORD}", name="Wilhelmina Weigher")
colleagues = [weigher, *User.objects.filter(email__startswith="a")]
account = Account.objects.create(
    network="messenger", meta_app=MetaApp.objects.first(), name="مقهى الميناء · Harbour Coffee Roasters", external_id="weighed", token="-"
)
Grant.objects.create(user=weigher, account=account, right="approve")
labels = [Label.objects.create(name=name) for name in ("Wholesale ☕", "شكوى", "Öffnungszeiten", "Follow up next week")]
for number in range(36):
    seen = at - timedelta(minutes=13 * number)
    name = f"{{chance.choice(NAMES)}} {{chance.choice(FAMILIES)}}"
    known = {{"name": name, "first_seen_at": seen, "profile_fetched_at": seen}}
    contact = Contact.objects.create(account=account, external_id=f"weighed {{number}}", **known)
    talk = Conversation.objects.create(account=account, contact=contact, last_message_at=seen, assignee=chance.choice([None, None, *colleagues]))
    talk.labels.set(chance.sample(labels, chance.randint(0, 3)))
    long = number < 4
    said = [say(talk, line, seen - timedelta(minutes=2 * (59 - line)), long and line % 2 == 0) for line in range(0 if long else 57, 60)]
    stands = {{"last_message": said[-1], "newest_inbound": said[-1], "window_message": said[-1], "window_cause": "message", "heard": len(said)}}
    closes = {{"window_closes_at": seen + timedelta(hours=24), "human_until": seen + timedelta(days=7)}}
    Conversation.objects.filter(pk=talk.pk).update(window_opened_at=seen, last_received_at=seen, waiting_since=seen, **stands, **closes)
result = {{}}
"""
# As another process would, and without a word to this one.
SAY = f"""
from core.clock import now
from inbox.models import Conversation

talk = Conversation.objects.filter(account__external_id="weighed").order_by("last_message_at").first()
about = {{"account": talk.account, "direction": "in", "source": "contact", "mid": "between", "text": "{NEWS}"}}
said = talk.messages.create(at=now(), received_at=now(), **about)
Conversation.objects.filter(pk=talk.pk).update(last_message=said, last_message_at=said.at)
result = {{}}
"""


@dataclass
class Answer:
    """One that came over the wire."""

    method: str
    address: str
    bytes: int = 0


class Scales:
    """Weighs what reaches this page over the wire, headers included. What the browser had already weighs nothing."""

    def __init__(self, page: Page) -> None:
        self._answers: dict[str, Answer] = {}
        devtools = page.context.new_cdp_session(page)
        devtools.send("Network.enable")
        devtools.on("Network.requestWillBeSent", self._asked)
        devtools.on("Network.responseReceived", lambda event: self._weighed(event, event["response"]["encodedDataLength"]))
        devtools.on("Network.loadingFinished", lambda event: self._weighed(event, event["encodedDataLength"]))

    def _asked(self, event: dict[str, Any]) -> None:
        self._answers[event["requestId"]] = Answer(event["request"]["method"], event["request"]["url"])

    def _weighed(self, event: dict[str, Any], size: float) -> None:
        if event["requestId"] in self._answers:
            self._answers[event["requestId"]].bytes = int(size)

    def empty(self) -> None:
        self._answers.clear()

    @property
    def answers(self) -> list[Answer]:
        return [answer for answer in self._answers.values() if answer.bytes]

    @property
    def total(self) -> int:
        return sum(answer.bytes for answer in self.answers)

    def table(self) -> str:
        lines = [f"{answer.bytes:>8}  {answer.method:<6} {answer.address}" for answer in self.answers]
        return "\n".join(["", *lines, f"{self.total:>8}  in {len(lines)} answers"])


@pytest.fixture(scope="module")
def weigher(shop: TryOut) -> str:
    Stage([shop.url], shop.meta, shop.environment, None).manage(FILL)
    shop.logins["weigher"] = Login("weigher@harbour.example", PASSWORD)
    return "weigher"


@pytest.fixture
def empty_browser(enter: Callable[..., Page], weigher: str) -> Page:
    """Of somebody who is signed in and has loaded nothing yet."""
    enter(weigher).context.close()
    return enter(weigher)


def list_refresh(answer: Response) -> bool:
    return "/conversations/?rows=" in answer.url


def test_the_first_load_is_light(empty_browser):
    page, scales = empty_browser, Scales(empty_browser)
    with page.expect_response(list_refresh) as refreshed:
        page.goto("/conversations/")
    page.wait_for_timeout(AFTERWARDS)
    expect(page.locator("#rows .row")).to_have_count(30)
    # Nothing came in since the page was made.
    assert refreshed.value.status == 204, scales.table()
    assert scales.total < FIRST_LOAD, scales.table()
    kinds = [answer.address.rsplit(".", 1)[-1] for answer in scales.answers]
    assert kinds.count("css") == 1 and kinds.count("js") == 3, scales.table()


def test_the_next_conversation_is_one_light_answer(empty_browser):
    page, scales = empty_browser, Scales(empty_browser)
    with page.expect_response(list_refresh):
        page.goto("/conversations/")
    title, before = page.locator("#conversation-title"), ""
    for step in ("j", "j", "j", "click"):
        scales.empty()
        page.keyboard.press("j") if step == "j" else page.locator("#rows .row").nth(3).click()
        expect(page.locator("#thread .line")).to_have_count(50)
        expect(title).to_be_focused()
        page.wait_for_timeout(AFTERWARDS)
        shown = page.locator("#conversation").get_attribute("data-conversation")
        assert shown != before
        before = shown
        # Whoever stays for a moment says so in the background, and hears nothing of themselves.
        answers = [answer for answer in scales.answers if not (answer.method == "POST" and answer.address.endswith("/presence/"))]
        assert len(answers) == 1, scales.table()
        assert scales.total < NEXT_CONVERSATION, scales.table()
    # What was read along the way stands in the list as read, without another answer.
    expect(page.locator("#rows .row[data-unread]")).to_have_count(30 - 4)


def test_what_comes_in_between_the_page_and_the_stream_is_shown(shop, enter, weigher):
    page = enter(weigher)

    def say_something(route: Route) -> None:
        """Before the browser hears of anything by itself."""
        Stage([shop.url], shop.meta, shop.environment, None).manage(SAY)
        route.continue_()

    page.route("**/events", say_something, times=1)
    page.goto("/conversations/")
    expect(page.locator("#rows .row").first).to_contain_text(NEWS)
