"""Has deliveries applied once more: because somebody asks for it, or because what one of their events waits for has come."""

from collections.abc import Iterable
from functools import partial

from django.db import transaction
from django.db.models import F

from accounts.models import Account
from core.wake import wake
from inbox.arrivals import message_mark, said_mark
from inbox.models import KeptEvent, WebhookDelivery


def want_again(deliveries: Iterable[int]) -> None:
    """Open deliveries for another application, always in the same order so that two workers cannot wait for each other."""
    for pk in sorted(set(deliveries)):
        WebhookDelivery.objects.filter(pk=pk, emptied_at=None).update(state=WebhookDelivery.State.RECEIVED, replays_wanted=F("replays_wanted") + 1)
        wake("ingest")


def has_come(marks: Iterable[str]) -> None:
    """Have applied what waits for any of these."""
    want_again(KeptEvent.objects.filter(waits_for__in=list(marks)).values_list("delivery", flat=True))


def message_has_come(account: Account, mid: str) -> None:
    """A message got its id elsewhere than in ingestion: from the answer to our own call, from the thread, or from an echo that had waited."""
    # After the commit: an event that is kept meanwhile looks for the message by itself, and has to see it.
    transaction.on_commit(partial(has_come, (message_mark(account, mid), said_mark(account, mid))))
