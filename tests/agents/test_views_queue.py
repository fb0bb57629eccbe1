"""The review queue: who sees what waits, the card, and every answer to it."""

from datetime import timedelta

import pytest

from accounts.models import Grant, Right
from agents.models import Decision, Proposal
from agents.proposing import propose
from core.clock import now
from core.fields import new_public_id
from graph.payloads import Link
from inbox.content import Content
from inbox.models import Conversation, Dispatch, Message
from inbox.work import work_until_idle
from tests.inbox.browsing import HTMX, page


@pytest.fixture(autouse=True)
def _names(cast):
    """Everybody's profile has been fetched."""
    work_until_idle("fetch")


@pytest.fixture
def proposal(cast) -> Proposal:
    return make(cast, "Yes, 250 g bags.")


def make(cast, text="", contact=None, **content) -> Proposal:
    return propose(cast.assistant, cast.conversation(contact or cast.amina), Content(text=text, **content), reason="They asked about stock").proposal


def decide(client, proposal, verb="decision", **form):
    conversation = Conversation.objects.get(pk=proposal.conversation_id)
    shown = {"digest": proposal.digest, "revision": conversation.revision, "place": "queue", "answer": "approve"}
    return client.post(f"/proposals/{proposal.public_id}/{verb}/", shown | form, headers=HTMX)


# Seeing --------------------------------------------------------------------------------------------------------------
def test_the_card_shows_the_message_its_question_and_its_reason(cast, proposal, sign_in):
    shown = page(sign_in(cast.alice), "/approvals/")
    for words in ("Yes, 250 g bags.", "Is the Yirgacheffe back in stock?", "They asked about stock", "Assistant", "Amina Okafor", "Approve and send"):
        assert words in shown


def test_why_one_is_asked_is_said_in_words_and_the_rule_on_demand(cast, proposal, sign_in):
    Proposal.objects.update(rule_reason="")
    shown = page(sign_in(cast.alice), "/approvals/")
    assert "<dd>The policy asks for a person.<details" in shown and "<code>/tools/send.text/action</code></details>" in shown


def test_a_link_card_is_shown_as_the_contact_will_see_it(cast, sign_in):
    make(cast, link=Link(url="https://harbour.example/class", title="Latte art", subtitle="Saturday", button="Book"))
    shown = page(sign_in(cast.alice), "/approvals/")
    assert "https://harbour.example/class" in shown and "Latte art" in shown and "Book" in shown


def test_who_may_only_reply_can_take_over_and_not_decide(cast, proposal, sign_in):
    shown = page(sign_in(cast.bob), "/approvals/")
    assert "data-key=\"a\"" not in shown and ">Take over<" in shown
    assert decide(sign_in(cast.bob), proposal).status_code == 403


def test_who_may_only_read_sees_the_card_without_buttons(cast, proposal, sign_in):
    shown = page(sign_in(cast.dana), "/approvals/")
    assert "Yes, 250 g bags." in shown and "but not decide on it" in shown and "data-key=\"a\"" not in shown
    assert decide(sign_in(cast.dana), proposal).status_code == 403


def test_strangers_find_nothing(cast, proposal, sign_in):
    charlie = sign_in(cast.charlie)
    assert "Yes, 250 g bags." not in page(charlie, "/approvals/")
    assert charlie.get(proposal.get_absolute_url()).status_code == 404
    assert decide(charlie, proposal).status_code == decide(charlie, proposal, "takeover", text="Mine").status_code == 404


def test_what_closes_first_stands_first_and_what_has_closed_last(cast, proposal, sign_in):
    other = make(cast, "Full, sadly.", cast.noor)
    Conversation.objects.filter(pk=other.conversation_id).update(window_closes_at=now() + timedelta(hours=1))
    shown = page(sign_in(cast.alice), "/approvals/")
    assert shown.index(f"row-{other.public_id}") < shown.index(f"row-{proposal.public_id}")
    Conversation.objects.filter(pk=other.conversation_id).update(window_closes_at=now() - timedelta(hours=1))
    shown = page(sign_in(cast.alice), "/approvals/")
    assert shown.index(f"row-{proposal.public_id}") < shown.index(f"row-{other.public_id}")


def test_the_header_counts_what_one_may_decide(cast, proposal, sign_in):
    assert 'id="waiting-count" class="top-count">1<' in page(sign_in(cast.alice), "/conversations/")
    assert 'id="waiting-count" class="top-count" hidden>' in page(sign_in(cast.bob), "/conversations/")


def test_the_conversation_shows_the_same_card(cast, proposal, sign_in):
    shown = page(sign_in(cast.alice), cast.conversation(cast.amina).get_absolute_url())
    assert f'id="proposal-{proposal.public_id}"' in shown and "Approve and send" in shown


def test_the_list_marks_conversations_in_which_something_waits(cast, proposal, sign_in):
    assert page(sign_in(cast.bob), "/conversations/").count("</svg>Proposal</span>") == 1


def test_a_desk_that_shows_the_newest_already_is_an_empty_answer(cast, proposal, sign_in):
    alice, screen = sign_in(cast.alice), cast.conversation(cast.amina).screen
    assert alice.get(f"{proposal.get_absolute_url()}?screen={screen}", headers=HTMX).status_code == 204
    cast.write(cast.amina, "Make it five")
    shown = page(alice, f"{proposal.get_absolute_url()}?screen={screen}", headers=HTMX)
    assert "has written, edited or taken something back since" in shown and shown.count("New since the agent wrote") == 1 and "data-new" in shown


def test_the_queue_costs_few_queries_whatever_the_data(cast, sign_in, django_assert_max_num_queries):
    for proposal in [make(cast, "First"), make(cast, "Second", cast.noor)] * 8:
        part = proposal.parts.get()
        proposal.pk, proposal.public_id = None, new_public_id()
        proposal.save()
        part.pk, part.proposal = None, proposal
        part.save()
    alice = sign_in(cast.alice)
    with django_assert_max_num_queries(14):
        alice.get("/approvals/")


# Deciding ------------------------------------------------------------------------------------------------------------
def test_approving_sends_it_and_shows_the_next_card(cast, proposal, sign_in):
    other = make(cast, "Full, sadly.", cast.noor)
    response = decide(sign_in(cast.alice), proposal)
    assert response.status_code == 200 and "Full, sadly." in response.text and f"proposal-{other.public_id}" in response.text
    assert "autofocus" in response.text and "1 is left." in response.headers["HX-Trigger"]
    cast.settle()
    assert [message["text"] for message in cast.received(cast.amina)] == ["Yes, 250 g bags."]


def test_after_the_last_one_nothing_waits(cast, proposal, sign_in):
    assert "Nothing waits for you." in decide(sign_in(cast.alice), proposal).text


def test_approving_twice_sends_one_message(cast, proposal, sign_in):
    alice = sign_in(cast.alice)
    assert decide(alice, proposal).status_code == 200
    response = decide(alice, proposal)
    assert response.status_code == 409 and "has approved this already" in response.text
    assert Dispatch.objects.count() == 1


def test_changed_text_goes_out_changed(cast, proposal, sign_in):
    decide(sign_in(cast.alice), proposal, text="Yes, and 1 kg bags.", panel="edit")
    assert Message.objects.get(direction="out").text == "Yes, and 1 kg bags."
    assert Message.objects.get(direction="out").edited_by == cast.alice


def test_a_rejection_needs_words_and_keeps_them(cast, proposal, sign_in):
    alice = sign_in(cast.alice)
    assert decide(alice, proposal, answer="reject", reason=" ", panel="reject").status_code == 422
    assert decide(alice, proposal, answer="reject", reason="We have none").status_code == 200
    assert Decision.objects.get().reason == "We have none" and not Dispatch.objects.exists()


def test_a_newer_message_is_a_conflict_that_keeps_what_was_typed(cast, proposal, sign_in):
    alice, revision = sign_in(cast.alice), cast.conversation(cast.amina).revision
    cast.write(cast.amina, "Make it five")
    response = decide(alice, proposal, revision=revision, text="My careful edit", panel="edit")
    assert response.status_code == 409 and "My careful edit</textarea>" in response.text and "Make it five" in response.text
    response = decide(alice, proposal, revision=revision, answer="reject", reason="My careful reason", panel="reject")
    assert response.status_code == 409 and "My careful reason</textarea>" in response.text
    assert not Decision.objects.exists()


@pytest.mark.parametrize("shown", [{"digest": "0" * 64}, {"revision": ""}, {"revision": "²"}, {"digest": ""}])
def test_what_was_not_shown_cannot_be_approved(cast, proposal, sign_in, shown):
    assert decide(sign_in(cast.alice), proposal, **shown).status_code == 409
    assert not Decision.objects.exists()


def test_an_answer_is_needed(cast, proposal, sign_in):
    assert decide(sign_in(cast.alice), proposal, answer="perhaps").status_code == 400


def test_in_the_conversation_a_decision_brings_the_thread(cast, proposal, sign_in):
    response = decide(sign_in(cast.alice), proposal, place="conversation")
    assert 'id="thread"' in response.text and f'id="proposal-{proposal.public_id}"' not in response.text and "approved by Alice" in response.text


def test_in_the_conversation_a_conflict_changes_only_the_card(cast, proposal, sign_in):
    response = decide(sign_in(cast.alice), proposal, place="conversation", revision=0, text="My edit", panel="edit")
    assert response.status_code == 409 and response.headers["HX-Retarget"] == f"#proposal-{proposal.public_id}"
    assert "My edit</textarea>" in response.text and 'id="thread"' not in response.text


def test_taking_over_sends_ones_own_words(cast, proposal, sign_in):
    assert decide(sign_in(cast.bob), proposal, "takeover", text="Bob here: yes.").status_code == 200
    message = Message.objects.get(direction="out")
    assert (message.text, message.written_by) == ("Bob here: yes.", cast.bob)
    assert Proposal.objects.get().state == "superseded"


def test_after_a_day_the_card_says_why_it_cannot_be_approved(cast, proposal, sign_in):
    Conversation.objects.update(window_closes_at=now() - timedelta(hours=1), human_until=now() + timedelta(days=5))
    cast.shop.human_agent_feature = True
    cast.shop.save()
    shown = page(sign_in(cast.alice), "/approvals/")
    assert "own words through" in shown and "data-key=\"a\"" not in shown and ">Take over<" in shown
    assert decide(sign_in(cast.alice), proposal).status_code == 422


def test_an_approval_can_be_undone_and_waits_again(cast, proposal, sign_in):
    cast.shop.approval_hold = 30
    cast.shop.save()
    alice = sign_in(cast.alice)
    dispatch = Dispatch.objects.get(pk=Dispatch.objects.last().pk) if decide(alice, proposal).status_code == 200 else None
    assert dispatch and alice.delete(f"/dispatches/{dispatch.public_id}/hold/", headers=HTMX).status_code == 200
    assert "It was approved, but came back before it left" in page(alice, "/approvals/")


def test_without_scripts_a_decision_leads_back_to_the_queue(cast, proposal, sign_in):
    shown = {"digest": proposal.digest, "revision": cast.conversation(cast.amina).revision, "answer": "approve"}
    response = sign_in(cast.alice).post(f"/proposals/{proposal.public_id}/decision/", shown)
    assert response.status_code == 302 and response.url == "/approvals/"


def test_what_was_decided_can_be_looked_up(cast, proposal, sign_in):
    alice = sign_in(cast.alice)
    decide(alice, proposal, text="Yes, and 1 kg bags.", panel="edit")
    shown = page(alice, "/approvals/decided/")
    assert "approved with changes" in shown and "Yes, and 1 kg bags." in shown and "Yes, 250 g bags." in shown
    assert "1 kg bags" not in page(sign_in(cast.charlie), "/approvals/decided/")
    Grant.objects.create(user=cast.charlie, account=cast.shop, right=Right.READ)
    assert "1 kg bags" in page(sign_in(cast.charlie), "/approvals/decided/")
