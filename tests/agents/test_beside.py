"""A person writes while a proposal waits: they say what becomes of it, and both happen together or not at all."""

from datetime import timedelta

import pytest

from accounts.models import Activity, Right
from agents.deciding import decide
from agents.errors import Conflict
from agents.models import Agent, Decision, Proposal
from agents.proposing import propose
from core.clock import now
from inbox.beside import CLOSE, KEEP, Beside
from inbox.content import Content
from inbox.errors import AlreadyMoved, ProposalsWait
from inbox.models import Dispatch, Draft, Message
from inbox.outbox import cancel
from tests.agents.calling import answer
from tests.at_once import behind
from tests.conftest import make_cast
from tests.inbox.browsing import HTMX, page


@pytest.fixture
def amina(cast):
    return cast.conversation(cast.amina)


@pytest.fixture
def proposal(cast, amina) -> Proposal:
    return propose(cast.assistant, amina, Content(text="Yes, 250 g bags.")).proposal


@pytest.fixture
def bob(cast, sign_in):
    return sign_in(cast.bob)


def send(client, conversation, text="My own words", **more):
    return client.post(f"{conversation.get_absolute_url()}messages/", {"kind": "text", "text": text, "key": "k1"} | more, headers=HTMX)


def said() -> list[str]:
    return list(Message.objects.filter(direction="out").order_by("pk").values_list("text", flat=True))


def state(proposal: Proposal) -> str:
    return Proposal.objects.get(pk=proposal.pk).state


def _decide(proposal: Proposal, **how) -> None:
    fresh = Proposal.objects.for_cards().get(pk=proposal.pk)
    decide(fresh, **{"digest": fresh.digest, "revision": fresh.conversation.revision} | how)


def _another_agent(cast) -> Agent:
    agent = Agent.create("Concierge", owner=cast.dana, at=now())
    agent.user.grants.create(account=cast.shop, right=Right.PROPOSE)
    return agent


def test_the_composer_says_that_a_proposal_waits_to_those_who_may_answer(cast, amina, proposal, sign_in):
    assert "What you send does not close it" in page(sign_in(cast.bob), amina.get_absolute_url())
    assert "What you send does not close it" not in page(sign_in(cast.dana), amina.get_absolute_url())


def test_it_comes_with_the_next_look_where_it_came_while_one_typed(cast, amina, bob):
    shown = page(bob, amina.get_absolute_url())
    assert "does not close it" not in shown
    propose(cast.assistant, amina, Content(text="Yes"))
    assert "does not close it" in page(bob, f"{amina.get_absolute_url()}messages/", headers=HTMX)


def test_without_a_choice_one_is_asked_and_the_words_stay(cast, amina, proposal, bob):
    asked = send(bob, amina, text="My own <words>")
    assert asked.status_code == 409 and said() == []
    for words in ("Send and close the proposal", "Send and keep the proposal", "My own &lt;words&gt;", "Yes, 250 g bags.", proposal.public_id):
        assert words in asked.text
    assert 'value="k1"' in asked.text and state(proposal) == "pending"


def test_without_htmx_one_is_asked_on_the_page(amina, proposal, bob):
    asked = bob.post(f"{amina.get_absolute_url()}messages/", {"kind": "text", "text": "My own words"})
    assert asked.status_code == 409 and "Send and close the proposal" in asked.text and "My own words" in asked.text


def test_closed_with_the_reply_in_one(cast, amina, proposal, bob):
    assert send(bob, amina, beside="close", waiting=[proposal.public_id]).status_code == 200
    assert (said(), state(proposal)) == (["My own words"], "superseded")
    line = Activity.objects.get(verb="proposal.answered")
    assert line.by == cast.bob
    assert answer(cast.key, "get_proposal", proposal_id=proposal.public_id)["status"] == "superseded"


def test_the_history_tells_who_closed_it_with_their_own_words(amina, proposal, bob):
    send(bob, amina, beside="close", waiting=[proposal.public_id])
    assert "Bob sent their own words instead, and closed a proposal" in page(bob, amina.get_absolute_url())


def test_kept_beside_the_reply(amina, proposal, bob):
    assert send(bob, amina, beside="keep", waiting=[proposal.public_id]).status_code == 200
    assert (said(), state(proposal)) == (["My own words"], "pending")


def test_a_reply_that_is_refused_closes_nothing(amina, proposal, bob, clock):
    clock.shift(timedelta(days=8))
    assert send(bob, amina, beside="close", waiting=[proposal.public_id]).status_code == 422
    assert (said(), state(proposal)) == ([], "pending")


def test_several_are_all_named_and_all_closed(cast, amina, proposal, bob):
    other = propose(_another_agent(cast), amina, Content(text="We close at six.")).proposal
    asked = send(bob, amina)
    assert all(words in asked.text for words in ("Yes, 250 g bags.", "We close at six.", "Send and close the proposals"))
    send(bob, amina, beside="close", waiting=[proposal.public_id, other.public_id])
    assert (state(proposal), state(other)) == ("superseded", "superseded")


def test_one_that_was_not_named_is_asked_about(cast, amina, proposal, bob):
    late = propose(_another_agent(cast), amina, Content(text="We close at six.")).proposal
    asked = send(bob, amina, beside="close", waiting=[proposal.public_id])
    assert asked.status_code == 409 and late.public_id in asked.text
    assert (said(), state(proposal), state(late)) == ([], "pending", "pending")


@pytest.mark.parametrize("choice", [CLOSE, KEEP])
def test_one_that_a_colleague_approved_meanwhile_is_told(cast, amina, proposal, bob, choice):
    _decide(proposal, by=cast.alice, approve=True)
    told = send(bob, amina, beside=choice, waiting=[proposal.public_id])
    assert told.status_code == 409 and "Alice has approved the proposal of Assistant" in told.text and "My own words" in told.text
    assert said() == ["Yes, 250 g bags."]
    assert send(bob, amina).status_code == 200


def test_one_that_a_colleague_rejected_meanwhile_is_in_nobodys_way(cast, amina, proposal, bob):
    _decide(proposal, by=cast.alice, approve=False, reason="No")
    assert send(bob, amina, beside="close", waiting=[proposal.public_id]).status_code == 200
    assert (said(), state(proposal)) == (["My own words"], "rejected")


def test_one_that_was_taken_back_unsent_waits_too(cast, amina, proposal, bob):
    cast.shop.approval_hold = 60
    cast.shop.save()
    _decide(proposal, by=cast.alice, approve=True)
    cancel(Dispatch.objects.get(), by=cast.alice)
    assert send(bob, amina).status_code == 409
    assert send(bob, amina, beside="close", waiting=[proposal.public_id]).status_code == 200
    assert state(proposal) == "superseded" and not Decision.objects.filter(undone_at=None).exists()


def test_a_second_click_sends_nothing_twice(amina, proposal, bob):
    for _click in range(2):
        assert send(bob, amina, beside="close", waiting=[proposal.public_id]).status_code == 200
    assert said() == ["My own words"]


def test_the_draft_stays_while_one_is_asked(cast, amina, proposal, bob):
    Draft.objects.create(conversation=amina, user=cast.bob, typed={"text": "My own words", "key": "k1"}, saved_at=now())
    send(bob, amina)
    assert Draft.objects.exists()
    send(bob, amina, beside="keep", waiting=[proposal.public_id])
    assert not Draft.objects.exists()


def test_whoever_may_only_read_closes_nothing(cast, amina, proposal, sign_in):
    assert send(sign_in(cast.dana), amina, beside="close", waiting=[proposal.public_id]).status_code == 403
    assert send(sign_in(cast.charlie), amina, beside="close", waiting=[proposal.public_id]).status_code == 404
    assert state(proposal) == "pending"


def test_proposals_elsewhere_are_no_question_here(cast, amina, bob):
    other = propose(cast.assistant, cast.conversation(cast.noor), Content(text="Two places left.")).proposal
    assert send(bob, amina, beside="close", waiting=[other.public_id]).status_code == 200
    assert state(other) == "pending"


@pytest.mark.django_db(transaction=True, serialized_rollback=True)
@pytest.mark.parametrize("first", ["approval", "reply"])
def test_of_an_approval_and_a_closing_reply_at_once_one_is_told(simulator, first):
    cast = make_cast(simulator)
    conversation = cast.conversation(cast.amina)
    made = propose(cast.assistant, conversation, Content(text="Yes")).proposal
    conversation.refresh_from_db()
    digest, revision = made.digest, conversation.revision

    def approve() -> object:
        return decide(Proposal.objects.get(pk=made.pk), by=cast.alice, approve=True, digest=digest, revision=revision)

    def reply() -> object:
        return conversation.reply(Content(text="Mine"), by=cast.bob, beside=Beside(CLOSE, [made.public_id]))

    lost = behind(*((approve, reply) if first == "approval" else (reply, approve)))
    assert isinstance(lost, AlreadyMoved if first == "approval" else Conflict)
    assert said() == (["Yes"] if first == "approval" else ["Mine"])


@pytest.mark.django_db(transaction=True, serialized_rollback=True)
def test_a_proposal_that_comes_while_one_sends_is_asked_about(simulator):
    cast = make_cast(simulator)
    conversation = cast.conversation(cast.amina)
    lost = behind(
        lambda: propose(cast.assistant, conversation, Content(text="Yes")),
        lambda: conversation.reply(Content(text="Mine"), by=cast.bob, beside=Beside()),
    )
    assert isinstance(lost, ProposalsWait) and said() == []
