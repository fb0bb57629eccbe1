"""For a few seconds what was written, or approved, can be taken back; whose own words it was gets them back."""

import json
from datetime import timedelta

import pytest

from accounts.models import Account, Stop
from agents.deciding import decide
from agents.models import Proposal
from agents.proposing import propose
from core.clock import now
from graph.payloads import Link
from inbox.content import Content
from inbox.errors import AlreadyMoved, NotAllowed
from inbox.models import Attempt, Conversation, Dispatch
from inbox.outbox import cancel, send_now
from inbox.work import work_until_idle
from tests.inbox.browsing import HTMX, page
from tests.inbox.uploads import choose, pdf, picture

State = Dispatch.State


@pytest.fixture(params=["amina", "noor"])
def contact(request, cast):
    return getattr(cast, request.param)


@pytest.fixture
def amina(cast) -> Conversation:
    Account.objects.update(reply_hold=60)
    return cast.conversation(cast.amina)


@pytest.fixture
def bob(cast, sign_in):
    return sign_in(cast.bob)


def held(conversation, content, by, **how) -> Dispatch:
    return conversation.reply(content, by=by, **how).dispatch


def undo(client, dispatch):
    return client.delete(f"/dispatches/{dispatch.public_id}/hold/", headers=HTMX)


def words(client, dispatch, **typed) -> str:
    response = client.post(f"/dispatches/{dispatch.public_id}/words/", typed, headers=HTMX)
    assert response.status_code == 200
    return response.text


# How long ---------------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize("hold", [0, 3])
def test_replies_wait_for_as_long_as_their_account_says(cast, contact, hold):
    Account.objects.update(reply_hold=hold, approval_hold=5)
    at = now()
    dispatch = held(cast.conversation(contact), Content(text="Hello"), cast.bob, at=at)
    assert dispatch.not_before == at + timedelta(seconds=hold)


@pytest.mark.parametrize("hold", [0, 5])
def test_approvals_wait_for_as_long_as_their_account_says(cast, contact, hold):
    Account.objects.update(reply_hold=3, approval_hold=hold)
    proposal = propose(cast.assistant, cast.conversation(contact), Content(text="Yes")).proposal
    at = now()
    decide(proposal, by=cast.alice, approve=True, digest=proposal.digest, revision=cast.conversation(contact).revision, at=at)
    assert Dispatch.objects.get().not_before == at + timedelta(seconds=hold)


@pytest.mark.parametrize(("left", "hold"), [(300, 60), (121, 60), (100, 40), (61, 1), (60, 0), (5, 0)])
def test_where_the_window_closes_soon_the_hold_is_shorter_so_that_it_still_leaves(cast, contact, left, hold):
    Account.objects.update(reply_hold=60)
    at = now()
    Conversation.objects.update(window_closes_at=at + timedelta(seconds=left))
    dispatch = held(cast.conversation(contact), Content(text="Hello"), cast.bob, at=at)
    assert dispatch.not_before == at + timedelta(seconds=hold)


# Who --------------------------------------------------------------------------------------------------------------------
def test_an_approval_is_taken_back_by_who_may_approve_and_waits_again(cast, contact):
    Account.objects.update(approval_hold=60)
    proposal = propose(cast.assistant, cast.conversation(contact), Content(text="Yes")).proposal
    decide(proposal, by=cast.alice, approve=True, digest=proposal.digest, revision=cast.conversation(contact).revision)
    dispatch = Dispatch.objects.get()
    for who in (cast.bob, cast.dana, cast.charlie, cast.assistant.user):
        with pytest.raises(NotAllowed):
            cancel(dispatch, by=who)
    cancel(dispatch, by=cast.alice)
    assert list(Proposal.objects.awaiting_decision()) == [proposal] and Proposal.objects.for_cards().get().decision is not None
    fresh = Proposal.objects.for_cards().get()
    decide(fresh, by=cast.alice, approve=True, digest=fresh.digest, revision=cast.conversation(contact).revision)
    send_now(Dispatch.objects.latest("pk"), by=cast.alice)
    work_until_idle("dispatch")
    assert len(cast.received(contact)) == 1
    with pytest.raises(AlreadyMoved):
        cancel(dispatch, by=cast.alice)


def test_a_colleague_who_may_reply_takes_a_reply_back(cast, amina):
    dispatch = held(amina, Content(text="Hello"), cast.bob)
    cancel(dispatch, by=cast.alice)
    assert Dispatch.objects.get().state == State.CANCELLED


# What it looks like -------------------------------------------------------------------------------------------------------
def test_a_held_reply_counts_down_and_offers_both_ways(amina, cast, bob):
    dispatch = held(amina, Content(text="Hello"), cast.bob)
    shown = page(bob, amina.get_absolute_url())
    assert f'data-leaves="{int(dispatch.not_before.timestamp() * 1000)}"' in shown
    assert f'id="undo-{dispatch.public_id}" data-key="u"' in shown and f'id="now-{dispatch.public_id}"' in shown


def test_after_an_approval_the_desk_says_until_when_it_can_be_undone(cast, sign_in):
    Account.objects.update(approval_hold=60)
    proposal = propose(cast.assistant, cast.conversation(cast.amina), Content(text="Yes")).proposal
    shown = {"digest": proposal.digest, "revision": cast.conversation(cast.amina).revision, "answer": "approve"}
    alice = sign_in(cast.alice)
    event = json.loads(alice.post(f"/proposals/{proposal.public_id}/decision/", shown, headers=HTMX).headers["HX-Trigger"])["announce"]
    dispatch = Dispatch.objects.get()
    assert event["undo"] == dispatch.public_id and event["leaves"] == int(dispatch.not_before.timestamp() * 1000)
    assert 0 < event["left"] <= 60_000
    assert undo(alice, dispatch).status_code == 200
    assert "taken-back" not in undo(alice, dispatch).headers.get("HX-Trigger-After-Settle", "")


def test_without_a_hold_the_desk_offers_no_undo(cast, sign_in):
    proposal = propose(cast.assistant, cast.conversation(cast.amina), Content(text="Yes")).proposal
    shown = {"digest": proposal.digest, "revision": cast.conversation(cast.amina).revision, "answer": "approve"}
    response = sign_in(cast.alice).post(f"/proposals/{proposal.public_id}/decision/", shown, headers=HTMX)
    assert "undo" not in json.loads(response.headers["HX-Trigger"])["announce"]


def said(response) -> str:
    return str(json.loads(response.headers["HX-Trigger"])["announce"]["words"])


def hasten(client, dispatch):
    return client.post(f"/dispatches/{dispatch.public_id}/hold/", {"method": "post"}, headers=HTMX)


def test_what_leaves_now_is_said_to(cast, amina, bob):
    assert said(hasten(bob, held(amina, Content(text="Hello"), cast.bob))) == "It leaves now."


@pytest.mark.parametrize(("account", "says"), [
    ({"held_at": now(), "held_reason": "Storm"}, "paused: “Storm”"),
    ({"state": Account.State.NEEDS_RECONNECT}, "It leaves as soon as an admin has reconnected"),
    ({"paused_until": now() + timedelta(hours=1)}, "Meta asked for a slower pace."),
])  # fmt: skip
def test_what_goes_on_waiting_is_not_said_to_leave_now(cast, amina, bob, account, says):
    dispatch = held(amina, Content(text="Hello"), cast.bob)
    Account.objects.update(**account)
    assert says in said(hasten(bob, dispatch))
    Dispatch.objects.update(state=State.FAILED)
    assert says in said(bob.post(f"/dispatches/{dispatch.public_id}/retry/", headers=HTMX))


def test_what_follows_another_one_or_is_stopped_is_not_said_to_leave_now(cast, amina, bob, sign_in):
    first, second = (held(amina, Content(text=words), cast.bob) for words in ("One", "Two"))
    Dispatch.objects.filter(pk=first.pk).update(state=State.QUEUED, not_before=now() - timedelta(minutes=1))
    assert said(hasten(bob, second)) == "It leaves after the message before it."
    proposed = held(amina, Content(text="Proposed"), cast.alice, written_by=cast.assistant.user, expects_heard=amina.heard)
    Stop.objects.create(by=cast.dana, at=now(), reason="Too fast")
    assert "Agents are stopped here." in said(hasten(sign_in(cast.alice), proposed))


def test_what_may_have_arrived_already_is_not_said_to_be_taken_back(cast, amina, bob):
    dispatch = held(amina, Content(text="Hello"), cast.bob)
    Attempt.objects.create(dispatch=dispatch, number=1, started_at=now(), request_digest="0" * 64, outcome=Attempt.Outcome.UNKNOWN)
    response = undo(bob, dispatch)
    assert Dispatch.objects.get().state == State.UNKNOWN and "taken-back" not in response.headers.get("HX-Trigger-After-Settle", "")
    assert said(response) == "Meta did not say whether this arrived. Countersign is finding out."


# The words come back -------------------------------------------------------------------------------------------------------
def test_whoever_takes_their_own_words_back_is_given_them(cast, amina, bob, sign_in):
    dispatch = held(amina, Content(text="Helo"), cast.bob)
    response = undo(bob, dispatch)
    assert json.loads(response.headers["HX-Trigger-After-Settle"]) == {"taken-back": {"dispatch": dispatch.public_id}}
    assert f'id="words-{dispatch.public_id}"' in response.text
    assert "Helo</textarea>" in words(bob, dispatch)
    other = held(amina, Content(text="Hello"), cast.bob)
    response = undo(sign_in(cast.alice), other)
    assert response.status_code == 200 and "HX-Trigger-After-Settle" not in response.headers


def test_the_list_forgets_what_was_taken_back(cast, amina, bob):
    dispatch = held(amina, Content(text="Helo"), cast.bob)
    assert "Helo" in page(bob, "/conversations/")
    undo(bob, dispatch)
    assert "Helo" not in page(bob, "/conversations/") and "Yirgacheffe" in page(bob, "/conversations/")


def test_the_list_forgets_what_an_edit_of_theirs_kept_here(cast, bob):
    mid = cast.write(cast.amina, "To Norwey?")
    amina = cast.conversation(cast.amina)
    held(amina, Content(text="Yes, we do"), cast.alice, written_by=cast.assistant.user, expects_heard=amina.heard)
    cast.simulator.edit(cast.shop.external_id, cast.amina.external_id, mid, "To Norway?")
    work_until_idle("ingest", "dispatch")
    assert Dispatch.objects.get().reason == "stale"
    shown = page(bob, "/conversations/")
    assert "To Norway?" in shown and "Yes, we do" not in shown


def test_the_list_asks_only_once_a_person_is_asked(cast, amina, bob, clock, settings):
    held(amina, Content(text="Hello"), cast.bob)
    at = now()
    Dispatch.objects.update(state=State.UNKNOWN, unknown_since=at, handed_over_at=at)
    shown = page(bob, "/conversations/")
    assert "Finding out</span>" in shown and "Arrived?" not in shown
    assert f'data-asks="{int(Dispatch.objects.get().asks_at.timestamp())}999"' in shown
    clock.shift(settings.SETTLE_SECONDS + 1)
    shown = page(bob, "/conversations/")
    assert "Arrived?</span>" in shown and "Finding out" not in shown


def test_they_never_take_the_place_of_what_is_typed_by_now(cast, amina, bob):
    dispatch = held(amina, Content(text="Helo"), cast.bob)
    undo(bob, dispatch)
    assert "Something else\n\nHelo</textarea>" in words(bob, dispatch, kind="text", text="Something else")


def test_an_answer_in_particular_is_one_again(cast, amina, bob):
    asked = amina.last_message
    dispatch = held(amina, Content(text="Helo", reply_to_mid=asked.mid), cast.bob)
    undo(bob, dispatch)
    assert f'name="reply_to" value="{asked.public_id}"' in words(bob, dispatch)


def test_a_link_comes_back_into_its_boxes_but_not_over_another_one(cast, amina, bob):
    dispatch = held(amina, Content(link=Link("https://harbour.example/beans", "Beans", "fresh")), cast.bob)
    undo(bob, dispatch)
    shown = words(bob, dispatch, kind="text", text="Look:")
    assert all(f'value="{each}"' in shown for each in ("https://harbour.example/beans", "Beans", "fresh")) and 'value="link" checked' in shown
    assert "Look:</textarea>" in shown
    shown = words(bob, dispatch, kind="link", url="harbour.example/tea")
    assert "Another link stands here already" in shown and 'value="harbour.example/tea"' in shown and "beans" not in shown


def test_files_come_back_beside_those_that_were_chosen_since(cast, amina, bob):
    for file in (picture("PNG"), pdf()):
        assert choose(bob, amina, file=file).status_code == 200
    first, second = (media for media in cast.shop.media.order_by("pk"))
    dispatch = held(amina, Content(media=first), cast.bob)
    undo(bob, dispatch)
    shown = words(bob, dispatch, kind="file", media=second.public_id)
    assert shown.count('name="media"') == 2 and shown.index(second.public_id) < shown.index(first.public_id)


def test_a_moment_that_is_still_ahead_comes_back_too(cast, amina, bob):
    content = Content(text="Hello")
    dispatch = held(amina, content, cast.bob, scheduled_for=now() + timedelta(hours=3), unless_they_write=False)
    undo(bob, dispatch)
    shown = words(bob, dispatch)
    assert f'value="{dispatch.scheduled_for:%Y-%m-%dT%H:%M}"' in shown and 'name="when" value="at" checked' in shown
    assert 'name="unless" value="on">' in shown
    assert 'name="when" value="in:60" checked' in words(bob, dispatch, when="in:60")


def test_without_scripts_the_words_come_back_by_an_address(cast, amina, bob):
    dispatch = held(amina, Content(text="Helo"), cast.bob)
    undo(bob, dispatch)
    assert "Helo</textarea>" in page(bob, f"{amina.get_absolute_url()}?again={dispatch.public_id}")


def test_what_left_or_an_agent_wrote_is_not_given_back(cast, amina, bob, sign_in):
    sent = held(amina, Content(text="Gone out"), cast.bob, hold=timedelta(0))
    work_until_idle("dispatch")
    proposed = held(amina, Content(text="Proposed"), cast.alice, written_by=cast.assistant.user, expects_heard=amina.heard)
    cancel(proposed, by=cast.alice)
    for dispatch in (sent, proposed):
        assert "</textarea>" in words(bob, dispatch) and dispatch.message.text not in words(bob, dispatch)
        assert f"words-{dispatch.public_id}" not in page(sign_in(cast.alice), amina.get_absolute_url())


def test_words_are_given_only_to_who_may_write_here(cast, amina, sign_in):
    dispatch = held(amina, Content(text="Helo"), cast.bob)
    cancel(dispatch, by=cast.bob)
    address = f"/dispatches/{dispatch.public_id}/words/"
    assert sign_in(cast.charlie).post(address, headers=HTMX).status_code == 404
    assert sign_in(cast.dana).post(address, headers=HTMX).status_code == 403
    assert f"words-{dispatch.public_id}" not in page(sign_in(cast.dana), amina.get_absolute_url())
