"""What people ask the worker to do for an account or an app, and a person's own pause of sending."""

from datetime import datetime, timedelta

from django.core.exceptions import PermissionDenied, ValidationError
from django.db import transaction
from django.utils.translation import gettext as _

from accounts.models import Account, Activity, MetaApp, Right, User
from core.live import Change, publish
from core.wake import wake
from graph.networks import Login

# Meta refreshes no younger token (Instagram Platform, "Business Login", "Refresh a long-lived token").
REFRESHABLE_AFTER = timedelta(hours=24)


def ask_check(account: Account, *, by: User, at: datetime) -> None:
    """Have Meta asked now how things stand.

    Raises:
        PermissionDenied, ValidationError: the account is disconnected.
    """
    _ask(account, "", by=by, at=at, verb="account.check_asked")


def ask_refresh(account: Account, *, by: User, at: datetime) -> None:
    """Have the Instagram token exchanged for one that lasts longer.

    Raises:
        PermissionDenied, ValidationError: it is a token that is never refreshed, or too young.
    """
    if account.login != Login.INSTAGRAM:
        raise ValidationError(_("Only tokens of Instagram Login are refreshed. Reconnect the account instead."))
    if not account.token:
        raise ValidationError(_("There is no token to refresh. Reconnect the account."))
    if account.state == Account.State.NEEDS_RECONNECT or (account.token_expires_at and account.token_expires_at <= at):
        raise ValidationError(_("Meta refreshes no token that is dead. Reconnect the account."))
    if refreshable_at(account) > at:
        raise ValidationError(_("Meta refreshes a token once it is 24 hours old. Try again tomorrow."))
    _ask(account, "refresh", by=by, at=at, verb="account.refresh_asked")


def ask_subscribe(account: Account, *, by: User, at: datetime) -> None:
    """Have Meta told to send us what happens on this account.

    Raises:
        PermissionDenied, ValidationError: the account is disconnected, or has no token.
    """
    if not account.token:
        raise ValidationError(_("Without a token nothing can be asked of Meta. Reconnect the account."))
    _ask(account, "subscribe", by=by, at=at, verb="account.subscription_asked")


def ask_app_check(app: MetaApp, *, by: User, at: datetime) -> None:
    """Have the app looked at now: our public address, its permissions, where its webhooks go.

    Raises:
        PermissionDenied: only superusers look after apps.
    """
    _ask_app(app, "", by=by, at=at, verb="app.check_asked")


def ask_app_subscription(app: MetaApp, *, by: User, at: datetime) -> None:
    """Have Meta told to send this app's webhooks here.

    Raises:
        PermissionDenied: only superusers look after apps.
    """
    _ask_app(app, "subscribe", by=by, at=at, verb="app.subscription_asked")


def pause(account: Account, *, until: datetime | None, by: User, at: datetime, reason: str) -> bool:
    """Let nothing leave from this account until then, or until somebody resumes. False where it is paused just so already.

    Raises:
        PermissionDenied, ValidationError: no reason, or an end that has passed.
    """
    _check_manages(account, by)
    if not reason.strip():
        raise ValidationError(_("Say why, so that colleagues know."))
    if until is not None and until <= at:
        raise ValidationError(_("Choose an end that is still to come."))
    with transaction.atomic():
        row = Account.objects.select_for_update().get(pk=account.pk)
        if row.is_held(at) and (row.held_until, row.held_reason) == (until, reason):
            return False
        _set_held(account, held_at=at, held_until=until, held_by=by, held_reason=reason)
        Activity.record("account.paused", account, by=by, at=at, account=account, reason=reason, until=until.isoformat() if until else "")
    return True


def resume(account: Account, *, by: User, at: datetime) -> bool:
    """End a person's pause; what waited leaves. False where there was none.

    Raises:
        PermissionDenied
    """
    _check_manages(account, by)
    with transaction.atomic():
        if Account.objects.select_for_update().get(pk=account.pk).held_at is None:
            return False
        _set_held(account, held_at=None, held_until=None, held_by=None, held_reason="")
        Activity.record("account.resumed", account, by=by, at=at, account=account)
        wake("dispatch")
    return True


def refreshable_at(account: Account) -> datetime:
    """From when on Meta refreshes its token."""
    return (account.token_stored_at or account.created_at) + REFRESHABLE_AFTER


def _set_held(account: Account, **values: object) -> None:
    Account.objects.filter(pk=account.pk).update(**values)
    for name, value in values.items():
        setattr(account, name, value)
    publish(Change(account=account.pk))


def _ask(account: Account, want: str, *, by: User, at: datetime, verb: str) -> None:
    _check_manages(account, by)
    with transaction.atomic():
        row = Account.objects.select_for_update().get(pk=account.pk)
        if row.state == Account.State.DISCONNECTED:
            raise ValidationError(_("The account is disconnected. Connect it again first."))
        wants = list(dict.fromkeys([*row.wants, *filter(None, [want])]))
        Account.objects.filter(pk=row.pk).update(wants=wants, check_due_at=at)
        Activity.record(verb, account, by=by, at=at, account=account)
        wake("tend")


def _ask_app(app: MetaApp, want: str, *, by: User, at: datetime, verb: str) -> None:
    if not by.is_superuser:
        raise PermissionDenied
    with transaction.atomic():
        row = MetaApp.objects.select_for_update().get(pk=app.pk)
        wants = list(dict.fromkeys([*row.wants, *filter(None, [want])]))
        MetaApp.objects.filter(pk=row.pk).update(wants=wants, check_due_at=at)
        Activity.record(verb, app, by=by, at=at)
        wake("tend")


def _check_manages(account: Account, by: User) -> None:
    if by.is_agent or not account.allows(by, Right.MANAGE):
        raise PermissionDenied
