"""From stored webhook bodies to conversations: each event in one transaction, idempotent, tolerant of disorder and of the unknown."""

import logging
import re
import traceback
from collections.abc import Callable
from contextlib import suppress
from dataclasses import asdict, is_dataclass, replace
from datetime import datetime
from typing import Any

from django.db import DatabaseError, InterfaceError, OperationalError, transaction
from django.db.models import F, Q

from accounts.models import Account
from core.clock import now
from core.lease import Lease, TakenOver, is_free, lease_time
from core.wake import wake
from graph import events
from graph.webhooks import BadBody, parse
from inbox import arrivals, echoes, receipts
from inbox.again import has_come, want_again
from inbox.arrivals import Kept, PartlyKept
from inbox.erasing import redact_unsent
from inbox.kept import for_later, key_of
from inbox.models import Conversation, KeptEvent, Message, WebhookDelivery
from inbox.policy_events import policy_enforced

logger = logging.getLogger("countersign.ingest")
MOST_TRIES = 5

Apply = Callable[[Account, Any, WebhookDelivery], None]

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
    events.ThreadControlChanged: arrivals.thread_control_changed,
    events.PolicyEnforced: policy_enforced,
    events.Commented: for_later,
    events.Mentioned: for_later,
    events.OptedIn: for_later,
}


def ingest_next() -> bool:
    """Apply the oldest delivery that waits. False where none does."""
    delivery = _claim(now())
    if delivery is None:
        return False
    with suppress(TakenOver):  # whoever took it over applies it
        apply_delivery(delivery)
    return True


def replay(delivery: WebhookDelivery) -> None:
    """Have a delivery applied once more; what was applied before changes nothing."""
    want_again([delivery.pk])


def apply_delivery(delivery: WebhookDelivery) -> None:
    """Apply every event of one body. One that fails keeps its error and does not keep its neighbours from being applied.

    Raises:
        TakenOver: another worker applies it by now.
    """
    lease = Lease(delivery)
    # Meta puts up to a thousand updates into one body.
    with lease.kept():
        _apply_all(lease)


def _apply_all(lease: Lease[WebhookDelivery]) -> None:
    delivery = lease.row
    try:
        found = parse(bytes(delivery.body))
    except BadBody as error:
        return _finish(lease, errors=[str(error)], events_found=0)
    KeptEvent.objects.filter(delivery=delivery).delete()
    errors = []
    for position, event in enumerate(found):
        try:
            _apply_or_keep(lease, position, event)
        except TakenOver:
            raise
        except (OperationalError, InterfaceError) as error:
            # The database had a bad moment, most likely, and the event has not: give the delivery back, and let the engine say so.
            if _may_try_again(delivery):
                _release(lease)
                raise
            errors.append(f"{position}: {type(error).__name__}")
        except Exception as error:
            # Frames and the class, without its words: a database error can repeat what the customer wrote.
            frames = "".join(traceback.format_tb(error.__traceback__))
            logger.error("Event %d of delivery %s could not be applied: %s\n%s", position, delivery.public_id, type(error).__name__, frames)
            errors.append(f"{position}: {type(error).__name__}")
    _finish(lease, errors=errors, events_found=len(found))


def _may_try_again(delivery: WebhookDelivery) -> bool:
    """An event that breaks the database each time must not keep all that came after it from being applied."""
    WebhookDelivery.objects.filter(pk=delivery.pk).update(tries=F("tries") + 1)
    return WebhookDelivery.objects.values_list("tries", flat=True).get(pk=delivery.pk) < MOST_TRIES


def _claim(at: datetime) -> WebhookDelivery | None:
    waiting = WebhookDelivery.objects.filter(is_free(at), state=WebhookDelivery.State.RECEIVED)
    for pk in waiting.order_by("pk").values_list("pk", flat=True)[:20]:
        if waiting.filter(pk=pk).update(lease_until=at + lease_time()):
            return WebhookDelivery.objects.get(pk=pk)
    return None


def _finish(lease: Lease[WebhookDelivery], *, errors: list[str], events_found: int) -> None:
    state = WebhookDelivery.State.FAILED if errors else WebhookDelivery.State.APPLIED
    done = Q(state=WebhookDelivery.State.RECEIVED, replays_wanted=lease.row.replays_wanted)
    if not lease.update(done, state=state, error="\n".join(errors), events=events_found, applied_at=now(), lease_until=None):
        _release(lease)  # somebody wants it again; it stays received


def _release(lease: Lease[WebhookDelivery]) -> None:
    with suppress(DatabaseError):  # then its lease ends by itself
        lease.update(lease_until=None)
        wake("ingest")


def _apply_or_keep(lease: Lease[WebhookDelivery], position: int, event: events.Event) -> None:
    delivery, account = lease.row, _account_of(event)
    if account and account.meta_app_id == delivery.meta_app_id:
        account.hear(at=delivery.received_at)
    kept = _kept_of(account, event, delivery)
    if kept:
        _keep(lease, position, account, event, kept)
    if kept and account:
        # Again after the commit: an unsend that was applied meanwhile could not see what was being kept.
        redact_unsent(account, event.raw)
    if kept and kept.waits_for and _has_come(kept.waits_for):
        want_again([delivery.pk])
    if account and (kept is None or isinstance(kept, PartlyKept)):
        # After the commit: whoever keeps an event meanwhile looks after us, and sees what we wrote.
        _replay_waiting(account, event, but_not=kept.waits_for if kept else "")


@transaction.atomic
def _keep(lease: Lease[WebhookDelivery], position: int, account: Account | None, event: events.Event, kept: Kept) -> None:
    delivery = lease.row
    if not lease.is_ours():
        raise TakenOver
    # Where another takes it over in this very moment, both keep the same one.
    KeptEvent.objects.update_or_create(delivery=delivery, position=position, defaults={
        "account": account, "kind": kept.kind or _name(event), "key": key_of(event), "reason": kept.reason,
        "at": _not_from_the_future(event, delivery.received_at).at, "body": _plain(event.raw), "waits_for": kept.waits_for,
    })  # fmt: skip
    if account:
        redact_unsent(account, event.raw)


def _replay_waiting(account: Account, event: events.Event, *, but_not: str) -> None:
    """What came before the message or the contact that it is about can be applied now."""
    mid = getattr(event, "mid", "")
    marks = {arrivals.contact_mark(account, event.contact_id or ""), arrivals.message_mark(account, mid), arrivals.said_mark(account, mid)}
    has_come(marks - {but_not})


def _has_come(mark: str) -> bool:
    """Whether what an event waits for arrived while it was being put aside."""
    account_pk, kind, meta_id = mark.split(" ", 2)
    account = int(account_pk)
    if kind == "contact":
        return Conversation.objects.filter(account=account, contact__external_id=meta_id).exists()
    messages = Message.objects.filter(account=account, mid=meta_id)
    return bool(meta_id) and (messages.exclude(about__has_key="unseen") if kind == "said" else messages).exists()


def _account_of(event: events.Event) -> Account | None:
    return Account.objects.select_related("meta_app").filter(network=event.network, external_id=event.account_id).first()


def _kept_of(account: Account | None, event: events.Event, delivery: WebhookDelivery) -> Kept | None:
    """Apply one event in one transaction. What of it has to be kept comes back; of a part, the rest is committed."""
    try:
        with transaction.atomic():
            return _apply(account, event, delivery)
    except Kept as kept:
        return kept


def _apply(account: Account | None, event: events.Event, delivery: WebhookDelivery) -> PartlyKept | None:
    if isinstance(event, events.NotUnderstood):
        raise Kept(event.reason, kind=event.kind)
    if isinstance(event, events.TestReceived):
        raise Kept("The test button in Meta's dashboard works.", kind="test")
    if account is None:
        raise Kept("No account with this id is connected.")
    if account.meta_app_id != delivery.meta_app_id:
        raise Kept("Another app than the account's own signed it.")
    try:
        _APPLY[type(event)](account, _not_from_the_future(event, delivery.received_at), delivery)
    except PartlyKept as kept:
        return kept
    return None


def _not_from_the_future(event: events.Event, received_at: datetime) -> events.Event:
    """The event with its times as they can be. A mark from the future would have everything read."""
    if event.at:
        event = replace(event, at=arrivals.not_after(event.at, received_at))
    if isinstance(event, events.Delivered | events.Read) and event.until:
        event = replace(event, until=arrivals.not_after(event.until, received_at))
    return event


def _name(event: events.Event) -> str:
    """The class in words: "Message edited"."""
    return re.sub(r"(?<=[a-z])(?=[A-Z])", " ", type(event).__name__).capitalize()


def _plain(value: Any) -> Any:
    """The raw event as JSON can hold it."""
    if is_dataclass(value) and not isinstance(value, type):
        return _plain(asdict(value))
    if isinstance(value, dict) or hasattr(value, "items"):
        return {str(key): _plain(each) for key, each in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(each) for each in value]
    return value if isinstance(value, str | int | float | bool | None) else str(value)
