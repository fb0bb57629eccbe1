"""Deletes what was kept for long enough: webhook bodies, kept events, counts of what was turned away, e-mails, files that nobody sent.

In small steps, looked for once an hour.

A delivery that is gone does no harm if Meta repeats it: what it told is known by Meta's ids, and applying it again changes nothing.
"""

from collections import Counter
from datetime import datetime, timedelta

from django.conf import settings
from django.db import transaction
from django.db.models import Exists, OuterRef, Q, QuerySet

from accounts.models import Activity, Mail
from core.clock import now
from inbox.models import KeptEvent, RefusedDelivery, WebhookDelivery
from inbox.tidying import Walk, retire_unsent

EVERY = timedelta(hours=1)
# Rows in one transaction.
STEP = 200
REFUSALS_KEPT_FOR = timedelta(days=30)
# Of an e-mail that left, or was given up, the address and the subject.
MAILS_KEPT_FOR = timedelta(days=90)

State = WebhookDelivery.State


class Retention:
    """One process's rounds: when it looked last, and what the round it is in has deleted."""

    def __init__(self) -> None:
        self._next_at: datetime | None = None
        self._deleted: Counter[str] = Counter()
        self._walk = Walk()

    def step(self) -> bool:
        """Delete the next few rows. False where there are none, or where it is too early to look."""
        at = now()
        if self._next_at and at < self._next_at:
            return False
        deleted = next(filter(None, (step(at) for step in _STEPS)), None) or self._walk.step(at)
        if deleted is not None:
            self._deleted += deleted
            return True
        self._tell(at)
        self._next_at = at + EVERY
        return False

    def _tell(self, at: datetime) -> None:
        if self._deleted:
            Activity.objects.create(at=at, verb="deliveries.retired", target_type="webhookdelivery", target_id="", details=dict(self._deleted))
        self._deleted = Counter()


def _retire_applied(at: datetime) -> Counter[str]:
    """Deliveries of which everything was applied."""
    old = _older_than(settings.WEBHOOK_DAYS, at).filter(state=State.APPLIED)
    return _delete(old.filter(~_holds_events()))


def _empty_applied(at: datetime) -> Counter[str]:
    """Bodies of which an event is kept: the event stays, and the words of its neighbours go. One that still waits needs its body."""
    old = _older_than(settings.WEBHOOK_DAYS, at).filter(~_holds_events(~Q(waits_for="")), state=State.APPLIED, emptied_at=None)
    with transaction.atomic():
        emptied = WebhookDelivery.objects.filter(pk__in=_some(old), emptied_at=None).update(body=b"", emptied_at=at)
    return _counted(bodies=emptied)


def _retire_kept(at: datetime) -> Counter[str]:
    """Kept events with the deliveries that hold them, and deliveries that could never be applied."""
    old = _older_than(settings.KEPT_EVENT_DAYS, at)
    return _delete(old.filter(Q(state=State.FAILED) | Q(_holds_events(), state=State.APPLIED)))


def _retire_refusals(at: datetime) -> Counter[str]:
    rows = RefusedDelivery.objects.filter(hour__lt=at - REFUSALS_KEPT_FOR).order_by("pk")
    deleted, _by_model = RefusedDelivery.objects.filter(pk__in=list(rows.values_list("pk", flat=True)[:STEP])).delete()
    return _counted(refusals=deleted)


def _retire_mails(at: datetime) -> Counter[str]:
    border = at - MAILS_KEPT_FOR
    rows = Mail.objects.filter(Q(sent_at__lt=border) | Q(given_up_at__lt=border)).order_by("pk")
    deleted, _by_model = Mail.objects.filter(pk__in=list(rows.values_list("pk", flat=True)[:STEP])).delete()
    return _counted(mails=deleted)


def _older_than(days: int, at: datetime) -> QuerySet[WebhookDelivery]:
    """None at all where they are kept for ever."""
    return WebhookDelivery.objects.filter(received_at__lt=at - timedelta(days=days)) if days else WebhookDelivery.objects.none()


def _holds_events(*which: Q) -> Exists:
    return Exists(KeptEvent.objects.filter(*which, delivery=OuterRef("pk")))


def _some(rows: QuerySet[WebhookDelivery]) -> list[int]:
    """The keys of the next few, locked; what another worker is at is left to it."""
    return list(rows.order_by("received_at").select_for_update(skip_locked=True).values_list("pk", flat=True)[:STEP])


def _delete(rows: QuerySet[WebhookDelivery]) -> Counter[str]:
    with transaction.atomic():
        keys = _some(rows)
        events, _by_model = KeptEvent.objects.filter(delivery__in=keys).delete()
        deliveries, _by_model = WebhookDelivery.objects.filter(pk__in=keys).only("pk").delete()
    return _counted(deliveries=deliveries, events=events)


def _counted(**numbers: int) -> Counter[str]:
    return +Counter(numbers)


_STEPS = (_retire_applied, _retire_kept, _empty_applied, _retire_refusals, _retire_mails, retire_unsent)
retention = Retention()
