"""What the worker does for connected accounts and apps: one after the other, each when its time has come.

A turn is claimed by moving `check_due_at` ahead. Whoever dies while at it loses the turn when that moment comes; whoever asks for something
meanwhile moves it back, and the turn that ends then leaves it there.
"""

import random
from datetime import datetime, timedelta
from typing import Any

from django.db import models, transaction

from accounts.models import Account, MetaApp
from accounts.tending.apps import look_after
from accounts.tending.looking import look_at
from accounts.tending.notices import tell_next
from accounts.tending.noting import note
from accounts.tending.parting import part
from accounts.tending.polls import set_polling
from accounts.tending.refreshing import is_due, refresh
from accounts.tending.subscribing import subscribe
from accounts.tending.troubles import PASSING
from core.clock import now
from core.lease import Lease, lease_time

EVERY = timedelta(hours=1)
AFTER_TROUBLE = timedelta(minutes=5)
LOOK_AT = 20


def tend_next() -> bool:
    """Do the next thing whose time has come. False where there is none."""
    at = now()
    did = _tend_next(at)
    if not did:
        set_polling(at=at)
    # Beside each turn: where Meta hangs, those that wait for theirs have no end, and people have to hear of it all the same.
    return tell_next(at=at) or did


def next_tend_due(at: datetime) -> datetime | None:
    """When the next one becomes due."""
    waiting = (model.objects.filter(check_due_at__gt=at).aggregate(next=models.Min("check_due_at"))["next"] for model in (MetaApp, Account))
    return min(filter(None, waiting), default=None)


def _tend_next(at: datetime) -> bool:
    if app := _claim(MetaApp.objects.all(), at):
        _tend_app(app, at)
        return True
    if account := _claim(Account.objects.select_related("meta_app"), at):
        _tend(account, at)
        return True
    return False


def _claim(rows: models.QuerySet[Any], at: datetime) -> Any:
    """Take the one that waits longest. None where none is due, or where other workers are faster."""
    for row in rows.filter(check_due_at__lte=at).order_by("check_due_at", "pk")[:LOOK_AT]:
        until = at + lease_time()
        if rows.model.objects.filter(pk=row.pk, check_due_at=row.check_due_at).update(check_due_at=until):
            row.check_due_at = until
            return row
    return None


def _tend_app(app: MetaApp, at: datetime) -> None:
    turn = Lease(app, "check_due_at")
    with turn.kept():
        is_well = look_after(app)
    _give_back(turn, _next_turn(is_well, now()))


def _tend(account: Account, at: datetime) -> None:
    turn = Lease(account, "check_due_at")
    with turn.kept():
        again_at = _look_after(account, at)
    _give_back(turn, again_at)


def _look_after(account: Account, at: datetime) -> datetime | None:
    """Returns when its turn comes again, if ever."""
    again_at = part(account, at=at)
    if account.state == Account.State.DISCONNECTED:
        return again_at
    return _next_turn(_do_what_is_wanted(account, at) and _check(account), now())


def _do_what_is_wanted(account: Account, at: datetime) -> bool:
    """Refresh and subscribe where somebody asked for it, or where it is time. False where it has to be tried again soon."""
    done, is_well = set(account.wants), True
    if is_due(account, at=at) and refresh(account) in PASSING:
        done, is_well = done - {"refresh"}, False
    _read_again(account)
    if "subscribe" in account.wants and not subscribe(account):
        done, is_well = done - {"subscribe"}, False
    _end_wants(account, done)
    return is_well


def _read_again(account: Account) -> None:
    """A token that was stored meanwhile may come with another login and another app."""
    wants = account.wants
    account.refresh_from_db()
    account.wants = wants


def _end_wants(account: Account, done: set[str]) -> None:
    """What was asked for meanwhile stays."""
    if done:
        with transaction.atomic():
            row = Account.objects.select_for_update().get(pk=account.pk)
            Account.objects.filter(pk=row.pk).update(wants=[want for want in row.wants if want not in done])


def _check(account: Account) -> bool:
    found = look_at(account)
    note(account, found, at=now())
    return not set(found.troubles.values()) & PASSING


def _next_turn(is_well: bool, at: datetime) -> datetime:
    """Not all at the same moment, or Meta would see a wave every hour."""
    return at + (EVERY if is_well else AFTER_TROUBLE) * random.uniform(0.85, 1.15)  # noqa: S311 (nothing to guess)


def _give_back(turn: Lease[Any], again_at: datetime | None) -> None:
    """Unless somebody has asked for another turn meanwhile."""
    turn.update(check_due_at=again_at)
