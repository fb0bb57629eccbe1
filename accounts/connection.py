"""Connects an account's sending again, or takes the account out of use."""

from datetime import datetime

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils.translation import gettext as _

from accounts.models import Account, Activity, User
from core.wake import wake


def mend(account: Account, *, by: User, at: datetime) -> bool:
    """Let messages leave again. False where nothing was broken.

    Raises:
        ValidationError: the account has no access token.
    """
    if not account.token:
        raise ValidationError(_("Store an access token first; without one nothing can be sent."))
    with transaction.atomic():
        moved = account.mend(at=at)
        if moved:
            Activity.record("account.mended", account, by=by, at=at, account=account)
            wake("dispatch")
    return moved


def disconnect(account: Account, *, by: User, at: datetime, reason: str) -> bool:
    """Take the account out of use and erase its token; what was said stays. False where it was out of use already."""
    with transaction.atomic():
        moved = account.break_down(Account.State.DISCONNECTED, reason=reason, at=at)
        if moved:
            Account.objects.filter(pk=account.pk).update(token="")
            Activity.record("account.disconnected", account, by=by, at=at, account=account, reason=reason)
    return moved
