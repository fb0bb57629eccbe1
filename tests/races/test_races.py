"""Ten hands at once: one decision, at most one message, whatever the order. Barriers start them together; no sleeps."""

import threading
from collections.abc import Callable

import pytest
from django.db import connection

from agents.deciding import decide
from agents.errors import Conflict
from agents.models import Decision, Proposal
from agents.proposing import propose
from inbox.content import Content
from inbox.models import Dispatch, Message
from inbox.sending import send_next
from inbox.work import work_until_idle
from tests.conftest import make_cast

pytestmark = pytest.mark.django_db(transaction=True, serialized_rollback=True)
ROUNDS = 5
HANDS = 10


@pytest.fixture
def crowd(db, simulator):
    return make_cast(simulator)


def _at_once(*jobs: Callable[[], object]) -> list[object]:
    """Run the jobs together, each in its own thread with its own connection; what each returned or raised."""
    barrier, results = threading.Barrier(len(jobs)), [None] * len(jobs)

    def run(index: int, job: Callable[[], object]) -> None:
        try:
            barrier.wait(timeout=30)
            results[index] = job()
        except Exception as error:
            results[index] = error
        finally:
            connection.close()

    threads = [threading.Thread(target=run, args=(index, job)) for index, job in enumerate(jobs)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=120)
    return results


def _approve(proposal: Proposal, by, digest: str, revision: int) -> Callable[[], object]:
    return lambda: decide(Proposal.objects.get(pk=proposal.pk), by=by, approve=True, digest=digest, revision=revision)


def _propose(cast, contact, text: str) -> tuple[Proposal, str, int]:
    conversation = cast.conversation(contact)
    proposal = propose(cast.assistant, conversation, Content(text=text)).proposal
    conversation.refresh_from_db()
    return proposal, proposal.digest, conversation.revision


@pytest.mark.parametrize("name", ["amina", "noor"])
def test_ten_approvals_at_once_make_one_decision_and_one_message(crowd, name):
    contact = getattr(crowd, name)
    for turn in range(ROUNDS):
        proposal, digest, revision = _propose(crowd, contact, f"Answer {turn}")
        results = _at_once(*[_approve(proposal, crowd.alice, digest, revision) for _ in range(HANDS)])
        assert [type(result) for result in results].count(Decision) == 1
        assert [type(result) for result in results].count(Conflict) == HANDS - 1
        assert Decision.objects.filter(proposal=proposal).count() == 1
        crowd.settle()
        crowd.write(contact, "Thanks")
    assert [message["text"] for message in crowd.received(contact)] == [f"Answer {turn}" for turn in range(ROUNDS)]


@pytest.mark.parametrize("name", ["amina", "noor"])
def test_approving_while_the_contact_writes_makes_one_decision_and_at_most_one_message(crowd, name):
    contact = getattr(crowd, name)
    for turn in range(ROUNDS):
        proposal, digest, revision = _propose(crowd, contact, f"Answer {turn}")
        before = len(crowd.received(contact))
        hands = [_approve(proposal, crowd.alice, digest, revision) for _ in range(4)]
        _at_once(*hands, lambda turn=turn: crowd.write(contact, f"Wait {turn}"), lambda: work_until_idle("dispatch"))
        crowd.settle()
        after = Proposal.objects.for_cards().get(pk=proposal.pk)
        sent = len(crowd.received(contact)) - before
        assert sent <= 1
        assert after.decisions.filter(undone_at=None).count() <= 1
        assert sent == int(after.state == Proposal.State.APPROVED and not after.awaits_decision)
        assert Message.objects.filter(text=f"Wait {turn}").count() == 1


def test_ten_workers_send_each_message_once(crowd):
    conversation = crowd.conversation(crowd.amina)
    for number in range(6):
        conversation.reply(Content(text=f"Part {number}"), by=crowd.bob)
    while Dispatch.objects.filter(state=Dispatch.State.QUEUED).exists():
        results = _at_once(*[send_next for _ in range(HANDS)])
        assert not [result for result in results if isinstance(result, Exception)]
    assert [message["text"] for message in crowd.received(crowd.amina)] == [f"Part {number}" for number in range(6)]


def test_one_reply_posted_ten_times_at_once_is_written_once(crowd):
    conversation = crowd.conversation(crowd.noor)
    job = lambda: conversation.reply(Content(text="Once"), by=crowd.bob, idempotency_key="composer-1")  # noqa: E731
    results = _at_once(*[job for _ in range(HANDS)])
    assert {result.pk for result in results} == {Message.objects.get(text="Once").pk}


def test_one_delivery_stored_and_applied_by_many_is_one_message(crowd):
    crowd.simulator.write(crowd.shop.external_id, crowd.amina.external_id, text="Once only")
    _at_once(*[lambda: work_until_idle("ingest") for _ in range(HANDS)])
    assert Message.objects.filter(text="Once only").count() == 1
