"""Tells those who can mend an account that it broke, that it is about to, and that it works again: once each."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from django.conf import settings
from django.db import transaction
from django.db.models import F, OuterRef, Q, QuerySet
from django.urls import reverse
from django.utils import timezone, translation
from django.utils.translation import gettext as _

from accounts.lines.token import DATA_ENDS_SOON, ends_soon
from accounts.mailing import write_mail
from accounts.models import Account, Grant, Right, User
from accounts.moments import day
from accounts.reasons import remedy_sentence

BROKEN = (Account.State.NEEDS_RECONNECT, Account.State.RESTRICTED)
Words = Callable[[], tuple[str, str]]


def tell_next(*, at: datetime) -> bool:
    """Tell of the next account whose state is another than was told last. False where there is none."""
    account = Account.objects.exclude(state=F("told_state")).order_by("pk").first()
    if account is None:
        return False
    with transaction.atomic():
        same = Account.objects.filter(pk=account.pk, state=account.state, told_state=account.told_state)
        if same.update(told_state=account.state):
            _tell(account, at=at)
    return True


def warn_in_time(account: Account, *, at: datetime) -> None:
    """Tell of an end that is near and that nothing of ours can put off."""
    if account.state != Account.State.CONNECTED:
        return
    token, data = account.token_expires_at, account.data_access_until
    if token and token > at and ends_soon(account, at):
        _write(account, "token-ends", _stamp(token), at, lambda: _token_ends(account, token))
    if data and at < data < at + DATA_ENDS_SOON:
        _write(account, "data-access-ends", _stamp(data), at, lambda: _data_access_ends(account, data))


def menders(account: Account) -> list[User]:
    """Those who can mend it."""
    return list(menders_of(account.pk))


def menders_of(account: int | OuterRef) -> QuerySet[User]:
    """Those who can mend the account of this key, which may be a reference to a row further out: its managers and the superusers."""
    manages = Grant.objects.giving(Right.MANAGE).filter(account=account).values("user")
    return User.objects.filter(Q(is_superuser=True) | Q(pk__in=manages), is_active=True, is_agent=False).order_by("pk")


def _tell(account: Account, *, at: datetime) -> None:
    since = _stamp(account.state_changed_at or at)
    if account.state in BROKEN:
        _write(account, "account-broken", since, at, lambda: _broken(account))
    elif account.state == Account.State.CONNECTED and account.told_state in BROKEN:
        _write(account, "account-works", since, at, lambda: _works(account))


def _write(account: Account, kind: str, stamp: str, at: datetime, words: Words) -> None:
    """The same event is the same key, so that nobody is told twice."""
    for person in menders(account):
        with _speaking_to(person):
            subject, body = words()
        write_mail(to=person, kind=kind, key=f"{kind}:{account.public_id}:{stamp}", subject=subject, body=body, account=account, at=at)


@contextmanager
def _speaking_to(person: User) -> Iterator[None]:
    with translation.override(person.language or settings.LANGUAGE_CODE), timezone.override(_zone(person.time_zone)):
        yield


def _zone(name: str) -> ZoneInfo | None:
    try:
        return ZoneInfo(name) if name else None
    except (ZoneInfoNotFoundError, ValueError):
        return None


def _stamp(moment: datetime) -> str:
    return moment.strftime("%Y%m%d%H%M%S")


# The words ----------------------------------------------------------------------------------------------------------
def _broken(account: Account) -> tuple[str, str]:
    waits = _("Nothing leaves from it; what people write waits. What contacts write still comes in.")
    remedy = remedy_sentence(account.state_reason)
    if account.state == Account.State.RESTRICTED:
        tried = _("One message tries again by itself from time to time; once Meta takes it, everything else follows.")
        return _("Meta restricts %s") % account, _paragraphs(account.why, waits, tried, remedy, _page(account))
    return _("%s needs to be reconnected") % account, _paragraphs(account.why, waits, remedy, _way_to_reconnect(account))


def _works(account: Account) -> tuple[str, str]:
    return _("%s works again") % account, _paragraphs(_("Messages leave from it again, those that waited first."), _page(account))


def _token_ends(account: Account, ends: datetime) -> tuple[str, str]:
    says = _("The token of %(account)s ends on %(day)s, and cannot be refreshed. From then on nothing leaves from it.") % {"account": account, "day": day(ends)}
    return _("%s has to be reconnected soon") % account, _paragraphs(says, _way_to_reconnect(account))


def _data_access_ends(account: Account, ends: datetime) -> tuple[str, str]:
    says = _("Meta lets Countersign see the data of %(account)s until %(day)s; then whoever connected it has to log in again.")
    return _("%s has to be reconnected soon") % account, _paragraphs(says % {"account": account, "day": day(ends)}, _way_to_reconnect(account))


def _paragraphs(*sentences: str) -> str:
    return "\n\n".join(filter(None, sentences)) + "\n"


def _way_to_reconnect(account: Account) -> str:
    return _("Reconnect it here; its history is kept: %s") % f"{_site()}{reverse('admin:connect')}?account={account.public_id}"


def _page(account: Account) -> str:
    return _("Its page: %s") % f"{_site()}{reverse('admin:accounts_account_change', args=[account.pk])}"


def _site() -> str:
    return str(settings.PUBLIC_URL).rstrip("/")
