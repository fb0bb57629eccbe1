"""Has Meta send us what happens on an account, because somebody asked for it."""

from datetime import datetime

from django.db import transaction

from accounts.graph import client_for
from accounts.models import Account, Activity
from accounts.tending.troubles import PASSING, merged, trouble_code
from core.clock import now
from graph.errors import GraphError
from graph.networks import Login, Network
from graph.subscription_fields import fields_for, needed_fields_for


def subscribe(account: Account) -> bool:
    """Ask Meta. False where it has to be asked again later."""
    login, network = Login(account.login), Network(account.network)
    try:
        fields = client_for(account).subscribe_most(fields_for(login, network), needed=needed_fields_for(login, network))
    except (GraphError, ValueError) as error:
        return _failed(account, error, at=now())
    _done(account, fields, at=now())
    return True


def _done(account: Account, fields: tuple[str, ...], *, at: datetime) -> None:
    with transaction.atomic():
        row = Account.objects.select_for_update().get(pk=account.pk)
        if row.token != account.token:
            return  # late: it says nothing of the token that was stored meanwhile
        troubles = merged(row.troubles, looked_at=("subscribe",), found={}, known_at=None)
        Account.objects.filter(pk=row.pk).update(subscribed_fields=list(fields), troubles=troubles)
        Activity.record("account.subscribed", row, by=None, at=at, account=row, fields=list(fields))


def _failed(account: Account, error: GraphError | ValueError, *, at: datetime) -> bool:
    code = trouble_code(error) if isinstance(error, GraphError) else "token_dead"
    with transaction.atomic():
        row = Account.objects.select_for_update().get(pk=account.pk)
        if row.token == account.token:
            troubles = merged(row.troubles, looked_at=("subscribe",), found={"subscribe": code}, known_at=at)
            Account.objects.filter(pk=row.pk).update(troubles=troubles)
    return code not in PASSING
