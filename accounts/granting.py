"""Gives people and agents rights on accounts, and takes them away."""

from datetime import datetime

from django.db import transaction

from accounts.models import Account, Activity, Grant, Right, User
from accounts.models.grant import PRESETS


def give(user: User, right: str, *, account: Account, by: User, at: datetime) -> bool:
    """Grant one right. False where the user had it already."""
    with transaction.atomic():
        grant, is_new = Grant.objects.get_or_create(user=user, account=account, right=right)
        if is_new:
            Activity.record("grant.given", grant, by=by, at=at, account=account, user=user.public_id, right=right)
    return is_new


def give_preset(user: User, preset: str, *, account: Account, by: User, at: datetime) -> None:
    """Grant what "operator", "approver" or "manager" stands for. A manager may open the configuration as well: their work is there."""
    with transaction.atomic():
        for right in PRESETS[preset]:
            give(user, right, account=account, by=by, at=at)
        if Right.MANAGE in PRESETS[preset]:
            User.objects.filter(pk=user.pk, is_agent=False).update(is_staff=True)


def take(grant: Grant, *, by: User, at: datetime) -> None:
    """Take one right away. The line in Activity remains."""
    with transaction.atomic():
        Activity.record("grant.taken", grant, by=by, at=at, account=grant.account, user=grant.user.public_id, right=grant.right)
        grant.delete()


def set_right_on(user: User, right: str, accounts: set[Account], *, among: set[Account], by: User, at: datetime) -> None:
    """Have `user` hold `right` on exactly these of the accounts `among`; others stay as they are."""
    with transaction.atomic():
        for grant in Grant.objects.filter(user=user, right=right, account__in=among - accounts).select_related("user", "account"):
            take(grant, by=by, at=at)
        for account in accounts & among:
            give(user, right, account=account, by=by, at=at)
