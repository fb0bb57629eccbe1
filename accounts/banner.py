"""What stands on every page about an account from which nothing leaves: what is so, what it means, and who can mend it."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import OuterRef, QuerySet
from django.urls import reverse
from django.utils.translation import gettext as _

from accounts.models import Account, User
from accounts.moments import when
from accounts.reasons import next_try_sentence, remedy_sentence
from accounts.tending.notices import menders_of
from core.json_rows import JSONRows

State = Account.State
# A pause that is over before somebody has read of it stands on no page.
WORTH_SAYING = timedelta(minutes=1)
# More names than these nobody reads.
MOST_NAMES = 3


@dataclass(frozen=True)
class Banner:
    """One account's.

    Args:
        says: goes on after the account's name.
        way: where this person mends it, and `label` what the link says; both "" where others have to.
        others: who can, in a sentence, where this person cannot.
    """

    account: Account
    says: str
    way: str = ""
    label: str = ""
    others: str = ""


def with_menders(accounts: QuerySet[Account]) -> QuerySet[Account]:
    """Adds who can mend each."""
    return accounts.annotate(menders=JSONRows(menders_of(OuterRef(OuterRef("pk"))), "id", "name", "email"))


def banners(user: User, accounts: Iterable[Account], *, at: datetime) -> list[Banner]:
    """For those among `accounts`, which this person may read, and which were fetched `with_menders`."""
    return [_with_people(user, account, at) for account in accounts if _is_troubled(account, at)]


def _with_people(user: User, account: Account, at: datetime) -> Banner:
    who = [User(**person) for person in getattr(account, "menders", [])]
    return _banner(account, at, may_mend=user.is_staff and user in who, who=who)


def _is_troubled(account: Account, at: datetime) -> bool:
    """Whether what is written waits. From a disconnected account nothing leaves at all."""
    is_waiting = account.is_held(at) or account.is_paused(at + WORTH_SAYING)
    return _is_broken(account) or (is_waiting and account.state == State.CONNECTED)


def _is_broken(account: Account) -> bool:
    return account.state in (State.NEEDS_RECONNECT, State.RESTRICTED)


def _banner(account: Account, at: datetime, *, may_mend: bool, who: Sequence[User]) -> Banner:
    says = " ".join(filter(None, _sentences(account, at)))
    if not _is_broken(account) and not account.is_held(at):
        return Banner(account, says)  # it passes by itself, and nobody can hasten it
    if not may_mend:
        return Banner(account, says, others=_who_can(who))
    says = f"{says} {remedy_sentence(account.state_reason)}".rstrip()
    if account.state == State.NEEDS_RECONNECT:
        return Banner(account, says, f"{reverse('admin:connect')}?account={account.public_id}", _("Reconnect"))
    return Banner(account, says, reverse("admin:accounts_account_change", args=[account.pk]), _("Open its configuration"))


def _sentences(account: Account, at: datetime) -> Iterator[str]:
    if account.state == State.NEEDS_RECONNECT:
        yield _("needs to be reconnected: nothing leaves from it. What you write waits.")
    elif account.state == State.RESTRICTED:
        yield _("is restricted by Meta for now: nothing leaves from it. What you write waits.")
        yield next_try_sentence(account, at)
    elif not account.is_held(at) and account.paused_until:
        yield _("has to wait: Meta wants fewer calls. What you write leaves after %s.") % when(account.paused_until)
        return
    else:
        yield _("is paused by %s: nothing leaves from it. What you write waits.") % (account.held_by or _("somebody"))
        yield _("Until %s.") % when(account.pauses_end_at(at)) if account.held_until else _("Until somebody resumes it.")
        yield _("The reason: “%s”.") % account.held_reason
        return
    yield account.why


def _who_can(people: Sequence[User]) -> str:
    names = [str(person) for person in people]
    if not names:
        return _("Tell an admin.")
    shown = ", ".join(names[:MOST_NAMES])
    return _("These can mend it: %s and others.") % shown if len(names) > MOST_NAMES else _("These can mend it: %s.") % shown
