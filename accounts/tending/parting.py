"""Tells Meta to send nothing more about an account that was disconnected, and then forgets its token for good."""

from copy import copy
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import Q

from accounts.graph import client_for
from accounts.models import Account, Activity
from accounts.tending.troubles import PASSING, trouble_code
from graph.errors import GraphError
from graph.networks import Login

# The token must not outlive the account's use for longer than this, whether Meta can be reached or not.
AT_MOST = timedelta(hours=1)
TRY_EVERY = timedelta(minutes=10)


def part(account: Account, *, at: datetime) -> datetime | None:
    """Do what is left to do. Returns when to try again, or None where it is done."""
    if not account.parting_token:
        return None
    if account.state != Account.State.DISCONNECTED or account.parting_until is None or at >= account.parting_until:
        _forget(account, at=at)
        return None
    told = _tell(account)
    if told in PASSING:
        return min(at + TRY_EVERY, account.parting_until)
    _forget(account, at=at, told=told)
    return None


def _tell(account: Account) -> str:
    """Ask Meta to stop. Returns "" where it did, else a code."""
    if _is_needed_by_another(account):
        return "needed"
    leaving = copy(account)
    leaving.token = account.parting_token
    try:
        client_for(leaving).unsubscribe()
    except GraphError as error:
        return trouble_code(error)
    except ValueError:
        return "refused"
    return ""


def _is_needed_by_another(account: Account) -> bool:
    """A Page and the Instagram account behind it share one subscription."""
    same_page = Q(external_id=account.node) | Q(page_id=account.node)
    others = Account.objects.filter(same_page, meta_app=account.meta_app_id, login=Login.FACEBOOK).exclude(pk=account.pk)
    return account.login == Login.FACEBOOK and others.exclude(state=Account.State.DISCONNECTED).exists()


def _forget(account: Account, *, at: datetime, told: str = "not_told") -> None:
    """Where somebody connected it again while we were at it, Meta is asked to send everything again."""
    with transaction.atomic():
        row = Account.objects.select_for_update().get(pk=account.pk)
        Account.objects.filter(pk=row.pk).update(parting_token="", parting_until=None)
        if told == "" and row.state == Account.State.DISCONNECTED:
            Account.objects.filter(pk=row.pk).update(subscribed_fields=[])
            Activity.record("account.unsubscribed", row, by=None, at=at, account=row)
        elif told == "":
            Account.objects.filter(pk=row.pk).update(wants=list(dict.fromkeys([*row.wants, "subscribe"])), check_due_at=at)
