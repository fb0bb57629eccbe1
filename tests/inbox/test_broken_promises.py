"""Ways in which a reviewer broke our promises once, each with the answer that we gave."""

from datetime import timedelta

import pytest
from django.db import OperationalError

from accounts.models import Account, Activity, Grant, Stop, User
from agents.deciding import decide
from agents.errors import Conflict
from agents.models import Proposal
from agents.proposing import propose
from core.clock import now
from graph import events
from graph.client import Sent
from graph.errors import NotSent, RateLimited, TokenInvalid, Unavailable
from inbox import arrivals, ingesting, sending
from inbox.claiming import claim
from inbox.content import Content
from inbox.echo_mark import metadata_for
from inbox.errors import AlreadyMoved
from inbox.models import Attempt, Conversation, Dispatch, KeptEvent, Message, ParkedEcho, WebhookDelivery
from inbox.outbox import cancel, it_arrived, retry, send_again
from inbox.outcomes import outcome_of
from inbox.recording import record_error
from inbox.work import work_until_idle
from tests.inbox.handing import hand_over

State = Dispatch.State


def _reply(cast, contact, text="Hello") -> Dispatch:
    return cast.conversation(contact).reply(Content(text=text), by=cast.bob).dispatch


def _approved(cast, contact, text="From the agent") -> Dispatch:
    conversation = cast.conversation(contact)
    proposal = propose(cast.assistant, conversation, Content(text=text)).proposal
    conversation.refresh_from_db()
    decide(proposal, by=cast.alice, approve=True, digest=proposal.digest, revision=conversation.revision)
    return Dispatch.objects.get(message__text=text)


def _after(dispatch: Dispatch) -> Dispatch:
    return Dispatch.objects.select_related("message").get(pk=dispatch.pk)


def _echo(cast, contact, mid, text, *, at=None, **more) -> None:
    account = contact.account.external_id
    message = {"mid": mid, "text": text, "is_echo": True} | more
    when = int((at or now()).timestamp() * 1000)
    cast.simulator.announce(account, {"sender": {"id": account}, "recipient": {"id": contact.external_id}, "timestamp": when, "message": message})
    work_until_idle("ingest")


# A late worker ----------------------------------------------------------------------------------------------------
@pytest.mark.parametrize("error", [Unavailable("late"), NotSent("late"), RateLimited("late", retry_at=1.0)])
def test_a_stalled_workers_late_error_leaves_the_next_workers_call_alone(cast, clock, error):
    dispatch = _reply(cast, cast.amina)
    stalled = claim("stalled", at=now())
    clock.shift(timedelta(minutes=1))
    work_until_idle("sweep")
    second = claim("second", at=now())
    assert hand_over(second)
    record_error(cast.conversation(cast.amina), stalled, error, outcome_of(error, was_sending=False), at=now())
    assert (_after(dispatch).state, _after(dispatch).worker) == (State.SENDING, "second")


def test_a_late_answer_to_an_old_token_does_not_break_the_account_that_has_a_new_one(cast):
    _reply(cast, cast.amina)
    claimed = claim("slow", at=now())
    hand_over(claimed)
    account = Account.objects.get(pk=cast.shop.pk)
    account.token = "EAAnew"
    account.save()
    sending._record(claimed, Attempt.objects.get(), TokenInvalid("the old one"))
    assert Account.objects.get(pk=cast.shop.pk).state == Account.State.CONNECTED


def test_a_second_throttle_does_not_shorten_the_first(cast):
    until = now() + timedelta(hours=1)
    Account.objects.filter(pk=cast.shop.pk).update(paused_until=until)
    error = RateLimited("slower", retry_at=5.0)
    dispatch = _reply(cast, cast.amina)
    dispatch.account = Account.objects.select_related("meta_app").get(pk=cast.shop.pk)
    record_error(cast.conversation(cast.amina), dispatch, error, outcome_of(error, was_sending=True), at=now())
    assert Account.objects.get(pk=cast.shop.pk).paused_until == until


# Between claim and call -------------------------------------------------------------------------------------------
@pytest.mark.parametrize("what", ["stop", "contact", "revoked", "deactivated", "late window"])
def test_what_changes_between_the_claim_and_the_call_keeps_an_agents_words_here(cast, clock, what):
    Account.objects.update(human_agent_feature=True)
    dispatch = _approved(cast, cast.amina)
    claimed = claim("uploading", at=now())
    if what == "stop":
        Stop.place(by=cast.dana, reason="Wrong prices", at=now())
    elif what == "contact":
        cast.write(cast.amina, "No, wait")
    elif what == "revoked":
        Grant.objects.filter(user=cast.alice).delete()
    elif what == "deactivated":
        User.objects.filter(pk=cast.assistant.user_id).update(is_active=False)
    else:
        clock.shift(timedelta(hours=25))
    sending._send(claimed)
    assert cast.received(cast.amina) == []
    assert _after(dispatch).state in (State.QUEUED, State.CANCELLED, State.FAILED)
    assert not Attempt.objects.filter(human_agent=True).exists()


@pytest.mark.parametrize("what", ["demoted", "approver deactivated", "agent deactivated"])
def test_who_lost_the_right_in_the_hold_sends_nothing(cast, what):
    Account.objects.update(approval_hold=5)
    dispatch = _approved(cast, cast.amina)
    if what == "demoted":
        Grant.objects.filter(user=cast.alice).update(right="reply")
    else:
        User.objects.filter(pk=cast.alice.pk if what.startswith("approver") else cast.assistant.user_id).update(is_active=False)
    Dispatch.objects.update(not_before=now())
    work_until_idle("dispatch")
    assert (_after(dispatch).state, cast.received(cast.amina)) == (State.FAILED, [])


@pytest.mark.parametrize("how", ["edit", "unsend", "older"])
def test_what_the_contact_changes_after_the_approval_brings_it_back(cast, how):
    Account.objects.update(approval_hold=5)
    mid = cast.write(cast.amina, "Two bags, please")
    dispatch = _approved(cast, cast.amina)
    account, contact = cast.shop.external_id, cast.amina.external_id
    common = {"sender": {"id": contact}, "recipient": {"id": account}, "timestamp": int((now() - timedelta(hours=1)).timestamp() * 1000)}
    event = {
        "edit": {"message_edit": {"mid": mid, "text": "No bags", "num_edit": 1}},
        "unsend": {"message": {"mid": mid, "is_deleted": True}},
        "older": {"message": {"mid": "m_late", "text": "And please no coffee"}},
    }[how]
    cast.simulator.announce(account, common | event)
    work_until_idle("ingest")
    Dispatch.objects.update(not_before=now())
    work_until_idle("dispatch")
    assert (_after(dispatch).state, _after(dispatch).reason) == (State.CANCELLED, "stale")
    assert Proposal.objects.for_cards().get().is_stale


def test_a_retry_of_an_agents_words_needs_the_thread_as_it_is(cast):
    dispatch = _approved(cast, cast.amina)
    cast.simulator.fault("window", account=cast.shop.external_id)
    work_until_idle("dispatch")
    seen = cast.conversation(cast.amina).revision
    cast.write(cast.amina, "Please do not")
    with pytest.raises(AlreadyMoved):
        retry(_after(dispatch), by=cast.alice, revision=seen)
    retry(_after(dispatch), by=cast.alice, revision=cast.conversation(cast.amina).revision)
    work_until_idle("dispatch")
    assert len(cast.received(cast.amina)) == 1


def test_a_row_that_is_not_what_was_proposed_is_a_conflict(cast):
    conversation = cast.conversation(cast.amina)
    proposal = propose(cast.assistant, conversation, Content(text="As shown")).proposal
    conversation.refresh_from_db()
    proposal.parts.update(text="Not as shown")
    with pytest.raises(Conflict):
        decide(proposal, by=cast.alice, approve=True, digest=proposal.digest, revision=conversation.revision)


# Webhooks ---------------------------------------------------------------------------------------------------------
def test_a_bad_moment_of_the_database_costs_no_message(cast, monkeypatch):
    calls = []

    def once(*arguments):
        calls.append(arguments)
        if len(calls) == 1:
            raise OperationalError("deadlock detected")
        return arrivals.message_received(*arguments)

    # A real deadlock needs two workers and luck; what matters here is what ours does with the error.
    monkeypatch.setitem(ingesting._APPLY, events.MessageReceived, once)
    cast.simulator.write(cast.shop.external_id, cast.amina.external_id, text="Do not lose me")
    with pytest.raises(OperationalError):
        work_until_idle("ingest")
    work_until_idle("ingest")
    assert Message.objects.filter(text="Do not lose me").exists()


def test_an_edit_before_its_message_in_one_body_is_applied(cast):
    account, contact = cast.shop.external_id, cast.amina.external_id
    common = {"sender": {"id": contact}, "recipient": {"id": account}, "timestamp": int(now().timestamp() * 1000)}
    cast.simulator.announce(account, common | {"message_edit": {"mid": "m_both", "text": "Second words", "num_edit": 1}})
    cast.simulator.announce(account, common | {"message": {"mid": "m_both", "text": "First words"}})
    work_until_idle("ingest")
    assert Message.objects.get(mid="m_both").words == "Second words"
    assert not KeptEvent.objects.exists()


def test_a_delivery_that_is_wanted_again_while_it_is_applied_stays_open(cast):
    cast.write(cast.amina, "Once more")
    delivery = WebhookDelivery.objects.order_by("-pk")[0]
    ingesting.replay(delivery)
    claimed = ingesting._claim(now())
    ingesting.replay(delivery)
    ingesting.apply_delivery(claimed)
    assert WebhookDelivery.objects.get(pk=delivery.pk).state == WebhookDelivery.State.RECEIVED
    work_until_idle("ingest")
    assert WebhookDelivery.objects.get(pk=delivery.pk).state == WebhookDelivery.State.APPLIED


def test_an_unsend_before_its_message_still_opens_the_window(cast):
    Conversation.objects.update(window_closes_at=None, window_opened_at=None, human_until=None)
    account, contact = cast.shop.external_id, cast.amina.external_id
    common = {"sender": {"id": contact}, "recipient": {"id": account}, "timestamp": int(now().timestamp() * 1000)}
    for message in ({"mid": "m_gone", "is_deleted": True}, {"mid": "m_gone", "text": "Never mind"}):
        cast.simulator.announce(account, common | {"message": message})
        work_until_idle("ingest")
    assert cast.conversation(cast.amina).window_closes_at is not None
    assert Message.objects.get(mid="m_gone").text == ""


def test_an_event_from_the_far_future_opens_no_longer_window(cast):
    account, contact = cast.shop.external_id, cast.amina.external_id
    common = {"sender": {"id": contact}, "recipient": {"id": account}, "timestamp": 253402300799000}
    cast.simulator.announce(account, common | {"message": {"mid": "m_9999", "text": "Hi"}})
    work_until_idle("ingest")
    assert cast.conversation(cast.amina).window_closes_at < now() + timedelta(hours=25)


def test_a_body_signed_by_another_app_is_kept_and_changes_nothing(cast):
    app = Account.objects.get(pk=cast.shop.pk).meta_app
    app.pk, app.public_id, app.app_id, app.secret = None, "anotherapp123456", "77", "another-secret"
    app.save()
    Account.objects.filter(pk=cast.shop.pk).update(meta_app=app)
    before = Message.objects.count()
    cast.write(cast.amina, "Signed by the old app")
    assert (Message.objects.count(), KeptEvent.objects.get().reason) == (before, "Another app than the account's own signed it.")


# Echoes -----------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize("how", ["clocks differ", "trimmed"])
def test_an_instagram_echo_that_is_slightly_off_makes_no_second_bubble(cast, how):
    dispatch = _reply(cast, cast.noor, "Yes ")
    claimed = claim("worker", at=now())
    attempt = hand_over(claimed)
    at = now() - timedelta(seconds=90) if how == "clocks differ" else now()
    _echo(cast, cast.noor, "ig_1", "Yes", at=at)
    sending._record_accepted(claimed, attempt, Sent("ig_1", "", ""))
    assert cast.conversation(cast.noor).messages.filter(direction="out").count() == 1
    assert _after(dispatch).message.mid == "ig_1"


def test_an_echo_that_was_taken_for_another_apps_becomes_one_with_ours(cast, clock):
    dispatch = _reply(cast, cast.noor, "Yes")
    claimed = claim("worker", at=now())
    attempt = hand_over(claimed)
    _echo(cast, cast.noor, "ig_2", "Yes", at=now() - timedelta(minutes=30))
    Dispatch.objects.filter(pk=dispatch.pk).update(state=State.FAILED)
    work_until_idle("sweep")
    assert cast.conversation(cast.noor).messages.filter(source="elsewhere").count() == 1
    sending._record_accepted(claimed, attempt, Sent("ig_2", "", ""))
    assert cast.conversation(cast.noor).messages.filter(direction="out").count() == 1
    assert (_after(dispatch).state, _after(dispatch).message.mid) == (State.SENT, "ig_2")


def test_a_line_of_the_thread_that_was_taken_for_another_apps_is_evidence(cast, clock):
    cast.simulator.set_echo(cast.studio.external_id, "never")
    cast.simulator.fault("drop_after", account=cast.studio.external_id)
    dispatch = _reply(cast, cast.noor, "Yes")
    work_until_idle("dispatch")
    sent = cast.received(cast.noor)[0]
    clock.shift(timedelta(minutes=10))
    _echo(cast, cast.noor, sent["mid"], "Yes", at=now())
    work_until_idle("settle")
    assert (_after(dispatch).state, _after(dispatch).thread_matches) == (State.UNKNOWN, 1)


def test_an_unsend_erases_an_echo_that_is_parked(cast):
    _reply(cast, cast.noor, "Secret words")
    claimed = claim("worker", at=now())
    hand_over(claimed)
    _echo(cast, cast.noor, "ig_3", "Secret words")
    _echo(cast, cast.noor, "ig_3", "", is_deleted=True)
    assert not ParkedEcho.objects.filter(text="Secret words").exists()


def test_what_is_taken_back_after_an_unknown_call_is_unknown_and_settles_by_its_echo(cast, clock):
    cast.simulator.set_echo(cast.shop.external_id, "never")
    cast.simulator.fault("drop_after", account=cast.shop.external_id)
    Account.objects.update(reply_hold=0)
    dispatch = _reply(cast, cast.amina, "Once")
    work_until_idle("dispatch")
    sent = cast.received(cast.amina)[0]
    clock.shift(timedelta(minutes=3))
    send_again(dispatch, by=cast.bob)
    cancel(dispatch, by=cast.bob)
    assert _after(dispatch).state == State.UNKNOWN
    _echo(cast, cast.amina, sent["mid"], "Once", metadata=sent["metadata"])
    assert (_after(dispatch).state, len(cast.received(cast.amina))) == (State.SENT, 1)


def test_an_answer_after_its_own_echo_is_written_down_once(cast):
    dispatch = _reply(cast, cast.amina)
    claimed = claim("worker", at=now())
    attempt = hand_over(claimed)
    _echo(cast, cast.amina, "m_once", "Hello", metadata=metadata_for(dispatch.public_id))
    sending._record_accepted(claimed, attempt, Sent("m_once", "", ""))
    assert (_after(dispatch).state, _after(dispatch).message.mid) == (State.SENT, "m_once")
    assert Activity.objects.filter(verb="message.sent").count() == 1


def test_the_late_echo_of_what_a_person_called_arrived_brings_its_id(cast):
    cast.simulator.set_echo(cast.shop.external_id, "never")
    cast.simulator.fault("drop_after", account=cast.shop.external_id)
    dispatch = _reply(cast, cast.amina)
    work_until_idle("dispatch")
    it_arrived(_after(dispatch), by=cast.bob)
    sent = cast.received(cast.amina)[0]
    _echo(cast, cast.amina, sent["mid"], "Hello", metadata=sent["metadata"])
    assert _after(dispatch).message.mid == sent["mid"]
    assert Activity.objects.filter(verb="message.sent").count() == 1
