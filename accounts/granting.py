"""Gives people and agents rights on accounts, and takes them away."""

from collections.abc import Iterable
from datetime import datetime

from django.core.exceptions import PermissionDenied, ValidationError
from django.db import transaction
from django.utils.translation import gettext as _

from accounts.models import Account, Activity, Grant, Right, User
from accounts.models.grant import INCLUDED, PRESETS


class Changed(Exception):
    """Somebody else changed what this person may do here, after it was shown."""


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
    """Take one right away. The line in Activity remains. Who manages nothing any more has nothing to do in the configuration.

    Raises:
        ValidationError: a manager would shut themselves out.
    """
    check_take(grant, by=by)
    with transaction.atomic():
        Activity.record("grant.taken", grant, by=by, at=at, account=grant.account, user=grant.user.public_id, right=grant.right)
        grant.delete()
        if grant.right == Right.MANAGE and not Grant.objects.filter(user=grant.user_id, right=Right.MANAGE).exists():
            User.objects.filter(pk=grant.user_id, is_superuser=False).update(is_staff=False)


def check_take(grant: Grant, *, by: User) -> None:
    """Refuse what nobody could undo by themselves.

    Raises:
        ValidationError: it is one's own right to manage.
    """
    if grant.right == Right.MANAGE and grant.user_id == by.pk and not by.is_superuser:
        sentence = _("You would shut yourself out of %(account)s. Another manager or a superuser can take this from you.")
        raise ValidationError(sentence % {"account": grant.account})


def set_preset(user: User, preset: str, *, account: Account, by: User, at: datetime, expects: Iterable[str] | None = None) -> bool:
    """Have a person hold exactly what the preset stands for on this account; an empty one is no access. False where it is so already.

    Args:
        expects: the rights that were shown to whoever decided this.

    Raises:
        PermissionDenied: `by` does not manage the account, or it is an agent or a superuser, whose rights come from elsewhere.
        ValidationError: a manager would shut themselves out.
        Changed: they have other rights than `expects` by now.
    """
    if user.is_agent or user.is_superuser or not account.allows(by, Right.MANAGE):
        raise PermissionDenied
    with transaction.atomic():
        # Whoever else changes what this person may do waits here.
        User.objects.select_for_update(no_key=True).get(pk=user.pk)
        grants = {grant.right: grant for grant in Grant.objects.filter(user=user, account=account).select_related("user", "account")}
        if expects is not None and set(grants) != set(expects):
            raise Changed
        if preset_of(grants) == preset:
            return False
        for right in set(grants) - set(PRESETS.get(preset, ())):
            take(grants[right], by=by, at=at)
        if preset:
            give_preset(user, preset, account=account, by=by, at=at)
    return True


def preset_of(rights: Iterable[str]) -> str | None:
    """The preset that gives as much as these rights: empty where there are none, None where no preset fits."""
    held = _with_included(rights)
    return "" if not held else next((preset for preset, its in PRESETS.items() if _with_included(its) == held), None)


def _with_included(rights: Iterable[str]) -> set[str]:
    return {each for right in rights for each in (right, *INCLUDED[right])}


def set_right_on(user: User, right: str, accounts: set[Account], *, among: set[Account], by: User, at: datetime) -> None:
    """Have `user` hold `right` on exactly these of the accounts `among`; others stay as they are."""
    with transaction.atomic():
        for grant in Grant.objects.filter(user=user, right=right, account__in=among - accounts).select_related("user", "account"):
            take(grant, by=by, at=at)
        for account in accounts & among:
            give(user, right, account=account, by=by, at=at)
