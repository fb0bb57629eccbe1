"""The kinds of work that go on behind the pages, each as "do one unit, say whether there was one"."""

from collections.abc import Callable
from datetime import datetime

from accounts.connecting.work import connect_next
from accounts.mailing import mail_next, next_mail_due
from accounts.models import ConnectionRequest
from accounts.tending.work import next_tend_due, tend_next
from core.clock import now
from inbox.backfilling import backfill_next, next_backfill_due
from inbox.claiming import next_due as next_dispatch_due
from inbox.copying import copy_next, copy_next_of_history, next_copy_due
from inbox.forgetting import forget_next
from inbox.ingesting import ingest_next
from inbox.looking import next_look_due, settle_next
from inbox.media import fetch_next
from inbox.models import Backfill, WebhookDelivery
from inbox.polling import next_poll_due, poll_next
from inbox.profiles import fetch_next_profile
from inbox.retention import retention
from inbox.sending import send_next
from inbox.settling import sweep


def fetch_any() -> bool:
    """What a person or an agent waits for first."""
    return fetch_next() or fetch_next_profile()


def upkeep() -> bool:
    """What takes long and nobody waits for. Who wants to be forgotten comes first, what is merely old comes last."""
    return forget_next() or copy_next() or retention.step() or copy_next_of_history()


def tend() -> bool:
    """What connected accounts and the people who look after them need. Neither waits until the other has no more: Meta or a mail server may hang."""
    mailed = mail_next()
    return tend_next() or mailed


def history() -> bool:
    """What is new comes before what is old."""
    return poll_next() or backfill_next()


# Whoever finds out what became of messages waits for Meta, from each account one at a time; so there is more than one.
PLACES_TO_SETTLE = 2

WORK: dict[str, Callable[[], bool]] = {
    "ingest": ingest_next, "dispatch": send_next, "fetch": fetch_any, "upkeep": upkeep, "connect": connect_next, "tend": tend, "history": history,
    "settle": settle_next, "sweep": sweep,
}  # fmt: skip

_DUE: dict[str, tuple[Callable[[datetime], datetime | None], ...]] = {
    "dispatch": (next_dispatch_due,), "settle": (next_look_due,),
    "upkeep": (next_copy_due,), "tend": (next_tend_due, next_mail_due), "history": (next_poll_due, next_backfill_due),
}  # fmt: skip


def next_due(work: str) -> datetime | None:
    """When the next unit that waits for its time becomes due; None where none does."""
    at = now()
    return min(filter(None, (ask(at) for ask in _DUE.get(work, ()))), default=None)


def take_over() -> None:
    """End the leases of a process that is gone, so that its work goes on at once. Only for an engine that is alone with its database.

    Not those of dispatches and e-mails: what had been handed over then must not leave twice, and their sweep and their pause know how.
    """
    ConnectionRequest.objects.exclude(lease_until=None).update(lease_until=None)
    Backfill.objects.unfinished().exclude(lease_until=None).update(lease_until=None)
    WebhookDelivery.objects.filter(state=WebhookDelivery.State.RECEIVED).exclude(lease_until=None).update(lease_until=None)


def work_until_idle(*kinds: str) -> int:
    """Do all that there is to do of these kinds, in this thread. Returns how many units were done."""
    done = 0
    while any(WORK[kind]() for kind in kinds):
        done += 1
    return done
