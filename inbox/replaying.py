"""Has deliveries applied once more, one or many. The worker does it; what was applied before is not applied twice."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from django.db import transaction
from django.db.models import F, QuerySet

from accounts.models import Activity, User
from core.wake import wake
from inbox.models import WebhookDelivery

State = WebhookDelivery.State
# Where more are left, "more than" is said instead of counting on.
COUNTED = 10_000


def can_be_replayed(delivery: WebhookDelivery) -> bool:
    """Whether it has been applied, or tried, and its body is still there."""
    return delivery.state != State.RECEIVED and delivery.emptied_at is None


def replay_these(deliveries: Iterable[WebhookDelivery], *, by: User, at: datetime) -> int:
    """Returns how many there were of which it makes sense."""
    return _replay(WebhookDelivery.objects.filter(pk__in=[delivery.pk for delivery in deliveries]).exclude(state=State.RECEIVED), by, at)


def replay_failed(*, by: User, at: datetime) -> int:
    """Every delivery that could not be applied. Returns how many."""
    return _replay(WebhookDelivery.objects.filter(state=State.FAILED), by, at)


def _replay(rows: QuerySet[WebhookDelivery], by: User, at: datetime) -> int:
    with transaction.atomic():
        # Locked in the order of their keys, as everybody does who takes several.
        chosen = list(rows.filter(emptied_at=None).select_for_update().order_by("pk").only("public_id"))
        keys = [delivery.pk for delivery in chosen]
        for start in range(0, len(keys), 500):
            some = WebhookDelivery.objects.filter(pk__in=keys[start : start + 500])
            some.update(state=State.RECEIVED, replays_wanted=F("replays_wanted") + 1)
        if chosen:
            verb = "delivery.replayed" if len(chosen) == 1 else "deliveries.replayed"
            Activity.record(verb, chosen[0], by=by, at=at, number=len(chosen))
            wake("ingest")
    return len(chosen)


@dataclass(frozen=True)
class Progress:
    """How far the deliveries are that somebody wanted again.

    Args:
        left: those that still wait for the worker.
        failed: those that could not be applied this time either.
    """

    left: int
    failed: int


def progress(*, since: datetime) -> Progress:
    again = WebhookDelivery.objects.filter(replays_wanted__gt=0)
    failed = again.filter(state=State.FAILED, applied_at__gte=since)
    return Progress(again.filter(state=State.RECEIVED)[:COUNTED].count(), failed[:COUNTED].count())
