"""Asks Meta what is new where nothing can come by webhook, about once a minute; what it finds is news, some time late.

Who finds out whether webhooks come sets `Account.poll_due_at`, and `poll_until` once they come again: then one more reading catches up with
what was said in between, and it is over.
Source: Meta, Conversations API reference (conversations by the time of their last change); Messenger Platform, "Rate limits".
"""

from contextlib import suppress
from datetime import datetime, timedelta
from functools import partial
from typing import Any

from django.db import transaction
from django.db.models import F, Q, QuerySet

from accounts.models import Account
from accounts.tending.troubles import trouble_code
from core.clock import now
from core.lease import Lease, TakenOver, lease_time
from core.live import Change, publish
from core.retrying import Retry
from core.wake import wake
from graph.errors import GraphError, NoAnswer, Rejected
from inbox.importing import Look
from inbox.models import Backfill, Reading
from inbox.models.backfill import PART
from inbox.pace import Pace, free_at, is_free
from inbox.parts import client_of, smaller, take_part
from inbox.window import HUMAN

EVERY = timedelta(minutes=1)
PAUSES = Retry(first=EVERY)
# Clocks differ, and Meta's list may be a moment behind what was said.
OVERLAP = timedelta(minutes=5)


def poll_next() -> bool:
    """Read what is new on the next account whose turn it is. False where none is due."""
    account = _claim(now())
    if account is None:
        return False
    lease = Lease(account, "poll_due_at")
    with suppress(TakenOver), lease.kept():
        _read(lease)
    return True


def next_poll_due(at: datetime) -> datetime | None:
    """When the next one becomes due."""
    polled = _readable().values_list("poll_due_at", "paused_until", "read_free_at")
    return min((max(filter(None, (due, free_at(paused, free)))) for due, paused, free in polled), default=None)


def _readable() -> QuerySet[Account]:
    """One that cannot be read waits until it is mended, and is due at once then."""
    return Account.objects.readable().filter(poll_due_at__isnull=False)


def _claim(at: datetime) -> Account | None:
    due = _readable().filter(is_free(at), poll_due_at__lte=at)
    for pk in due.order_by("poll_due_at").values_list("pk", flat=True)[:20]:
        # Put off for as long as a worker may be silent; whoever dies is taken over then.
        if due.filter(pk=pk).update(poll_due_at=at + lease_time()):
            return Account.objects.select_related("meta_app").get(pk=pk)
    return None


def _read(lease: Lease[Account]) -> None:
    """One part of a round."""
    account = lease.row
    reading, _made = Reading.objects.get_or_create(account=account)
    if reading.began_at is None:
        reading.began_at, reading.since, reading.cursor = now(), _since(account, reading), ""
        reading.save(update_fields=["began_at", "since", "cursor"])
    pace = Pace(partial(_put_off, lease))
    try:
        page = client_of(account).threads(after=reading.cursor, limit=reading.part, since=reading.since, pace=pace)
    except GraphError as error:
        return _try_later(lease, reading, error, now())
    taken = take_part(account, page, Look(now(), news_since=_news_since(reading, now())), lambda _imported: None)
    more = {"part": smaller(reading.part, page, pace.readings), "tries": 0, "trouble": "", "messages": F("messages") + taken.messages}
    with transaction.atomic():
        if page.after in ("", reading.cursor):
            _end_round(lease, reading, pace, more)
        else:
            _put_off(lease, to=pace.over_at)
            _save(reading, cursor=page.after, **more)
    _let_history_wait(account, pace.over_at)


def _since(account: Account, reading: Reading) -> datetime:
    """What changed since the round before; in the first one, since the last that came by webhook."""
    if reading.rounds and account.polled_at:
        return account.polled_at - OVERLAP
    return max(filter(None, (account.polled_at, account.webhook_at, account.created_at))) - OVERLAP


def _news_since(reading: Reading, at: datetime) -> datetime:
    """After a long silence there is much that nobody can answer any more; that is history."""
    return max(filter(None, (reading.since, at - HUMAN)))


def _end_round(lease: Lease[Account], reading: Reading, pace: Pace, more: dict[str, Any]) -> None:
    account = lease.row
    until, began_at = Account.objects.values_list("poll_until", flat=True).get(pk=account.pk), reading.began_at
    is_over = until is not None and began_at is not None and began_at >= until
    more |= {"rounds": 0, "part": PART} if is_over else {"rounds": F("rounds") + 1}
    _save(reading, began_at=None, cursor="", **more)
    if not is_over:
        # Where webhooks came again during this round, the last one follows at once.
        return _put_off(lease, to=pace.over_at if until else now() + EVERY, polled_at=began_at)
    if not lease.update(Q(poll_until=until), poll_due_at=None, poll_until=None, polled_at=began_at):
        raise TakenOver
    # The screens stop calling it delayed.
    publish(Change(account=account.pk))


def _put_off(lease: Lease[Account], *, to: datetime | None = None, **values: Any) -> None:
    """Let it be due then; by default, hold on to it.

    Raises:
        TakenOver: it is another worker's now, or webhooks come again.
    """
    if not (lease.update(poll_due_at=to, **values) if to else lease.renew(**values)):
        raise TakenOver
    if to:
        wake("history", at=to)


def _save(reading: Reading, **values: Any) -> None:
    Reading.objects.filter(pk=reading.pk).update(**values)


def _try_later(lease: Lease[Account], reading: Reading, error: GraphError, at: datetime) -> None:
    tries = reading.tries + 1
    pause = timedelta(seconds=error.retry_at) if error.retry_at else PAUSES.wait(tries)
    with transaction.atomic():
        _put_off(lease, to=at + min(pause, PAUSES.longest))
        # A place in Meta's list that it does not take any more: the round begins again.
        cursor = "" if isinstance(error, Rejected) else reading.cursor
        _save(reading, tries=tries, trouble=trouble_code(error), cursor=cursor, part=max(1, reading.part // 2) if isinstance(error, NoAnswer) else reading.part)


def _let_history_wait(account: Account, until: datetime) -> None:
    """Both together read no more often than Meta likes."""
    Backfill.objects.unfinished().filter(account=account, not_before__lt=until).update(not_before=until)
