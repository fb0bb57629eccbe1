"""Power fails at every single point of the way, one after the other: Meta has a message at most once, and we say what is true of it."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from accounts.models import Account, AccountPace, User
from agents.deciding import decide
from agents.models import Agent, Decision, Proposal
from agents.proposing import propose
from core.clock import now
from core.lease import lease_time
from graph.simulator import Simulator, SimulatorTransport
from inbox.content import Content
from inbox.ingesting import ingest_next
from inbox.media import keep_upload
from inbox.models import Contact, Conversation, Dispatch, Message, WebhookDelivery
from inbox.sending import send_next
from inbox.work import WORK, work_until_idle
from tests.conftest import _deliver, make_cast
from tests.crashes.falling import Fall, Prepare, fall_everywhere
from tests.inbox.pictures import picture

pytestmark = pytest.mark.django_db(transaction=True, serialized_rollback=True)
State = Dispatch.State
LONG_AFTER = timedelta(days=1)


class House:
    """The cast, and a Meta whose memory is a file that processes hand on to each other."""

    def __init__(self, memory: str, settings, clock) -> None:
        self.memory, self.clock, self.settings = memory, clock, settings
        settings.GRAPH_READS_PER_SECOND = 1_000_000
        simulator = self._meta()
        self.cast = make_cast(simulator)
        self._warm_up(simulator)
        simulator.close()

    def _warm_up(self, meta: Simulator) -> None:
        """What is imported and compiled at its first use is so before we part, once instead of each time."""
        contact = write_to(meta, self.cast.shop.external_id)
        for kind in ("text", "picture"):
            Conversation.objects.get(contact=contact).reply(content_of(kind, self.cast.shop, self.cast.bob), by=self.cast.bob)
        work_until_idle("dispatch", "fetch")
        meta.settle()
        work_until_idle("ingest")

    def _meta(self) -> Simulator:
        simulator = Simulator(self.memory, deliver=_deliver)
        self.settings.GRAPH_TRANSPORT = SimulatorTransport(simulator)
        return simulator

    def falls(self, prepare: Prepare) -> list[Fall]:
        return list(fall_everywhere(self.memory, prepare, self.set_aside))

    def set_aside(self) -> None:
        """What the last process left stays as it is until all are looked after; the next one finds its own work alone."""
        later = now() + LONG_AFTER
        Dispatch.objects.filter(state=State.QUEUED).update(not_before=later)
        Dispatch.objects.filter(state=State.UNKNOWN).update(look_due_at=later)
        WebhookDelivery.objects.filter(state=WebhookDelivery.State.RECEIVED).update(lease_until=later)
        Account.objects.update(sent_at=None, webhook_at=None, read_free_at=None)
        AccountPace.objects.all().delete()

    def go_on(self, *, repeat: Callable[[Contact], object] | None = None, contacts: list[str] = ()) -> None:
        """Another process takes over: leases end, what is queued leaves, Meta's webhooks come in, threads are read."""
        meta = self._meta()
        Dispatch.objects.filter(state=State.QUEUED).update(not_before=now())
        Dispatch.objects.filter(state=State.UNKNOWN).update(look_due_at=now())
        WebhookDelivery.objects.filter(state=WebhookDelivery.State.RECEIVED).update(lease_until=now())
        self.clock.shift(lease_time() + timedelta(seconds=1))
        for contact in contacts:
            repeat(Contact.objects.get(external_id=contact))
        for _ in range(20):
            work_until_idle("ingest", "dispatch", *LOOKS)
            meta.settle()
            work_until_idle("ingest")
            if not Dispatch.objects.filter(state__in=(State.QUEUED, State.SENDING, State.UNKNOWN)).exists():
                break
            AccountPace.objects.all().delete()
            self.clock.shift(timedelta(seconds=self.settings.SETTLE_SECONDS))
        meta.close()

    def received(self, contact: str) -> int:
        """How many Meta has for this contact."""
        meta = Simulator(self.memory)
        try:
            return len(meta.messages(contact=contact, direction="out"))
        finally:
            meta.close()


LOOKS = ("settle", "sweep")


@pytest.fixture
def house(tmp_path, settings, clock) -> House:
    return House(str(tmp_path / "meta.sqlite3"), settings, clock)


def write_to(meta: Simulator, account: str, *, echo: str = "after") -> Contact:
    """Somebody new writes to this account."""
    meta.set_echo(account, echo)
    external_id = meta.add_contact(account, "Somebody", username="somebody")
    meta.write(account, external_id, text="Are you there?")
    work_until_idle("ingest")
    return Contact.objects.get(external_id=external_id)


def content_of(kind: str, account: Account, bob: User) -> Content:
    if kind == "text":
        return Content(text="We are")
    return Content(media=keep_upload(account, SimpleUploadedFile("a.png", picture(), "image/png"), by=bob))


def handed_over(contact: str) -> bool:
    return Dispatch.objects.exclude(handed_over_at=None).filter(conversation__contact__external_id=contact).exists()


# Sending --------------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize("echo", ["after", "never"], ids=["with echoes", "without echoes"])
@pytest.mark.parametrize("kind", ["text", "picture"])
@pytest.mark.parametrize("account", ["shop", "studio"])
def test_a_worker_falls_while_it_sends(house, account, kind, echo):
    account, bob = getattr(house.cast, account), house.cast.bob

    def prepare(meta: Simulator):
        contact = write_to(meta, account.external_id, echo=echo)
        Conversation.objects.get(contact=contact).reply(content_of(kind, account, bob), by=bob)
        return contact.external_id, send_next

    falls, left = [], {}
    # Before that, Meta has nothing to tell of.
    since = "" if echo == "after" else "POST messages, once Meta has done it"
    for fall in fall_everywhere(house.memory, prepare, house.set_aside, since=since):
        falls.append(fall)
        left[fall] = (house.received(fall.contact), handed_over(fall.contact))
    assert_everything_was_passed(falls[-1], kind)
    house.go_on()
    for fall in falls:
        has_it, was_handed_over = left[fall]
        dispatch = Dispatch.objects.get(conversation__contact__external_id=fall.contact)
        arrived = house.received(fall.contact)
        assert arrived == (has_it if was_handed_over else 1), fall
        assert (dispatch.state == State.SENT) == bool(arrived), f"{fall}: {dispatch.state}"
        if not arrived:
            assert (dispatch.state, dispatch.reason) == (State.FAILED, "not_there"), fall
        # Neither the echo nor the thread made another of it.
        assert Message.objects.filter(conversation=dispatch.conversation, direction="out").count() == 1, fall


def assert_everything_was_passed(whole: Fall, kind: str) -> None:
    """The whole way is there: the claim, the upload, the hand-over, the call, the record; each with its commit."""
    assert whole.points.count("UPDATE inbox_dispatch") >= 3
    assert whole.points.count("before the commit") == whole.points.count("after the commit") >= 3
    calls = [point for point in whole.points if point.startswith("POST")]
    assert calls == [
        f"POST {what}, {when}"
        for what in (("message_attachments", "messages") if kind == "picture" else ("messages",))
        for when in ("before it leaves", "once Meta has done it")
    ]


# Deciding and writing -------------------------------------------------------------------------------------------------
def test_a_web_process_falls_while_somebody_answers(house):
    """The browser posts the same form again."""
    bob = house.cast.bob

    def answer(contact: Contact):
        return Conversation.objects.get(contact=contact).reply(Content(text="We are"), by=bob, idempotency_key=f"form-{contact.external_id}")

    def prepare(meta: Simulator):
        contact = write_to(meta, house.cast.shop.external_id)
        return contact.external_id, lambda: answer(contact)

    falls = house.falls(prepare)
    house.go_on(repeat=answer, contacts=[fall.contact for fall in falls])
    for fall in falls:
        assert house.received(fall.contact) == 1, fall
        assert Dispatch.objects.get(conversation__contact__external_id=fall.contact).state == State.SENT, fall


def test_a_web_process_falls_while_somebody_approves(house):
    """There is a decision or there is none; who approves once more decides once at most."""
    alice, assistant = house.cast.alice, house.cast.assistant

    def approve(contact: Contact):
        proposal = Proposal.objects.get(conversation__contact=contact)
        if not Decision.objects.filter(proposal=proposal).exists():
            assert not Dispatch.objects.filter(conversation__contact=contact).exists()
            decide(proposal, by=alice, approve=True, digest=proposal.digest, revision=proposal.conversation.revision)

    def prepare(meta: Simulator):
        contact = write_to(meta, house.cast.shop.external_id)
        propose(Agent.objects.get(pk=assistant.pk), Conversation.objects.get(contact=contact), Content(text="We are"))
        return contact.external_id, lambda: approve(contact)

    falls = house.falls(prepare)
    house.go_on(repeat=approve, contacts=[fall.contact for fall in falls])
    for fall in falls:
        assert house.received(fall.contact) == 1, fall
        assert Decision.objects.filter(proposal__conversation__contact__external_id=fall.contact).count() == 1, fall


# Settling -------------------------------------------------------------------------------------------------------------
def unanswered(house: House, meta: Simulator, *, echo: str) -> Contact:
    """Meta has it, and the line broke before it said so."""
    contact = write_to(meta, house.cast.shop.external_id, echo=echo)
    Conversation.objects.get(contact=contact).reply(Content(text="We are"), by=house.cast.bob)
    meta.fault("drop_after", route="messages")
    send_next()
    return contact


def assert_each_is_there_once(house: House, falls: list[Fall]) -> None:
    for fall in falls:
        assert house.received(fall.contact) == 1, fall
        assert Dispatch.objects.get(conversation__contact__external_id=fall.contact).state == State.SENT, fall
        [message] = Message.objects.filter(conversation__contact__external_id=fall.contact, direction="out")
        assert message.mid, fall


def test_a_worker_falls_while_it_takes_in_the_echo(house):
    def prepare(meta: Simulator):
        contact = unanswered(house, meta, echo="after")
        meta.settle()
        return contact.external_id, ingest_next

    falls = house.falls(prepare)
    house.go_on()
    assert_each_is_there_once(house, falls)


def test_a_worker_falls_while_it_reads_the_thread(house):
    def prepare(meta: Simulator):
        contact = unanswered(house, meta, echo="never")
        house.clock.shift(timedelta(seconds=10))
        return contact.external_id, WORK["settle"]

    falls = house.falls(prepare)
    assert any(point.startswith("GET") for point in falls[-1].points)
    house.go_on()
    assert_each_is_there_once(house, falls)
