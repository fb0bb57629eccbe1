"""From stored webhook bodies to conversations: each event in one transaction, idempotent, tolerant of disorder and of the unknown."""

import logging
from collections.abc import Callable
from dataclasses import asdict, is_dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction
from django.db.models import Q

from accounts.models import Account
from core.clock import now
from core.wake import wake
from graph import events
from graph.webhooks import BadBody, parse
from inbox import arrivals, echoes, receipts
from inbox.arrivals import Kept
from inbox.models import KeptEvent, WebhookDelivery

logger = logging.getLogger("countersign.ingest")
LEASE = timedelta(minutes=1)

Apply = Callable[[Account, Any, datetime], None]

_APPLY: dict[type[events.Event], Apply] = {
    events.MessageReceived: arrivals.message_received,
    events.PostbackReceived: arrivals.postback_received,
    events.ReferralFollowed: arrivals.referral_followed,
    events.MessageUnsent: arrivals.message_unsent,
    events.MessageEdited: arrivals.message_edited,
    events.Reacted: arrivals.reacted,
    events.MessageEchoed: echoes.message_echoed,
    events.Delivered: receipts.delivered,
    events.Read: receipts.read,
}


def ingest_next() -> bool:
    """Apply the oldest delivery that waits. False where none does."""
    delivery = _claim(now())
    if delivery is None:
        return False
    apply_delivery(delivery)
    return True


def replay(delivery: WebhookDelivery) -> None:
    """Have a delivery applied once more; what was applied before changes nothing."""
    WebhookDelivery.objects.filter(pk=delivery.pk).update(state=WebhookDelivery.State.RECEIVED, lease_until=None)
    wake("ingest")


def apply_delivery(delivery: WebhookDelivery) -> None:
    """Apply every event of one body. One that fails keeps its error and does not keep its neighbours from being applied."""
    try:
        found = parse(bytes(delivery.body))
    except BadBody as error:
        return _finish(delivery, errors=[str(error)], events_found=0)
    KeptEvent.objects.filter(delivery=delivery).delete()
    errors = []
    for position, event in enumerate(found):
        try:
            _apply_or_keep(delivery, position, event)
        except Exception as error:
            logger.exception("Event %d of webhook delivery %s could not be applied.", position, delivery.public_id)
            # The class and our own words only: a database error can repeat what the customer wrote.
            errors.append(f"{position}: {type(error).__name__}")
    _finish(delivery, errors=errors, events_found=len(found))


def _claim(at: datetime) -> WebhookDelivery | None:
    waiting = WebhookDelivery.objects.filter(Q(lease_until=None) | Q(lease_until__lt=at), state=WebhookDelivery.State.RECEIVED)
    for pk in waiting.order_by("pk").values_list("pk", flat=True)[:20]:
        if waiting.filter(pk=pk).update(lease_until=at + LEASE):
            return WebhookDelivery.objects.get(pk=pk)
    return None


def _finish(delivery: WebhookDelivery, *, errors: list[str], events_found: int) -> None:
    state = WebhookDelivery.State.FAILED if errors else WebhookDelivery.State.APPLIED
    WebhookDelivery.objects.filter(pk=delivery.pk, state=WebhookDelivery.State.RECEIVED).update(
        state=state, error="\n".join(errors), events=events_found, applied_at=now(), lease_until=None
    )


def _apply_or_keep(delivery: WebhookDelivery, position: int, event: events.Event) -> None:
    try:
        with transaction.atomic():
            _apply(event, delivery.received_at)
    except Kept as kept:
        KeptEvent.objects.create(
            delivery=delivery, position=position, kind=kept.kind or _name(event), reason=kept.reason, body=_plain(event.raw), waits_for=kept.waits_for
        )


def _apply(event: events.Event, received_at: datetime) -> None:
    if isinstance(event, events.NotUnderstood):
        raise Kept(event.reason, kind=event.kind)
    if isinstance(event, events.TestReceived):
        raise Kept("The test button in Meta's dashboard works.", kind="test")
    account = Account.objects.select_related("meta_app").filter(network=event.network, external_id=event.account_id).first()
    if account is None:
        raise Kept("No account with this id is connected.")
    _APPLY[type(event)](account, event, received_at)


def _name(event: events.Event) -> str:
    return type(event).__name__


def _plain(value: Any) -> Any:
    """The raw event as JSON can hold it."""
    if is_dataclass(value) and not isinstance(value, type):
        return _plain(asdict(value))
    if isinstance(value, dict) or hasattr(value, "items"):
        return {str(key): _plain(each) for key, each in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(each) for each in value]
    return value if isinstance(value, str | int | float | bool | None) else str(value)
