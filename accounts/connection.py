"""Connects an account's sending again, or takes the account out of use."""

from datetime import datetime

from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import Q, QuerySet
from django.utils.translation import gettext as _

from accounts.models import Account, Activity, MetaApp, User
from accounts.tending.parting import AT_MOST
from core.wake import wake
from graph.networks import Login


def mend(account: Account, *, by: User, at: datetime) -> bool:
    """Let messages leave again. False where nothing was broken.

    Raises:
        ValidationError: the account has no access token.
    """
    with transaction.atomic():
        # As it is now: it may have been disconnected since it was shown.
        token = Account.objects.select_for_update().get(pk=account.pk).token
        if not token or token.unreadable:
            raise ValidationError(_("Store an access token first; without one nothing can be sent."))
        moved = account.mend(at=at)
        if moved:
            Account.objects.filter(pk=account.pk).update(check_due_at=at)
            Activity.record("account.mended", account, by=by, at=at, account=account)
            wake("dispatch")
            wake("tend")
    return moved


def deauthorise(app: MetaApp, user_id: str, *, at: datetime, said_at: datetime | None = None) -> list[Account]:
    """Somebody has removed the app at Meta: the tokens that hang on their login are dead, and forgotten. Returns the accounts.

    Args:
        said_at: when Meta wrote it. A token that was stored after that is of a later login, and lives.

    Source: Meta, App Development, "Deauthorize callback".
    """
    with transaction.atomic():
        # Locked, or what somebody else connects anew at this moment would lose its new token.
        accounts = list(connected_by(app, user_id).exclude(state=Account.State.DISCONNECTED).exclude(token_stored_at__gt=said_at or at).select_for_update())
        for account in accounts:
            Account.objects.filter(pk=account.pk).update(token="")
            account.break_down(Account.State.NEEDS_RECONNECT, reason="app_removed", at=at)
            Activity.record("account.deauthorised", account, by=None, at=at, account=account)
        if not accounts:
            Activity.record("app.deauthorised_by_a_stranger", app, by=None, at=at)
    return accounts


def forget_connector(app: MetaApp, user_id: str, *, at: datetime) -> int:
    """Somebody wants to be forgotten: what they connected goes out of use, and who they are at Meta goes too. Returns how many."""
    with transaction.atomic():
        accounts = list(connected_by(app, user_id).select_for_update())
        for account in accounts:
            disconnect(account, by=None, at=at, reason=_("Whoever connected it asked Meta to have their data deleted."))
            Account.objects.filter(pk=account.pk).update(token="", parting_token="", parting_until=None, meta_user_id="")
    return len(accounts)


def connected_by(app: MetaApp, user_id: str) -> QuerySet[Account]:
    """The accounts that hang on this person's login. With Instagram Login the person is the account itself."""
    themselves = Q(login=Login.INSTAGRAM, external_id=user_id)
    return Account.objects.filter(Q(meta_user_id=user_id) | themselves, meta_app=app).order_by("pk") if user_id else Account.objects.none()


def disconnect(account: Account, *, by: User | None, at: datetime, reason: str) -> bool:
    """Take the account out of use and erase its token; what was said stays. False where it was out of use already.

    A worker tells Meta to send nothing more of it. For that alone a copy of the token is kept aside, for an hour at most.
    """
    with transaction.atomic():
        moved = account.break_down(Account.State.DISCONNECTED, reason=reason, at=at)
        if moved:
            token = Account.objects.get(pk=account.pk).token
            Account.objects.filter(pk=account.pk).update(
                token="", parting_token=token, parting_until=at + AT_MOST, check_due_at=at, wants=[], troubles={}, poll_due_at=None, poll_until=None,
                paused_until=None,
            )  # fmt: skip
            Activity.record("account.disconnected", account, by=by, at=at, account=account, reason=reason)
            wake("tend")
    return moved
