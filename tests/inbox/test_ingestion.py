"""Every body that Meta is known to send is accepted, stored, and applied or kept, in any order and however often."""

import json
import random
from pathlib import Path

import pytest

from accounts.models import Account, Activity, MetaApp
from graph.networks import Login, Network
from graph.signatures import sign
from inbox.ingesting import replay
from inbox.models import Attachment, Contact, Conversation, KeptEvent, MediaFile, Message, Occurrence, ParkedEcho, Reaction, WebhookDelivery
from inbox.webhooks.store import store_delivery
from inbox.work import work_until_idle

FOLDER = Path(__file__).parent.parent / "graph"
INVENTED = json.loads((FOLDER / "webhook_examples.json").read_text())
CAPTURED = {path.stem: json.loads(path.read_text()) for path in sorted((FOLDER / "captured").glob("*.json"))}
BODIES = INVENTED | CAPTURED
SECRET = "app-secret"
MARKS = ("window_closes_at", "read_until", "delivered_until")
STORY = ("message.text", "echo.inbox", "reaction.react", "read", "delivery", "message_edit", "postback.get_started", "referral.mme")


@pytest.fixture
def connected(db):
    """The Page and the Instagram account of the invented bodies, and those of the captured ones."""
    app = MetaApp.objects.create(kind="facebook", app_id="1200000000000001", secret=SECRET, verify_token="v")
    for network, login, ids in (
        (Network.MESSENGER, Login.FACEBOOK, ("104857600000001", "100000000000001")),
        (Network.INSTAGRAM, Login.INSTAGRAM, ("17841400000000042", "17841400000000000")),
    ):
        for external_id in ids:
            Account.objects.create(network=network, login=login, meta_app=app, name=external_id, external_id=external_id, token="EAAtoken")


def _store(body: dict) -> None:
    raw = json.dumps(body).encode()
    assert store_delivery(raw, sign(SECRET, raw))


def _everything() -> dict:
    """What the inbox believes, without keys and clocks of its own."""
    return {
        "messages": sorted(Message.objects.values_list("mid", "direction", "source", "text", "at", "removed_at")),
        "conversations": sorted(
            Conversation.objects.values_list("contact__external_id", "last_message__mid", "newest_inbound__mid", *MARKS),
            key=str,
        ),
        "reactions": sorted(Reaction.objects.values_list("message__mid", "emoji", "removed_at"), key=str),
    }


def test_there_are_as_many_bodies_as_were_collected():
    assert (len(INVENTED), len(CAPTURED)) == (123, 23)


@pytest.mark.parametrize("name", BODIES)
def test_a_known_body_is_applied_or_kept_without_an_exception(connected, name):
    _store(BODIES[name])
    work_until_idle("ingest")
    delivery = WebhookDelivery.objects.get()
    assert (delivery.state, delivery.error) == (WebhookDelivery.State.APPLIED, "")
    assert delivery.events >= 1
    assert Message.objects.exists() or Conversation.objects.exists() or KeptEvent.objects.exists() or Activity.objects.exists()


def test_all_bodies_in_any_order_and_repeated_lead_to_the_same_inbox(connected):
    for body in BODIES.values():
        _store(body)
    work_until_idle("ingest")
    once = _everything()
    for delivery in random.Random(7).sample(list(WebhookDelivery.objects.all()), k=len(BODIES) // 2):
        replay(delivery)
    work_until_idle("ingest")
    assert _everything() == once


@pytest.mark.parametrize("seed", range(8))
def test_disorder_changes_nothing(connected, seed):
    story = [INVENTED[f"page.{name}"] for name in STORY]
    for body in story:
        _store(body)
    work_until_idle("ingest")
    expected = _everything()
    for model in (KeptEvent, WebhookDelivery):
        model.objects.all().delete()
    _forget_conversations()
    random.Random(seed).shuffle(story)
    for body in story:
        _store(body)
        work_until_idle("ingest")
    assert _everything() == expected


def _forget_conversations() -> None:
    Conversation.objects.update(last_message=None, newest_inbound=None, window_message=None)
    for model in (Reaction, Attachment, MediaFile, Occurrence, ParkedEcho, Message, Conversation, Contact):
        model.objects.all().delete()


def test_an_unsend_takes_the_content_away_even_when_it_comes_first(cast):
    mid = cast.write(cast.amina, "My card number is 4111")
    cast.simulator.unsend(cast.shop.external_id, cast.amina.external_id, mid)
    work_until_idle("ingest")
    message = Message.objects.get(mid=mid)
    assert message.removed_at is not None
    assert message.text == ""
    replay(WebhookDelivery.objects.order_by("pk")[WebhookDelivery.objects.count() - 2])
    work_until_idle("ingest")
    assert Message.objects.get(mid=mid).text == ""


def test_a_body_for_an_account_that_is_not_connected_is_kept_and_applied_once_it_is(cast):
    shop_id = cast.shop.external_id
    Account.objects.filter(pk=cast.shop.pk).update(external_id="999")
    mid = cast.simulator.write(shop_id, cast.amina.external_id, text="Hello?")
    work_until_idle("ingest")
    kept = KeptEvent.objects.get()
    assert kept.reason == "No account with this id is connected."
    Account.objects.filter(pk=cast.shop.pk).update(external_id=shop_id)
    replay(kept.delivery)
    work_until_idle("ingest")
    assert Message.objects.filter(mid=mid).exists()
    assert not KeptEvent.objects.exists()


def test_a_body_that_cannot_be_applied_keeps_its_error_and_its_neighbours_are_applied(cast):
    raw = json.dumps({"object": "elephant", "entry": []}).encode()
    assert store_delivery(raw, sign("app-secret", raw))
    cast.write(cast.amina, "After it")
    broken = WebhookDelivery.objects.get(state=WebhookDelivery.State.FAILED)
    assert broken.error
    assert cast.conversation(cast.amina).last_message.text == "After it"


def test_a_contact_without_a_profile_loses_no_message(cast):
    cast.simulator.fault("error_before", route="profile", times=None)
    stranger = cast.simulator.add_contact(cast.shop.external_id, "Nobody Knows")
    cast.simulator.write(cast.shop.external_id, stranger, text="Anybody there?")
    work_until_idle("ingest", "fetch")
    conversation = Conversation.objects.get(contact__external_id=stranger)
    assert conversation.last_message.text == "Anybody there?"
    assert str(conversation.contact) == f"Somebody (…{stranger[-4:]})"


def test_a_profile_gives_the_contact_a_name(cast):
    work_until_idle("fetch")
    cast.amina.refresh_from_db()
    assert cast.amina.name == "Amina Okafor"
