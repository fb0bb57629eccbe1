"""Ways in which a hostile reader broke an earlier version; each has to stay closed."""

import json
from datetime import timedelta

import pytest
from django.db import OperationalError

from accounts.models import Account, AccountUsage, MetaApp
from accounts.usage import note_usage
from core.clock import now
from graph.client import Sent
from graph.signatures import sign
from graph.usage import Usage
from inbox import sending
from inbox.claiming import claim
from inbox.content import Content
from inbox.ingesting import MOST_TRIES, ingest_next, replay
from inbox.models import Attempt, Conversation, Dispatch, KeptEvent, Message, WebhookDelivery
from inbox.webhooks.store import store_delivery
from inbox.work import work_until_idle
from tests.inbox.handing import hand_over


def _body(account: Account, contact_id: str, *, ours: bool = False, **what: object) -> bytes:
    """One event of the account's, as Meta writes it down."""
    people = {"sender": {"id": contact_id}, "recipient": {"id": account.external_id}}
    if ours:
        people = {"sender": people["recipient"], "recipient": people["sender"]}
    event = people | {"timestamp": int(now().timestamp() * 1000)} | what
    envelope = {"object": "instagram" if account.network == "instagram" else "page", "entry": [{"id": account.external_id, "messaging": [event]}]}
    return json.dumps(envelope).encode()


def _tell(body: bytes, secret: str = "app-secret") -> WebhookDelivery:
    assert store_delivery(body, sign(secret, body))
    work_until_idle("ingest")
    return WebhookDelivery.objects.order_by("pk").last()


@pytest.mark.parametrize("how", ["a day goes by", "Meta calls it closed"])
def test_what_no_person_let_out_never_passes_for_a_persons_words(cast, clock, how):
    Account.objects.filter(pk=cast.shop.pk).update(agents_may_send=True, human_agent_feature=True, human_agent_text=Account.HumanAgentText.APPROVED)
    conversation = cast.conversation(cast.amina)
    message = conversation.reply(Content(text="Sure"), by=cast.assistant.user, expects_heard=conversation.heard)
    if how == "a day goes by":
        clock.shift(timedelta(hours=25))
    else:
        Conversation.objects.filter(contact=cast.amina).update(window_refused_at=now())
    work_until_idle("dispatch")
    dispatch = Dispatch.objects.get(message=message)
    assert (dispatch.state, dispatch.reason) == (Dispatch.State.FAILED, "window_closed")
    assert not Attempt.objects.exists()
    assert cast.received(cast.amina) == []


def test_the_same_bytes_signed_by_another_of_our_apps_hide_nothing(cast):
    MetaApp.objects.create(kind="instagram", app_id="99", secret="other-secret", verify_token="x")
    body = _body(cast.shop, cast.amina.external_id, message={"mid": "m_two", "text": "Hello"})
    _tell(body, "other-secret")
    assert not Message.objects.filter(mid="m_two").exists()
    _tell(body)
    assert Message.objects.filter(mid="m_two").exists()


def test_an_unsend_that_meets_its_message_late_takes_nothing_else_away(cast):
    stranger = Account(network="messenger", external_id="555000111")
    told = _tell(_body(stranger, "7300000000000999", postback={"title": "Get started", "payload": "START"}))
    assert KeptEvent.objects.get(delivery=told).body["postback"]["title"] == "Get started"
    cast.conversation(cast.noor).reply(Content(text="On its way"), by=cast.bob, hold=timedelta(0))
    dispatch = claim("w", at=now())
    attempt = hand_over(dispatch)
    _tell(_body(cast.studio, cast.noor.external_id, ours=True, message={"mid": "aWdfABC123", "is_deleted": True, "is_echo": True}))
    sending._record_accepted(dispatch, attempt, Sent("aWdfABC123", "", ""))
    Account.objects.create(network="messenger", login="facebook", meta_app=cast.shop.meta_app, name="S", external_id="555000111", token="EAAs")
    replay(told)
    work_until_idle("ingest")
    assert Message.objects.get(account__external_id="555000111").text == "Get started"


def test_an_event_that_always_breaks_the_database_keeps_nothing_behind_it(cast, monkeypatch):
    from inbox import ingesting

    def broken(*_arguments: object) -> None:
        raise OperationalError("too many SQL variables")

    monkeypatch.setitem(ingesting._APPLY, ingesting.events.Delivered, broken)
    body = _body(cast.shop, cast.amina.external_id, delivery={"mids": ["m_1"]})
    assert store_delivery(body, sign("app-secret", body))
    following = _body(cast.shop, cast.amina.external_id, message={"mid": "m_next", "text": "Hi"})
    assert store_delivery(following, sign("app-secret", following))
    for _ in range(MOST_TRIES - 1):
        with pytest.raises(OperationalError):
            ingest_next()
    work_until_idle("ingest")
    assert Message.objects.filter(mid="m_next").exists()
    assert WebhookDelivery.objects.get(state=WebhookDelivery.State.FAILED).error == "0: OperationalError"


def test_an_unblock_mends_no_dead_token(cast):
    Account.objects.filter(pk=cast.shop.pk).update(state=Account.State.NEEDS_RECONNECT)
    for action in ("block", "unblock"):
        cast.simulator.enforce_policy(cast.shop.external_id, action, "Spam")
        work_until_idle("ingest")
    assert Account.objects.get(pk=cast.shop.pk).state == Account.State.NEEDS_RECONNECT


def test_a_clock_that_is_ahead_does_not_keep_the_window_closed(cast):
    cast.write(cast.amina, "Hello")
    Conversation.objects.filter(contact=cast.amina).update(window_refused_at=now())
    event = {
        "sender": {"id": cast.amina.external_id}, "recipient": {"id": cast.shop.external_id},
        "timestamp": int((now() - timedelta(seconds=20)).timestamp() * 1000), "message": {"mid": "m_after", "text": "Are you there?"},
    }  # fmt: skip
    cast.simulator.announce(cast.shop.external_id, event)
    work_until_idle("ingest")
    assert not cast.conversation(cast.amina).window.is_refused


def test_what_never_left_is_not_called_unknown(cast):
    _tell(_body(cast.shop, "user-abc", message={"mid": "m_q", "text": "Hi"}))
    message = Conversation.objects.get(contact__external_id="user-abc").reply(Content(text="x"), by=cast.bob, hold=timedelta(0))
    work_until_idle("dispatch")
    message.dispatch.refresh_from_db()
    assert (message.dispatch.state, message.dispatch.reason) == (Dispatch.State.FAILED, "no_form")


@pytest.mark.parametrize("number", ["99999", "-5", "99999999999999999999999"])
def test_nonsense_in_usage_headers_costs_no_other_line(cast, number):
    odd = {"type": "messenger" * 9, "call_count": 3, "estimated_time_to_regain_access": 10**30}
    longest = {"1" * 60: [odd], "22": [{"type": "messenger", "call_count": 7}]}
    note_usage(cast.shop.pk, Usage.read({"X-App-Usage": f'{{"call_count": {number}}}', "x-business-use-case-usage": json.dumps(longest)}))
    assert AccountUsage.objects.get(business_id="22").calls == 7
    assert 0 <= AccountUsage.objects.get(kind="app").calls <= 999
