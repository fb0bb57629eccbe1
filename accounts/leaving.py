"""People who leave: they are kept, because history names them, and are let in no more."""

from datetime import datetime

from django.contrib.auth import SESSION_KEY
from django.contrib.sessions.models import Session
from django.core.exceptions import PermissionDenied, ValidationError
from django.db import transaction
from django.utils.translation import gettext as _

from accounts.mailing import withdraw_from
from accounts.models import Activity, User


def deactivate(user: User, *, by: User, at: datetime, reason: str) -> bool:
    """Let somebody in no more, end what they have open, and keep back e-mails that wait for them. False where they were out already.

    Their rights stay as they are, and give nothing.

    Raises:
        PermissionDenied: `by` is no superuser.
        ValidationError: it is oneself.
    """
    with transaction.atomic():
        _check(user, by)
        moved = bool(User.objects.filter(pk=user.pk, is_active=True).update(is_active=False))
        if moved:
            end_sessions(user, at=at)
            withdraw_from(user, at=at)
            Activity.record("user.deactivated", user, by=by, at=at, reason=reason)
    return moved


def let_in_again(user: User, *, by: User, at: datetime) -> bool:
    """Let somebody sign in again, with the password and the rights that they had. False where they were in.

    Raises:
        PermissionDenied: `by` is no superuser.
    """
    with transaction.atomic():
        _check(user, by)
        moved = bool(User.objects.filter(pk=user.pk, is_active=False).update(is_active=True))
        if moved:
            Activity.record("user.let_in_again", user, by=by, at=at)
    return moved


def sign_out(user: User, *, by: User, at: datetime) -> int:
    """End every session of somebody, for example when a telephone is lost. Returns how many there were.

    Raises:
        PermissionDenied: `by` is no superuser, and it is not oneself.
    """
    with transaction.atomic():
        if user != by:
            _check(user, by)
        number = end_sessions(user, at=at)
        Activity.record("user.signed_out", user, by=by, at=at, sessions=number)
    return number


def end_sessions(user: User, *, at: datetime) -> int:
    """Without this, old sessions would come back to life with the person. A session says whose it is only once it is decoded."""
    theirs = [session.pk for session in Session.objects.filter(expire_date__gt=at).iterator() if session.get_decoded().get(SESSION_KEY) == str(user.pk)]
    Session.objects.filter(pk__in=theirs).delete()
    return len(theirs)


def check_superuser(by: User) -> None:
    """Ask anew, in the transaction of what is to be done: of two superusers who shut each other out at once, one waits here, and then is none.

    Raises:
        PermissionDenied: `by` is no superuser, or not any more.
    """
    superusers = User.objects.select_for_update(no_key=True).filter(is_superuser=True, is_staff=True, is_active=True).order_by("pk")
    if by.pk not in list(superusers.values_list("pk", flat=True)):
        raise PermissionDenied


def _check(user: User, by: User) -> None:
    if user.is_agent:
        raise PermissionDenied
    check_superuser(by)
    if user == by:
        raise ValidationError(_("You cannot do this to yourself. Ask another superuser, so that one always remains."))
