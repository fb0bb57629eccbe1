"""What has happened in the shop when one first looks: an answer sent, two proposals waiting, some conversations read."""

from datetime import timedelta

from accounts.models import Activity, User
from agents.models import Agent
from agents.proposing import propose
from config.demo.people import PEOPLE
from core.clock import now
from graph.payloads import Link
from inbox.content import Content
from inbox.models import Conversation

BEATRIZ, AMINA, NOOR = "7000000000000003", "7000000000000008", "9900000000000006"
READ = ("7000000000000001", "7000000000000005", "9900000000000001", "9900000000000003")
TOLD = "demo.told"


def is_told() -> bool:
    return Activity.objects.filter(verb=TOLD).exists()


def tell() -> None:
    """Everything by the verbs that people and agents use. Begun again after an interruption, it does nothing twice."""
    agent = Agent.objects.get(user__name="Barista")
    _answer(_person("operator"))
    _propose_answer(agent)
    _propose_link(agent)
    for person in PEOPLE:
        for contact in READ:
            _conversation(contact).mark_read(by=_person(person.who))
    Activity.record(TOLD, agent, by=None, at=now())


def _answer(operator: User) -> None:
    text = "On Sundays we open at eight. Come early for the terrace; by ten it is full of dogs."
    _conversation(BEATRIZ).reply(Content(text=text), by=operator, idempotency_key="demo-answer", hold=timedelta(0))
    _conversation(BEATRIZ).mark_read(by=operator)


def _propose_answer(agent: Agent) -> None:
    text = "Hi Amina, the new Yirgacheffe came this morning. Three 250 g bags of whole beans are £36, and posting them to Leeds is £4. Shall we send them?"
    reason = "She asked last week and was told about a week. The stock list shows 40 bags, roasted yesterday."
    propose(agent, _conversation(AMINA), Content(text=text), reason=reason, idempotency_key="demo-answer")


def _propose_link(agent: Agent) -> None:
    card = Link(url="https://harbour.example/classes", title="Latte art for two", subtitle="Saturday, 10:00. Two places left.", button="Book")
    reason = "She asks about Saturday; the calendar shows two free places, and booking is on the web page."
    propose(agent, _conversation(NOOR), Content(link=card), reason=reason, idempotency_key="demo-link")


def _conversation(contact: str) -> Conversation:
    return Conversation.objects.select_related("account", "contact").get(contact__external_id=contact)


def _person(who: str) -> User:
    return User.objects.get(email=f"{who}@harbour.example")
