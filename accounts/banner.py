"""What stands on every page about an account from which nothing leaves: what is so, what it means, and who can mend it."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from django.urls import reverse
from django.utils.translation import gettext as _

from accounts.models import Account, Right, User
from accounts.moments import when
from accounts.reasons import remedy_sentence
from accounts.tending.notices import menders_of

State = Account.State
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


def banners(user: User, accounts: Iterable[Account], *, at: datetime) -> list[Banner]:
    """For those among `accounts`, which this person may read. Where all is well it costs no query."""
    troubled = [account for account in accounts if _is_broken(account) or account.is_held(at)]
    if not troubled:
        return []
    mendable = set(Account.objects.where(user, Right.MANAGE).values_list("pk", flat=True)) if user.is_staff else set()
    others = [account for account in troubled if account.pk not in mendable]
    who = menders_of(others) if others else {}
    return [_banner(account, may_mend=account.pk in mendable, who=who.get(account.pk, [])) for account in troubled]


def _is_broken(account: Account) -> bool:
    return account.state in (State.NEEDS_RECONNECT, State.RESTRICTED)


def _banner(account: Account, *, may_mend: bool, who: Sequence[User]) -> Banner:
    says = " ".join(_sentences(account))
    if not may_mend:
        return Banner(account, says, others=_who_can(who))
    says = f"{says} {remedy_sentence(account.state_reason)}".rstrip()
    if account.state == State.NEEDS_RECONNECT:
        return Banner(account, says, f"{reverse('admin:connect')}?account={account.public_id}", _("Reconnect"))
    return Banner(account, says, reverse("admin:accounts_account_change", args=[account.pk]), _("Open its configuration"))


def _sentences(account: Account) -> Iterator[str]:
    if account.state == State.NEEDS_RECONNECT:
        yield _("needs to be reconnected: nothing leaves from it. What you write waits.")
    elif account.state == State.RESTRICTED:
        yield _("is restricted by Meta for now: nothing leaves from it. What you write waits.")
    else:
        yield _("is paused by %s: nothing leaves from it. What you write waits.") % (account.held_by or _("somebody"))
        yield _("Until %s.") % when(account.held_until) if account.held_until else _("Until somebody resumes it.")
        yield _("The reason: “%s”.") % account.held_reason
        return
    yield account.why


def _who_can(people: Sequence[User]) -> str:
    names = [str(person) for person in people]
    if not names:
        return _("Tell an admin.")
    shown = ", ".join(names[:MOST_NAMES])
    return _("These can mend it: %s and others.") % shown if len(names) > MOST_NAMES else _("These can mend it: %s.") % shown
