"""Reads back what was said before an account was connected: counted first, then part by part, with its place kept after every part.

A worker that dies leaves a lease and the place of its last part; whoever goes on reads that part again, and what is known changes nothing.
Source: Meta, Conversations API reference; Messenger Platform, "Rate limits".
"""

from contextlib import suppress
from datetime import datetime, timedelta
from functools import partial
from typing import Any

from django.core.exceptions import PermissionDenied, ValidationError
from django.db import DatabaseError, IntegrityError, transaction
from django.db.models import Q, QuerySet
from django.utils.translation import gettext as _

from accounts.models import Account, Activity, ConnectionRequest, Right, User
from accounts.tending.troubles import trouble_code
from core.clock import now
from core.lease import Lease, TakenOver, lease_time
from core.retrying import Retry
from core.wake import wake
from graph.client import GraphClient
from graph.errors import ErrorAnswer, GraphError, NoAnswer, PermissionMissing, RateLimited, Rejected, TokenInvalid
from inbox.importing import Imported, Look
from inbox.models import Backfill
from inbox.pace import Pace, free_at, is_free
from inbox.parts import client_of, smaller, take_part

State = Backfill.State
READABLE = Q(account__state=Account.State.CONNECTED) & ~Q(account__token="")
# In a row. What Meta refuses for good is hardly worth another try.
MOST_TRIES, MOST_REFUSALS = 10, 3
AFTER_TROUBLE = timedelta(seconds=5)
PAUSES = Retry(first=AFTER_TROUBLE)
# A place in Meta's list is good for a while, and nobody says for how long.
PLACE_IS_GOOD_FOR = timedelta(hours=1)


def start_backfill(account: Account, *, by: User, at: datetime, since: datetime | None) -> Backfill:
    """Have the conversations of an account read back that had a word since then; None is all that Meta lists.

    Raises:
        PermissionDenied: this person does not manage the account.
        ValidationError: it is being read already, or disconnected.
    """
    if not account.allows(by, Right.MANAGE):
        raise PermissionDenied
    if account.state == Account.State.DISCONNECTED:
        raise ValidationError(_("This account is disconnected. Connect it again first."))
    try:
        with transaction.atomic():
            return _begin(account, by=by, at=at, since=since)
    except IntegrityError:
        raise ValidationError(_("The history of this account is being read already.")) from None


def cancel_backfill(backfill: Backfill, *, by: User, at: datetime) -> bool:
    """Stop reading; what was taken over stays. False where it had ended.

    Raises:
        PermissionDenied: this person does not manage the account.
    """
    if not backfill.account.allows(by, Right.MANAGE):
        raise PermissionDenied
    with transaction.atomic():
        return _end(backfill, State.CANCELLED, by=by, at=at)


def backfill_next() -> bool:
    """Read the next part of the next history. False where none is due."""
    _begin_what_was_asked(now())
    backfill = _claim(now())
    if backfill is None:
        return False
    lease = Lease(backfill, only=Q(finished_at=None))
    with suppress(TakenOver), lease.kept():
        _go_on(lease)
    return True


def next_backfill_due(at: datetime) -> datetime | None:
    """When the next one goes on."""
    if _asked().exists():
        return at
    waiting = Backfill.objects.unfinished().filter(READABLE).values_list("not_before", "lease_until", "account__paused_until", "account__read_free_at")
    return min((max(filter(None, (*times, free_at(paused, free)))) for *times, paused, free in waiting), default=None)


# What was asked for when accounts were connected --------------------------------------------------------------------
def _asked() -> "QuerySet[ConnectionRequest]":
    return ConnectionRequest.objects.filter(state=ConnectionRequest.State.DONE, history_begun_at=None).exclude(history_days=0)


def _begin_what_was_asked(at: datetime) -> None:
    for request in _asked().select_related("by").order_by("pk")[:20]:
        with transaction.atomic():
            # Whoever moves the mark begins; a second worker finds it moved.
            if _asked().filter(pk=request.pk).update(history_begun_at=at):
                _begin_all(request, at)


def _begin_all(request: ConnectionRequest, at: datetime) -> None:
    since = None if request.history_days is None else at - timedelta(days=request.history_days)
    chosen = [each.get("account") for each in request.chosen]
    for account in Account.objects.filter(public_id__in=chosen).exclude(state=Account.State.DISCONNECTED):
        running = Backfill.objects.unfinished().filter(account=account).first()
        if running and _reaches(running, since):
            continue
        if running:
            _end(running, State.CANCELLED, by=request.by, at=at)
        _begin(account, by=request.by, at=at, since=since)


def _reaches(running: Backfill, since: datetime | None) -> bool:
    """Whether it goes back far enough; a day does not matter."""
    return running.since is None or (since is not None and running.since <= since + timedelta(days=1))


def _begin(account: Account, *, by: User, at: datetime, since: datetime | None) -> Backfill:
    backfill = Backfill.objects.create(account=account, by=by, at=at, since=since, not_before=at)
    Activity.record("backfill.asked", backfill, by=by, at=at, account=account, since=since.isoformat() if since else "")
    wake("history")
    return backfill


# One part -----------------------------------------------------------------------------------------------------------
def _claim(at: datetime) -> Backfill | None:
    due = Backfill.objects.due(at).filter(READABLE, is_free(at, "account__"))
    for pk in due.order_by("not_before").values_list("pk", flat=True)[:20]:
        if due.filter(pk=pk).update(lease_until=at + lease_time()):
            # Read once it is ours: the place that it had before may be another worker's.
            return Backfill.objects.select_related("account__meta_app").get(pk=pk)
    return None


def _go_on(lease: Lease[Backfill]) -> None:
    backfill, pace = lease.row, Pace(partial(_note, lease))
    step = _count if backfill.state == State.COUNTING else _read
    try:
        step(lease, client_of(backfill.account), pace)
    except GraphError as error:
        _try_later(lease, error, pace, now())
    except TakenOver:
        raise
    except Exception:
        # Ours, most likely, and perhaps only a bad moment of the database: the engine says so, and the part is read again.
        with suppress(DatabaseError, TakenOver):  # then its lease ends by itself
            _wait(lease, "broken", now() + AFTER_TROUBLE, tries=backfill.tries + 1, most=MOST_TRIES)
        raise


def _count(lease: Lease[Backfill], client: GraphClient, pace: Pace) -> None:
    """Count some more of what Meta lists, so that people can be told how far it is."""
    backfill = lease.row
    try:
        page = client.listed(after=backfill.cursor, since=backfill.since)
    except (TokenInvalid, RateLimited):
        raise
    except ErrorAnswer:
        # It can be read without being counted.
        return _leave(lease, pace, state=State.READING, cursor="", tries=0)
    counted = backfill.counted + len(page.conversations)
    if page.after in ("", backfill.cursor):
        return _leave(lease, pace, counted=counted, total=counted, state=State.READING, cursor="", tries=0, trouble="")
    _leave(lease, pace, counted=counted, cursor=page.after, tries=0, trouble="")


def _read(lease: Lease[Backfill], client: GraphClient, pace: Pace) -> None:
    backfill = lease.row
    page = client.threads(after=backfill.cursor, limit=backfill.part, since=backfill.since, pace=pace)
    taken = take_part(backfill.account, page, Look(now(), news_since=backfill.at), partial(_note_conversation, lease))
    values = {"conversations": backfill.conversations + len(page.threads), "left_out": backfill.left_out + taken.left_out, "read_at": now()}
    with transaction.atomic():
        _leave(lease, pace, cursor=page.after, part=smaller(backfill.part, page, pace.readings), tries=0, trouble="", **values)
        if page.after in ("", backfill.cursor):
            _end(backfill, State.DONE, by=None, at=now())


def _note_conversation(lease: Lease[Backfill], imported: Imported) -> None:
    """Count within the transaction of the conversation itself, so that no death of a worker makes the number wrong."""
    backfill = lease.row
    backfill.messages += imported.messages
    backfill.oldest_at = min(filter(None, (backfill.oldest_at, imported.oldest_at)), default=None)
    _note(lease, messages=backfill.messages, oldest_at=backfill.oldest_at)


def _leave(lease: Lease[Backfill], pace: Pace, **values: Any) -> None:
    """A part is done: write down where it goes on, and let others go first."""
    with transaction.atomic():
        _note(lease, lease_until=None, not_before=pace.over_at, **values)
        wake("history", at=pace.over_at)


def _note(lease: Lease[Backfill], **values: Any) -> None:
    """Write something down and hold on to the job, or let it go.

    Raises:
        TakenOver: it was stopped, or is another worker's now.
    """
    write = lease.update if "lease_until" in values else lease.renew
    if not write(**values):
        raise TakenOver


# How it ends --------------------------------------------------------------------------------------------------------
def _try_later(lease: Lease[Backfill], error: GraphError, pace: Pace, at: datetime) -> None:
    """Wait for what passes; give up on what does not. A dead token is the account's matter: it goes on when that is mended."""
    backfill = lease.row
    tries = backfill.tries + (not isinstance(error, RateLimited))
    values: dict[str, Any] = {"part": max(1, backfill.part // 2)} if isinstance(error, NoAnswer) else {}
    if isinstance(error, Rejected) and _place_is_old(backfill, at):
        # Meta has forgotten the place. From the beginning, then: what is known changes nothing.
        values |= {"cursor": "", "conversations": 0, "left_out": 0, "read_at": None}
    most = MOST_REFUSALS if isinstance(error, Rejected | PermissionMissing) else MOST_TRIES
    _wait(lease, trouble_code(error), max(pace.over_at, at + _pause(error, tries)), tries=tries, most=most, **values)


def _wait(lease: Lease[Backfill], code: str, until: datetime, *, tries: int, most: int, **values: Any) -> None:
    """Let it go until then; after too many tries in a row, for good."""
    with transaction.atomic():
        _note(lease, lease_until=None, not_before=until, tries=tries, trouble=code, **values)
        if tries >= most:
            _end(lease.row, State.FAILED, by=None, at=now(), reason=code)
        else:
            wake("history", at=until)


def _place_is_old(backfill: Backfill, at: datetime) -> bool:
    """Or of another login, whose list is another one."""
    if not (backfill.cursor and backfill.read_at):
        return False
    stored_at = backfill.account.token_stored_at
    return backfill.read_at < at - PLACE_IS_GOOD_FOR or (stored_at is not None and backfill.read_at < stored_at)


def _pause(error: GraphError, tries: int) -> timedelta:
    if error.retry_at:
        return timedelta(seconds=error.retry_at)
    return PAUSES.wait(tries + 1)


def _end(backfill: Backfill, state: str, *, by: User | None, at: datetime, **details: str) -> bool:
    """Provided that it has not ended. Whoever is at it finds that out with the next conversation."""
    if not Backfill.objects.unfinished().filter(pk=backfill.pk).update(state=state, finished_at=at, lease_until=None):
        return False
    row = Backfill.objects.get(pk=backfill.pk)
    numbers = {"conversations": row.conversations, "messages": row.messages}
    Activity.record(f"backfill.{state}", backfill, by=by, at=at, account=backfill.account, **numbers, **details)
    return True
