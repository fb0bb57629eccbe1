"""Reads threads at Meta to find out what became of messages that nobody knows of: a kind of work of its own, for Meta may hang.

Whoever reads for an account holds it: Meta takes two readings a second from each, and one that hangs must not take all the workers along.
"""

import logging
import time
from contextlib import suppress
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import Min, QuerySet
from django.db.models.functions import Coalesce, Greatest

from accounts.models import Account
from accounts.tending.troubles import trouble_code
from core.clock import now
from core.lease import Lease, TakenOver, lease_time
from core.wake import wake
from graph.errors import GraphError, NoAnswer, TokenInvalid
from inbox.evidence import Look, settle_by
from inbox.looks import next_look
from inbox.models import Conversation, Dispatch
from inbox.pace import Pace, nobody_looks
from inbox.parts import client_of

logger = logging.getLogger("countersign.dispatch")
State = Dispatch.State
# How many accounts one claim considers; another worker at the first must not starve the rest.
LOOK_AT = 20


def settle_next() -> bool:
    """Read the next thread whose turn it is, for all of its messages that are unknown. False where none is due."""
    account = _claim(now())
    if account is None:
        return False
    lease = Lease(account, "read_free_at")
    with suppress(TakenOver), lease.kept():
        _look(lease)
    return True


def next_look_due(at: datetime) -> datetime | None:
    """When the next thread may be read: once its turn has come, and its account is free."""
    turn = Greatest("look_due_at", Coalesce("account__read_free_at", "look_due_at"))
    due: datetime | None = _looked_for().annotate(turn=turn).aggregate(first=Min("turn"))["first"]
    return due


def _looked_for() -> QuerySet[Dispatch]:
    """Of an account that cannot be read they wait until it is mended, and are due at once then."""
    return Dispatch.objects.filter(state=State.UNKNOWN, look_due_at__isnull=False, account__in=Account.objects.readable())


def _due(at: datetime) -> QuerySet[Dispatch]:
    return _looked_for().filter(look_due_at__lte=at)


def _claim(at: datetime) -> Account | None:
    """The account whose unknown message waits longest, for us alone."""
    accounts = _due(at).filter(nobody_looks(at, "account__")).values("account").annotate(first=Min("look_due_at")).order_by("first")
    for pk in accounts.values_list("account", flat=True)[:LOOK_AT]:
        if Account.objects.filter(nobody_looks(at), pk=pk).update(read_free_at=at + lease_time()):
            return Account.objects.select_related("meta_app").get(pk=pk)
    return None


def _look(lease: Lease[Account]) -> None:
    """One reading of one conversation; then the account is free for the next."""
    at, account, began = now(), lease.row, time.monotonic()
    pace = Pace(lambda: _hold(lease))
    dispatch = _due(at).filter(account=account).select_related("conversation__contact").order_by("look_due_at", "pk").first()
    if dispatch and _put_off(dispatch.conversation_id, at):
        answered = _read(account, dispatch.conversation, pace)
        # One that hangs gives the others their turn first.
        rest = timedelta(0) if answered else timedelta(seconds=time.monotonic() - began)
        _free(lease, max(pace.over_at, now() + rest))
    else:
        _free(lease, at)


def _hold(lease: Lease[Account]) -> None:
    if not lease.renew():
        raise TakenOver


def _put_off(conversation: int, at: datetime) -> bool:
    """Whoever moves the moment reads, and if they die somebody else does a little later."""
    return bool(_due(at).filter(conversation=conversation).update(look_due_at=at + lease_time()))


def _free(lease: Lease[Account], at: datetime) -> None:
    with transaction.atomic():
        if lease.update(read_free_at=at) and _due(at).filter(account=lease.row).exists():
            wake("settle", at=at)


def _read(account: Account, conversation: Conversation, pace: Pace) -> bool:
    """Read the thread and take in what it says. False where Meta did not answer."""
    began_at = now()
    try:
        found = client_of(account).recent_messages(conversation.contact.external_id, pace=pace)
    except GraphError as error:
        _note_trouble(conversation, error, began_at)
        return not isinstance(error, NoAnswer)
    except ValueError:
        _note_trouble(conversation, None, began_at)
        return True
    with transaction.atomic():
        locked = Conversation.objects.lock(conversation.pk)
        settle_by(Look(found.messages, began_at=began_at, is_whole=found.is_whole), locked)
        _plan(locked)
    return True


def _note_trouble(conversation: Conversation, error: GraphError | None, began_at: datetime) -> None:
    """It could not be read, which proves nothing, and what was read before stays. Where the token is dead, the look is made once there is another."""
    trouble = trouble_code(error) if error else "refused"
    logger.warning("The thread of conversation %s could not be read (%s).", conversation.public_id, trouble)
    with transaction.atomic():
        locked = Conversation.objects.lock(conversation.pk)
        locked.dispatches.filter(state=State.UNKNOWN).update(thread_trouble=trouble, absences=0)
        if not isinstance(error, TokenInvalid):
            _plan(locked, earliest=began_at + timedelta(seconds=error.retry_at or 0) if error else began_at)
        locked.show()


def _plan(conversation: Conversation, *, earliest: datetime | None = None) -> None:
    """Set when what is still unknown is looked for next."""
    at = now()
    for dispatch in conversation.dispatches.filter(state=State.UNKNOWN, unknown_since__isnull=False):
        assert dispatch.unknown_since
        due = next_look(dispatch.unknown_since, at=at, absences=dispatch.absences)
        due = max(due, earliest) if due and earliest else due
        Dispatch.objects.filter(pk=dispatch.pk).update(look_due_at=due)
        if due:
            wake("settle", at=due)
