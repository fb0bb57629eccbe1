"""Exchanges an Instagram token for one that lasts longer, in time and without ever losing the one that works."""

from datetime import datetime, timedelta

from django.conf import settings
from django.db import transaction

from accounts.graph import client_for
from accounts.models import Account, Activity
from accounts.tending.asking import refreshable_at
from accounts.tending.troubles import merged, trouble_code
from core.clock import now
from core.secret import Secret
from graph.errors import GraphError, Rejected, TokenInvalid
from graph.logins import GrantedToken, LoginClient
from graph.networks import Login

# Meta's tokens last sixty days; two weeks leave time to try again and to tell somebody.
BELOW = timedelta(days=15)


def is_due(account: Account, *, at: datetime) -> bool:
    """Whether it is time: it ends soon, or nobody knows when; and Meta would do it."""
    if account.login != Login.INSTAGRAM or account.state == Account.State.NEEDS_RECONNECT:
        return False
    ends_soon = account.token_expires_at is None or account.token_expires_at < at + BELOW
    return may_refresh(account, at=at) and (ends_soon or "refresh" in account.wants)


def may_refresh(account: Account, *, at: datetime) -> bool:
    """Source: Meta, Instagram Platform, "Business Login", "Refresh a long-lived token": 24 hours old, and not expired."""
    is_over = account.token_expires_at is not None and account.token_expires_at <= at
    return account.login == Login.INSTAGRAM and bool(account.token) and not is_over and refreshable_at(account) <= at


def refresh(account: Account) -> str:
    """Refresh its token. Returns "" or the code of what went wrong; the old token stays until the new one has worked."""
    try:
        granted = _granted(account)
        _check_it_works(account, granted)
    except (GraphError, ValueError) as error:
        return _failed(account, error)
    _store(account, granted, at=now())
    return ""


def _granted(account: Account) -> GrantedToken:
    app = account.meta_app
    with LoginClient(
        app.app_id, app.secret.if_readable(), login=Login.INSTAGRAM, base_url=settings.GRAPH_URLS[Login.INSTAGRAM], version=settings.GRAPH_VERSION,
        token_url=settings.INSTAGRAM_TOKEN_URL, transport=settings.GRAPH_TRANSPORT,
    ) as login:  # fmt: skip
        return login.refresh(account.token.reveal())


def _check_it_works(account: Account, granted: GrantedToken) -> None:
    """Raises GraphError where the new token does not open the same account."""
    fresh = Account.objects.select_related("meta_app").get(pk=account.pk)
    fresh.token = Secret(granted.token)
    if client_for(fresh).account().id != account.external_id:
        raise Rejected("The refreshed token belongs to another account.")


def _failed(account: Account, error: GraphError | ValueError) -> str:
    """A dead token is found and told of by the check that follows. An id or a secret that cannot be one is the app's trouble."""
    code = "app_secret" if isinstance(error, ValueError) else "refused" if isinstance(error, TokenInvalid) else trouble_code(error)
    with transaction.atomic():
        row = Account.objects.select_for_update().get(pk=account.pk)
        if row.token == account.token:
            # Late, it would say nothing of the token that was stored meanwhile.
            troubles = merged(row.troubles, looked_at=("refresh",), found={"refresh": code}, known_at=row.token_stored_at)
            Account.objects.filter(pk=row.pk).update(troubles=troubles)
    return code


def _store(account: Account, granted: GrantedToken, *, at: datetime) -> bool:
    """Put it in the place of the one that it came from. False where another has taken that place meanwhile."""
    with transaction.atomic():
        row = Account.objects.select_for_update().get(pk=account.pk)
        if not row.token or row.state == Account.State.DISCONNECTED or (row.token != account.token and not _is_dead(row)):
            return False  # taken out of use meanwhile, or somebody's newer token works
        Account.objects.filter(pk=row.pk).update(
            token=granted.token,
            checked_at=at,
            token_stored_at=at,
            token_expires_at=at + timedelta(seconds=granted.lasts_seconds) if granted.lasts_seconds else None,
            troubles=merged(row.troubles, looked_at=("refresh",), found={}, known_at=None),
        )
        Activity.record("account.token_refreshed", row, by=None, at=at, account=row)
        if _is_dead(row):
            row.mend(at=at)
    return True


def _is_dead(row: Account) -> bool:
    return row.state == Account.State.NEEDS_RECONNECT
