"""Ways in which other inboxes lost, doubled or misread what contacts wrote, each with our answer.

What other tests hold already stands in the second table of docs/meta.md.
"""

import hashlib
import hmac
import json
import threading
from datetime import timedelta
from typing import Any

import pytest
from django.db import IntegrityError, connection, transaction

from accounts.models import Account, MetaApp
from core.clock import now
from core.lease import lease_time
from graph import events
from graph.client import Sent
from graph.signatures import sign
from inbox import ingesting, sending
from inbox.claiming import claim
from inbox.content import Content
from inbox.ingesting import ingest_next, replay
from inbox.models import Contact, Conversation, KeptEvent, Message, Occurrence, ReadMark, WebhookDelivery
from inbox.webhooks.store import matching_token, signing_keys, store_delivery
from inbox.work import work_until_idle
from tests.conftest import make_cast
from tests.inbox.handing import hand_over
from tests.inbox.webhook_bodies import KNOWN

State = WebhookDelivery.State
STRANGER = "7300000000009999"
AD = {"source": "ADS", "type": "OPEN_THREAD", "ad_id": "1202", "ads_context_data": {"ad_title": "Spring sale"}}


def _event(account: Account, contact: str, content: dict[str, Any], *, ours: bool = False, at=None) -> dict[str, Any]:
    people = [{"id": account.external_id}, {"id": contact}]
    return {"sender": people[not ours], "recipient": people[ours], "timestamp": int((at or now()).timestamp() * 1000)} | content


def _body(account: Account, *found: dict[str, Any], time: int = 0) -> bytes:
    words = {"messenger": "page", "instagram": "instagram"}
    return json.dumps({"object": words[account.network], "entry": [{"id": account.external_id, "time": time, "messaging": found}]}).encode()


def _store(account: Account, *found: dict[str, Any], time: int = 0, secret: str = "app-secret") -> None:
    body = _body(account, *found, time=time)
    assert store_delivery(body, sign(secret, body))


def _tell(account: Account, *found: dict[str, Any], time: int = 0) -> None:
    _store(account, *found, time=time)
    work_until_idle("ingest")


def _text(mid: str, text: str = "Hello") -> dict[str, Any]:
    return {"message": {"mid": mid, "text": text}}


# The door ---------------------------------------------------------------------------------------------------------
def test_an_app_without_a_secret_signs_nothing(cast):
    """Seen elsewhere: a secret that was not set was an empty one, and everybody can sign with that."""
    MetaApp.objects.create(kind="instagram", app_id="88", secret="", verify_token="")
    body = _body(cast.shop, _event(cast.shop, STRANGER, _text("m_forged")))
    for secret in (b"", b"None"):
        assert not store_delivery(body, f"sha256={hmac.new(secret, body, hashlib.sha256).hexdigest()}")
    for signature in (None, "", "sha256="):
        assert not store_delivery(body, signature)


def test_an_app_without_a_verify_token_answers_no_handshake(cast):
    """Seen elsewhere: the token that came was compared with itself, so that any fitted."""
    MetaApp.objects.create(kind="instagram", app_id="88", secret="x", verify_token="")
    for token in ("", "None", "guess"):
        assert matching_token(signing_keys(), {"hub.mode": "subscribe", "hub.challenge": "1", "hub.verify_token": token}) is None
    assert matching_token(signing_keys(), {"hub.mode": "subscribe", "hub.challenge": "1"}) is None


def test_each_app_behind_the_address_signs_with_its_own_secret(cast):
    """Seen elsewhere: the secret was looked up by the first entry of a body, so that a batch for two was refused."""
    other = MetaApp.objects.create(kind="instagram", app_id="88", secret="another", verify_token="v")
    Account.objects.filter(pk=cast.studio.pk).update(meta_app=other)
    _store(cast.studio, _event(cast.studio, STRANGER, _text("m_studio")), secret="another")
    _store(cast.shop, _event(cast.shop, STRANGER, _text("m_shop")))
    work_until_idle("ingest")
    assert set(Message.objects.filter(mid__in=("m_studio", "m_shop")).values_list("mid", flat=True)) == {"m_studio", "m_shop"}


# Nothing is lost --------------------------------------------------------------------------------------------------
@pytest.mark.parametrize("state", [Account.State.NEEDS_RECONNECT, Account.State.RESTRICTED, Account.State.DISCONNECTED])
def test_an_account_that_cannot_send_still_hears(cast, state):
    """Seen elsewhere: after two authorisation errors everything that came in was thrown away until somebody reconnected."""
    Account.objects.filter(pk=cast.shop.pk).update(state=state, token="")
    cast.write(cast.amina, "Are you still there?")
    assert cast.conversation(cast.amina).last_message.text == "Are you still there?"


def test_a_contact_may_write_as_much_as_they_like(cast):
    """Seen elsewhere: more than 200 messages in a minute were taken for a flood, and the rest was lost."""
    _tell(cast.shop, *[_event(cast.shop, cast.amina.external_id, _text(f"m_flood_{number}")) for number in range(220)])
    assert Message.objects.filter(mid__startswith="m_flood_").count() == 220
    assert WebhookDelivery.objects.order_by("pk").last().state == State.APPLIED


def test_an_event_that_breaks_keeps_its_error_costs_no_neighbour_and_can_be_applied_later(cast, monkeypatch):
    """Seen elsewhere: any exception was reported and then called success, so that the message was gone."""

    def broken(*arguments: object) -> None:
        raise ZeroDivisionError("words of a customer")

    # Our own code has no such mistake that could be provoked from outside.
    monkeypatch.setitem(ingesting._APPLY, events.PostbackReceived, broken)
    amina = cast.amina.external_id
    tap = {"postback": {"mid": "m_tap", "title": "Menu", "payload": "MENU"}}
    _tell(cast.shop, *[_event(cast.shop, amina, content) for content in (_text("m_before"), tap, _text("m_after"))])
    delivery = WebhookDelivery.objects.order_by("pk").last()
    assert (delivery.state, delivery.error) == (State.FAILED, "1: ZeroDivisionError")
    assert Message.objects.filter(mid__in=("m_before", "m_after")).count() == 2
    monkeypatch.undo()
    replay(delivery)
    work_until_idle("ingest")
    delivery.refresh_from_db()
    assert (delivery.state, delivery.error, Message.objects.get(mid="m_tap").text) == (State.APPLIED, "", "Menu")


def test_what_a_dead_worker_held_is_applied_by_the_next(cast, clock):
    """Seen elsewhere: locks that nobody freed used up all tries of a webhook, and it was dropped."""
    _store(cast.shop, _event(cast.shop, cast.amina.external_id, _text("m_held")))
    assert ingesting._claim(now()) is not None
    assert ingest_next() is False
    clock.shift(lease_time() + timedelta(seconds=1))
    work_until_idle("ingest")
    assert Message.objects.filter(mid="m_held").count() == 1


def test_a_kind_that_nobody_knows_yet_is_kept_whole(cast):
    """Seen elsewhere: kinds beside messages and reads fell silently on the floor, and leads with them."""
    event = _event(cast.shop, cast.amina.external_id, {"brand_new": {"deal": "three for two"}})
    _tell(cast.shop, event)
    kept = KeptEvent.objects.get()
    assert (kept.kind, kept.account, kept.body) == ("brand_new", cast.shop, event)
    assert kept.reason == "The inbox has no use for this kind of event."


@pytest.mark.parametrize("name", ["amina", "noor"])
def test_a_tap_on_an_advertisements_button_is_a_message_with_its_source(cast, name):
    """Seen elsewhere: postbacks from advertisements were ignored, although somebody had paid for them."""
    contact = getattr(cast, name)
    _tell(contact.account, _event(contact.account, STRANGER, {"postback": {"mid": "m_tap", "title": "How much?", "payload": "PRICE", "referral": AD}}))
    message = Message.objects.get(mid="m_tap")
    assert (message.text, message.is_inbound, message.about["referral"]["ad_title"]) == ("How much?", True, "Spring sale")
    assert message.conversation.window_cause == "postback"
    assert message.conversation.occurrences.get().kind == Occurrence.Kind.AD


def test_the_source_stays_with_the_message_that_it_brought(cast):
    """Seen elsewhere: the advertisement was written on the conversation, where the next one replaced it."""
    for number in (1, 2):
        ad = {"referral": AD | {"ad_id": str(number), "ads_context_data": {"ad_title": f"Sale {number}"}}}
        _tell(cast.shop, _event(cast.shop, cast.amina.external_id, {"message": {"mid": f"m_{number}", "text": "Tell me more"} | ad}))
    assert [Message.objects.get(mid=f"m_{number}").about["referral"]["ad_title"] for number in (1, 2)] == ["Sale 1", "Sale 2"]


def test_an_answer_to_a_story_keeps_its_story(cast):
    """Seen elsewhere: what was said about a story stood there without it."""
    story = {"reply_to": {"story": {"id": "180", "url": "https://lookaside.example.test/s"}}}
    _tell(cast.studio, _event(cast.studio, cast.noor.external_id, {"message": {"mid": "m_story", "text": "Love it"} | story}))
    assert Message.objects.get(mid="m_story").about == {"story_id": "180", "story_url": "https://lookaside.example.test/s"}


# Nothing is doubled -----------------------------------------------------------------------------------------------
def test_the_database_itself_refuses_a_second_message_of_one_id(cast):
    """Seen elsewhere: whether a message was known was looked up and then written, without a unique index below."""
    known = Message.objects.filter(account=cast.shop).exclude(mid="").first()
    twin = {"conversation": known.conversation, "direction": "in", "source": "contact", "mid": known.mid, "at": now(), "received_at": now()}
    with pytest.raises(IntegrityError), transaction.atomic():
        Message.objects.create(account=cast.shop, **twin)


@pytest.mark.django_db(transaction=True, serialized_rollback=True)
def test_first_messages_that_come_at_once_make_one_contact_and_one_conversation(simulator):
    """Seen elsewhere: two workers, two first messages, two contacts. Ten here, each with a delivery of its own."""
    cast = make_cast(simulator)
    for number in range(10):
        _store(cast.shop, _event(cast.shop, STRANGER, _text(f"m_{number}")), time=number)
    barrier, errors = threading.Barrier(10), []

    def hand() -> None:
        try:
            barrier.wait(timeout=30)
            work_until_idle("ingest")
        except Exception as error:
            errors.append(error)
        finally:
            connection.close()

    hands = [threading.Thread(target=hand) for _ in range(10)]
    for each in hands:
        each.start()
    for each in hands:
        each.join(timeout=120)
    work_until_idle("ingest")
    assert errors == []
    assert Contact.objects.filter(external_id=STRANGER).count() == 1
    assert Conversation.objects.get(contact__external_id=STRANGER).messages.count() == 10


def test_an_echo_to_somebody_new_and_their_answer_are_one_conversation(cast):
    """Seen elsewhere: the echo looked for its conversation by the sender, and opened another."""
    _tell(cast.studio, _event(cast.studio, STRANGER, {"message": {"mid": "m_1", "text": "Welcome", "is_echo": True}}, ours=True))
    _tell(cast.studio, _event(cast.studio, STRANGER, _text("m_2", "Thanks")))
    assert [each.direction for each in Conversation.objects.get(contact__external_id=STRANGER).messages.all()] == ["out", "in"]


def test_a_greeting_that_meta_tells_twice_is_said_once(cast):
    """Seen elsewhere: the automatic greeting stood there twice."""
    greeting = _event(cast.shop, cast.amina.external_id, {"message": {"mid": "m_hi", "text": "Hi there", "is_echo": True}}, ours=True)
    for time in (1, 2):
        _tell(cast.shop, greeting, time=time)
    assert Message.objects.filter(text="Hi there").count() == 1


@pytest.mark.parametrize("number", [2, 10])
def test_an_album_is_one_message(cast, number):
    """Seen elsewhere: each picture of an album became a message of its own."""
    pictures = [{"type": "image", "payload": {"url": f"https://cdn.example.test/{each}.jpg"}} for each in range(number)]
    _tell(cast.studio, _event(cast.studio, cast.noor.external_id, {"message": {"mid": "m_album", "attachments": pictures}}))
    assert [each.position for each in Message.objects.get(mid="m_album").attachments.all()] == list(range(number))


def test_a_shared_post_that_comes_in_two_kinds_is_one_attachment(cast):
    """Seen elsewhere: while Meta moved from one kind to the other, every shared post was shown twice."""
    payload = {"url": "https://lookaside.example.test/p", "title": "Caption", "ig_post_media_id": "17890000000000020"}
    twins = [{"type": kind, "payload": payload} for kind in ("share", "ig_post")]
    _tell(cast.studio, _event(cast.studio, cast.noor.external_id, {"message": {"mid": "m_post", "attachments": twins}}))
    assert [(each.kind, each.title) for each in Message.objects.get(mid="m_post").attachments.all()] == [("post", "Caption")]


# Nothing is misread -----------------------------------------------------------------------------------------------
@pytest.mark.parametrize("spelling", [int, str, lambda ms: ms // 1000, lambda ms: float(ms)], ids=["number", "text", "seconds", "float"])
@pytest.mark.parametrize("kind", ["read", "delivery"])
def test_a_watermark_covers_what_was_sent_before_it_and_nothing_after(cast, kind, spelling):
    """Seen elsewhere: milliseconds were read as seconds, and everything ever sent was read in the year 54,000."""
    amina, sent = cast.amina.external_id, now() - timedelta(hours=3)
    for number in (0, 2):
        echo = {"message": {"mid": f"m_{number}", "text": "Yes", "is_echo": True}}
        _tell(cast.shop, _event(cast.shop, amina, echo, ours=True, at=sent + timedelta(hours=number)))
    watermark = int((sent + timedelta(hours=1)).timestamp() * 1000)
    _tell(cast.shop, _event(cast.shop, amina, {kind: {"watermark": spelling(watermark)}}))
    conversation = cast.conversation(cast.amina)
    passed = conversation.was_read if kind == "read" else conversation.was_delivered
    assert [passed(Message.objects.get(mid=f"m_{number}")) for number in (0, 2)] == [True, False]


def test_a_watermark_of_the_far_future_reaches_no_further_than_now(cast):
    _tell(cast.shop, _event(cast.shop, cast.amina.external_id, {"read": {"watermark": 253402300799000}}))
    assert cast.conversation(cast.amina).read_until <= now()


def test_delivered_after_read_takes_nothing_back(cast):
    """Seen elsewhere: the last word about a message was taken for the newest."""
    amina, ms = cast.amina.external_id, int(now().timestamp() * 1000)
    for content in ({"read": {"watermark": ms}}, {"read": {"watermark": ms - 60_000}}, {"delivery": {"watermark": ms - 60_000}}):
        _tell(cast.shop, _event(cast.shop, amina, content))
    assert int(cast.conversation(cast.amina).read_until.timestamp() * 1000) == ms


def test_one_id_on_two_accounts_is_two_people(cast):
    """Seen elsewhere: people were looked up by their id alone, and one got what was meant for another."""
    for account in (cast.shop, cast.studio):
        _tell(account, _event(account, STRANGER, _text(f"m_{account.pk}")))
    ms = int(now().timestamp() * 1000)
    _tell(cast.shop, _event(cast.shop, STRANGER, {"read": {"watermark": ms}}))
    shop, studio = (Conversation.objects.get(account=account, contact__external_id=STRANGER) for account in (cast.shop, cast.studio))
    assert (shop.read_until is None, studio.read_until is None) == (False, True)
    assert shop.contact != studio.contact


def test_a_message_has_its_own_time_and_is_unread_by_its_arrival(cast):
    """Seen elsewhere: messages stood where they arrived; or, sorted by their own time, nobody noticed the late ones."""
    written = (now() - timedelta(hours=2)).replace(microsecond=0)
    cast.conversation(cast.amina).mark_read(by=cast.bob)
    _tell(cast.shop, _event(cast.shop, cast.amina.external_id, _text("m_late", "I wrote this long ago"), at=written))
    message = Message.objects.get(mid="m_late")
    assert (message.at, message.received_at > written + timedelta(hours=1)) == (written, True)
    assert message.conversation.last_message != message
    assert ReadMark.objects.get(user=cast.bob).read_until < message.received_at
    assert Conversation.objects.with_unread(cast.bob).get(pk=message.conversation_id).unread == 1


def test_an_answer_from_metas_own_app_answers_the_contact(cast):
    """Seen elsewhere: what a colleague wrote on the telephone was missing, and the contact was answered twice."""
    cast.write(cast.noor, "Is it full?")
    cast.simulator.answer_elsewhere(cast.studio.external_id, cast.noor.external_id, "No, come along")
    work_until_idle("ingest")
    newest = cast.conversation(cast.noor).last_message
    assert (newest.text, newest.is_inbound, newest.source) == ("No, come along", False, Message.Source.ELSEWHERE)


def test_an_edit_that_is_none_makes_neither_a_message_nor_a_conversation(cast):
    """Seen elsewhere: Instagram's edits numbered 0, of messages that nobody edited, became empty messages."""
    _tell(cast.studio, {"timestamp": 1794700000000, "message_edit": {"mid": "m_odd", "num_edit": 0}})
    _tell(cast.studio, _event(cast.studio, STRANGER, {"message_edit": {"mid": "m_odd", "num_edit": 0}}))
    assert not Message.objects.filter(mid="m_odd").exists()
    assert not Contact.objects.filter(external_id=STRANGER).exists()


@pytest.mark.parametrize("name", ["ig.dashboard_test.changes", "ig.dashboard_test.messaging", "ig.dashboard_test.bare", "page.dashboard_test"])
def test_the_test_button_of_metas_dashboard_is_seen_and_creates_nothing(cast, name):
    """Seen elsewhere: the button broke the parser, or made a customer called 12334."""
    before = Contact.objects.count(), Message.objects.count()
    body = json.dumps(KNOWN[name]).encode()
    assert store_delivery(body, sign("app-secret", body))
    work_until_idle("ingest")
    assert (Contact.objects.count(), Message.objects.count()) == before
    assert KeptEvent.objects.get().kind == "test"


# On their way -----------------------------------------------------------------------------------------------------
@pytest.mark.parametrize("content", [{"read": {"mid": "ig_1"}}, {"reaction": {"mid": "ig_1", "emoji": "x"}}, {"message": {"mid": "ig_1", "is_deleted": True}}])
def test_what_comes_between_an_echo_and_our_answer_finds_its_message(cast, content, django_capture_on_commit_callbacks):
    """Instagram is quick: the echo and the contact's heart may both be here before the answer to our own call."""
    cast.conversation(cast.noor).reply(Content(text="Yes"), by=cast.bob)
    claimed = claim("worker", at=now())
    attempt = hand_over(claimed)
    noor = cast.noor.external_id
    _tell(cast.studio, _event(cast.studio, noor, {"message": {"mid": "ig_1", "text": "Yes", "is_echo": True}}, ours=True))
    _tell(cast.studio, _event(cast.studio, noor, content, ours="message" in content))
    with django_capture_on_commit_callbacks(execute=True):
        sending._record_accepted(claimed, attempt, Sent("ig_1", "", ""))
    work_until_idle("ingest")
    assert not KeptEvent.objects.filter(waits_for__contains="ig_1").exists()
    message = Message.objects.get(mid="ig_1")
    happened = {"read": message.conversation.was_read(message), "reaction": message.reactions.exists(), "message": message.removed_at is not None}
    assert [kind for kind, is_true in happened.items() if is_true] == list(content)


def test_what_waits_for_an_echo_that_waited_itself_is_applied_with_it(cast, clock, django_capture_on_commit_callbacks):
    """While one of ours is on its way another app's echo is set apart; what the contact thinks of it must not stay behind."""
    cast.conversation(cast.noor).reply(Content(text="Ours"), by=cast.bob)
    claimed = claim("worker", at=now())
    attempt = hand_over(claimed)
    noor = cast.noor.external_id
    _tell(cast.studio, _event(cast.studio, noor, {"message": {"mid": "ig_theirs", "text": "Theirs", "is_echo": True}}, ours=True))
    _tell(cast.studio, _event(cast.studio, noor, {"reaction": {"mid": "ig_theirs", "emoji": "x"}}))
    with django_capture_on_commit_callbacks(execute=True):
        sending._record_accepted(claimed, attempt, Sent("ig_ours", "", ""))
    work_until_idle("ingest")
    assert Message.objects.get(mid="ig_theirs").reactions.get().emoji == "x"




def _sent(cast, mid: str) -> Message:
    """Ours, accepted by Meta a moment ago by our clock."""
    cast.conversation(cast.noor).reply(Content(text="Yes"), by=cast.bob)
    claimed = claim("worker", at=now())
    sending._record_accepted(claimed, hand_over(claimed), Sent(mid, "", ""))
    return Message.objects.get(mid=mid)


def _echo(cast, message: Message, *, later: float) -> None:
    at = message.at + timedelta(seconds=later)
    _tell(cast.studio, _event(cast.studio, cast.noor.external_id, {"message": {"mid": message.mid, "text": "Yes", "is_echo": True}}, ours=True, at=at))


def test_what_was_read_by_our_clock_is_read_by_metas(cast):
    """Seen elsewhere: the time of sending was one clock's and that of reading the other's."""
    message = _sent(cast, "ig_1")
    _tell(cast.studio, _event(cast.studio, cast.noor.external_id, {"read": {"mid": "ig_1"}}))
    _echo(cast, message, later=2)
    conversation = cast.conversation(cast.noor)
    assert conversation.was_read(Message.objects.get(mid="ig_1"))


def test_whoever_spoke_last_by_metas_clock_spoke_last(cast, clock):
    """Our clock may be ahead of Meta's; what the contact wrote meanwhile must not hide behind our answer."""
    clock.shift(timedelta(hours=1))
    message = _sent(cast, "ig_1")
    _tell(cast.studio, _event(cast.studio, cast.noor.external_id, _text("ig_2", "And on Sunday?"), at=message.at - timedelta(seconds=1)))
    _echo(cast, message, later=-2)
    conversation = cast.conversation(cast.noor)
    assert (conversation.last_message.text, conversation.last_message_at) == ("And on Sunday?", conversation.last_message.at)
