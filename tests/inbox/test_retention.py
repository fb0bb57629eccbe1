"""What was kept for long enough goes, in small steps; what is still needed stays; and what is gone does no harm when Meta repeats it."""

import json
from datetime import timedelta

import pytest

from accounts.models import Activity, Mail
from core.clock import now
from graph.signatures import sign
from inbox import retention as module
from inbox.ingesting import replay
from inbox.models import Attachment, KeptEvent, Message, Reaction, RefusedDelivery, WebhookDelivery
from inbox.retention import Retention
from inbox.webhooks.store import store_delivery
from inbox.work import work_until_idle

DAY = timedelta(days=1)


def tell(**body: object) -> WebhookDelivery:
    """Meta tells something, and it is applied."""
    raw = json.dumps(body).encode()
    assert store_delivery(raw, sign("app-secret", raw))
    work_until_idle("ingest")
    return WebhookDelivery.objects.latest("pk")


def comment(cast, number: int = 1) -> WebhookDelivery:
    value = {"item": "comment", "verb": "add", "comment_id": f"55_{number}", "post_id": "1_55", "from": {"id": "9", "name": "Ann"}, "message": "How much?"}
    return tell(object="page", entry=[{"id": cast.shop.external_id, "time": 1, "changes": [{"field": "feed", "value": value}]}])


def reaction_to_nothing(cast) -> WebhookDelivery:
    """It waits for a message that has not come."""
    event = {
        "sender": {"id": cast.amina.external_id}, "recipient": {"id": cast.shop.external_id}, "timestamp": int(now().timestamp() * 1000),
        "reaction": {"mid": "m_never", "action": "react", "emoji": "♥", "reaction": "love"},
    }  # fmt: skip
    return tell(object="page", entry=[{"id": cast.shop.external_id, "time": 1, "messaging": [event]}])


def broken() -> WebhookDelivery:
    return tell(object="elephant", entry=[])


def tidy() -> None:
    round = Retention()
    while round.step():
        continue


def test_applied_deliveries_go_after_their_time_and_messages_stay(cast, clock):
    said = set(Message.objects.values_list("text", flat=True))
    clock.shift(29 * DAY)
    tidy()
    assert WebhookDelivery.objects.count() == 2
    clock.shift(2 * DAY)
    tidy()
    assert not WebhookDelivery.objects.exists()
    assert set(Message.objects.values_list("text", flat=True)) == said


def test_what_failed_what_waits_and_what_was_never_applied_stays(cast, clock):
    failed, waiting = broken(), reaction_to_nothing(cast)
    raw = b'{"object":"page","entry":[]}'
    assert store_delivery(raw, sign("app-secret", raw))
    clock.shift(31 * DAY)
    tidy()
    kept = list(WebhookDelivery.objects.order_by("pk"))
    assert kept[:2] == [failed, waiting]
    assert all(bytes(delivery.body) for delivery in kept)
    assert kept[2].state == WebhookDelivery.State.RECEIVED


def test_of_a_kept_comment_the_body_goes_first_and_the_event_later(cast, clock):
    delivery = comment(cast)
    clock.shift(31 * DAY)
    tidy()
    delivery.refresh_from_db()
    assert (bytes(delivery.body), delivery.emptied_at is not None) == (b"", True)
    assert KeptEvent.objects.get().body["value"]["message"] == "How much?"
    clock.shift(340 * DAY)
    tidy()
    assert not KeptEvent.objects.exists()
    assert not WebhookDelivery.objects.exists()


def test_a_body_that_is_gone_is_not_applied_again(cast, clock):
    delivery = comment(cast)
    clock.shift(31 * DAY)
    tidy()
    replay(delivery)
    work_until_idle("ingest")
    delivery.refresh_from_db()
    assert delivery.state == WebhookDelivery.State.APPLIED
    assert KeptEvent.objects.count() == 1


def test_failed_and_waiting_ones_go_after_the_longer_time(cast, clock):
    broken(), reaction_to_nothing(cast)
    clock.shift(366 * DAY)
    tidy()
    assert not WebhookDelivery.objects.exists()
    assert not KeptEvent.objects.exists()


@pytest.mark.parametrize(("name", "states"), [("WEBHOOK_DAYS", ["applied", "applied"]), ("KEPT_EVENT_DAYS", ["applied", "failed"])])
def test_nought_is_for_ever(cast, clock, settings, name, states):
    setattr(settings, name, 0)
    comment(cast), broken()
    clock.shift(366 * DAY)
    tidy()
    assert list(WebhookDelivery.objects.order_by("state").values_list("state", flat=True)) == states


def test_counts_of_what_was_turned_away_go_after_a_month(cast, clock):
    for days in (0, 29):
        RefusedDelivery.objects.create(hour=now() + days * DAY, reason="unsigned", number=1, last_at=now())
    clock.shift(31 * DAY)
    tidy()
    assert RefusedDelivery.objects.count() == 1


def test_mails_that_ended_go_after_three_months_and_what_waits_stays(cast, clock):
    for name, ended in (("sent", {"sent_at": now()}), ("given up", {"given_up_at": now()}), ("waiting", {})):
        Mail.objects.create(address="ann@example.test", kind="notice", key=name, subject=name, at=now(), not_before=now(), **ended)
    clock.shift(89 * DAY)
    tidy()
    assert Mail.objects.count() == 3
    clock.shift(2 * DAY)
    tidy()
    assert list(Mail.objects.values_list("key", flat=True)) == ["waiting"]


def test_a_round_goes_in_small_steps_and_says_what_it_did(cast, clock, monkeypatch):
    monkeypatch.setattr(module, "STEP", 2)
    for number in range(3):
        comment(cast, number)
    broken()
    clock.shift(366 * DAY)
    round, steps = Retention(), 0
    while round.step():
        steps += 1
    assert steps == 3
    line = Activity.objects.get(verb="deliveries.retired")
    assert line.details == {"deliveries": 6, "events": 3}
    assert not round.step()
    assert Activity.objects.filter(verb="deliveries.retired").count() == 1


def test_it_looks_once_an_hour(cast, clock):
    round = Retention()
    assert not round.step()
    WebhookDelivery.objects.update(received_at=now() - 31 * DAY)
    clock.shift(timedelta(minutes=59))
    assert not round.step()
    clock.shift(timedelta(minutes=2))
    assert round.step()


def test_upkeep_does_it(cast, clock, monkeypatch):
    monkeypatch.setattr("inbox.work.retention", Retention())
    clock.shift(31 * DAY)
    work_until_idle("upkeep")
    assert not WebhookDelivery.objects.exists()


def test_what_meta_repeats_after_its_delivery_is_gone_changes_nothing(cast, clock):
    mid = cast.write(cast.amina, image_url="https://cdn.example/a.png")
    cast.simulator.react(cast.shop.external_id, cast.amina.external_id, mid)
    work_until_idle("ingest")
    unsent = cast.write(cast.amina, "Not this")
    cast.simulator.unsend(cast.shop.external_id, cast.amina.external_id, unsent)
    work_until_idle("ingest")
    bodies = [bytes(delivery.body) for delivery in WebhookDelivery.objects.order_by("pk")]
    before = _inbox(cast)
    clock.shift(31 * DAY)
    tidy()
    assert not WebhookDelivery.objects.exists()
    for raw in reversed(bodies):
        assert store_delivery(raw, sign("app-secret", raw))
    work_until_idle("ingest")
    assert WebhookDelivery.objects.count() == len(bodies)
    assert _inbox(cast) == before
    assert "Not this" not in str(_inbox(cast))


def _inbox(cast) -> dict[str, object]:
    conversation = cast.conversation(cast.amina)
    return {
        "messages": sorted(Message.objects.values_list("mid", "text", "at", "removed_at")),
        "attachments": sorted(Attachment.objects.values_list("message__mid", "kind", "url")),
        "reactions": sorted(Reaction.objects.values_list("message__mid", "emoji", "at")),
        "facts": (conversation.window_closes_at, conversation.heard, conversation.revision, conversation.last_message_id),
    }
