"""Stopping agents at once, from any page, and letting them go on.

Who may, and why it is so:

- **To stop is generous.** Whoever answers for what agents say on an account may stop them there: managers, who gave them their rights, and
  approvers, who read what they write and are the first to see that something is wrong. On their accounts, in one conversation of these, one agent
  or all. Only superusers stop agents everywhere: what they place also holds for accounts that are connected later.
- **To go on is strict.** A stop that somebody placed with more right is not lifted with less: managers lift what stands on their accounts,
  approvers what they placed themselves, and what holds everywhere only superusers.
- **Whoever may only reply stops nobody.** They keep agents out of single conversations (`inbox/teamwork.py`), where they work.

What is placed at once on several accounts is one act: it is shown as one, and lifted as one by whoever may lift all of it, or the part that is theirs.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property

from django.db import transaction
from django.db.models import Exists, OuterRef, Q, QuerySet
from django.utils.translation import gettext as _

from accounts.models import Account, Grant, Right, Stop, User
from accounts.moments import when
from core.json_rows import ModelRows, columns

# More names than these nobody reads.
MOST_NAMES = 3


class MayNotStop(Exception):
    """Whoever asked answers for no agent there."""

    def __init__(self) -> None:
        super().__init__(_("You may not stop agents there. Ask whoever approves or configures this account."))


class MayNotLift(Exception):
    """Somebody with more right has placed it."""

    def __init__(self) -> None:
        super().__init__(_("You may not lift this stop. Ask whoever placed it, or an admin."))


class NoReason(Exception):
    """Colleagues would not know why."""

    def __init__(self) -> None:
        super().__init__(_("Say why: colleagues read it where they wonder why nothing is sent."))


@dataclass(frozen=True)
class Act:
    """What one person stopped at one moment, with one reason.

    Args:
        stops: in force, and touching accounts that the reader may read.
        liftable: those among them that the reader may lift.
    """

    stops: Sequence[Stop]
    liftable: Sequence[Stop]

    @property
    def first(self) -> Stop:
        return self.stops[0]

    @property
    def is_wide(self) -> bool:
        """More than one conversation; it stands on every page."""
        return not self.first.conversation

    @property
    def says(self) -> str:
        """Who is stopped, and where."""
        where = self._where
        return _("%(agent)s is stopped %(where)s") % {"agent": self.first.agent, "where": where} if self.first.agent else _("Agents are stopped %s") % where

    @property
    def when(self) -> str:
        return when(self.first.at)

    @property
    def _where(self) -> str:
        names = [str(stop.account) for stop in self.stops if stop.account]
        if not names:
            return _("everywhere")
        if self.first.conversation:
            return _("in one conversation of %s") % names[0]
        shown = ", ".join(names[:MOST_NAMES])
        return _("on %s and others") % shown if len(names) > MOST_NAMES else _("on %s") % shown


@dataclass(frozen=True)
class Standing:
    """How it stands with stops, for one person.

    Args:
        may_stop: whether there is anywhere that they may stop agents.
        acts: what is in force and touches accounts that they may read, newest first.
    """

    may_stop: bool
    acts: Sequence[Act]

    @cached_property
    def wide(self) -> list[Act]:
        return [act for act in self.acts if act.is_wide]

    @property
    def mark(self) -> str:
        """Changes with everything that is shown of it."""
        return "-".join(str(stop.pk) for act in self.acts for stop in act.stops) or "0"


def with_stops(accounts: QuerySet[Account], user: User) -> QuerySet[Account]:
    """Adds what `standing` has to know of each: `approves`, `manages`, and the stops in force that touch it, `stops_along`."""
    mine = Grant.objects.filter(user=user, account=OuterRef("pk"))
    stops = Stop.objects.in_force().filter(Q(account=None) | Q(account=OuterRef("pk")))
    names = [f"{who}__{name}" for who in ("agent", "by") for name in ("id", "public_id", "name", "email")]
    return accounts.annotate(
        approves=Exists(mine.filter(right=Right.APPROVE)), manages=Exists(mine.filter(right=Right.MANAGE)), stops_along=ModelRows(stops, *columns(Stop), *names)
    )  # fmt: skip


def standing(user: User, accounts: Sequence[Account] | None = None) -> Standing:
    """How it stands for this person.

    Args:
        accounts: those that they may read, fetched `with_stops`; None fetches them.
    """
    accounts = list(with_stops(Account.objects.visible_to(user).only("name"), user)) if accounts is None else accounts
    may_stop = user.is_superuser or any(_is_entitled(account) for account in accounts)
    return Standing(may_stop, _acts(user, accounts))


def stoppable(user: User) -> QuerySet[Account]:
    """The accounts on which this person may stop agents. Tokens stay in the database."""
    accounts = Account.objects.defer("token", "parting_token")
    return accounts if user.is_superuser else accounts.filter(pk__in=_entitling(user).values("account"))


def agents_on(accounts: QuerySet[Account]) -> QuerySet[User]:
    """The agents that have any right there."""
    return User.objects.filter(is_agent=True, is_active=True, pk__in=Grant.objects.filter(account__in=accounts).values("user")).order_by("name", "pk")


def stop_agents(
    *, by: User, reason: str, at: datetime, accounts: Iterable[Account] | None = None, conversation: str = "", agent: User | None = None
) -> list[Stop]:
    """Silence agents from now on.

    Args:
        accounts: where; None is everywhere.
        conversation: public id of the only conversation of the one account.
        agent: the only agent; None is all of them.

    Raises:
        MayNotStop, NoReason
    """
    if not reason.strip():
        raise NoReason
    places: list[Account | None] = [None] if accounts is None else list(accounts)
    with transaction.atomic():
        if not places or not _may_stop(by, places):
            raise MayNotStop
        return [Stop.place(by=by, reason=reason.strip(), at=at, agent=agent, account=account, conversation=conversation) for account in places]


def lift(act: Act, *, by: User, reason: str, at: datetime) -> bool:
    """Let agents go on, as far as this person may say so. False where somebody was faster.

    Raises:
        MayNotLift, NoReason
    """
    if not reason.strip():
        raise NoReason
    if not act.liftable:
        raise MayNotLift
    with transaction.atomic():
        return any([stop.lift(by=by, reason=reason.strip(), at=at) for stop in act.liftable])


def act_of(user: User, public_id: str) -> Act | None:
    """What was done together with this stop, as far as it touches what this person may read; None where there is no such thing."""
    found = _touching(user, Stop.objects.all()).filter(public_id=public_id).first()
    if found is None:
        return None
    together = Stop.objects.in_force().filter(by=found.by_id, at=found.at, reason=found.reason, agent=found.agent_id, conversation=found.conversation)
    stops = list(_touching(user, together).select_related("agent", "account", "by").defer("account__token", "account__parting_token"))
    return Act(stops or [found], _liftable(user, stops, with_stops(stoppable(user), user)))


def _entitling(user: User) -> QuerySet[Grant]:
    return Grant.objects.filter(user=user, right__in=(Right.APPROVE, Right.MANAGE))


def _touching(user: User, stops: QuerySet[Stop] | None = None) -> QuerySet[Stop]:
    """Those that touch accounts which this person may read."""
    stops = Stop.objects.in_force() if stops is None else stops
    if user.is_superuser:
        return stops
    readable = Grant.objects.giving(Right.READ).filter(user=user)
    return stops.filter(Q(account__in=readable.values("account")) | Q(Exists(readable), account=None))


def _may_stop(by: User, places: Sequence[Account | None]) -> bool:
    if by.is_agent or not by.is_active:
        return False
    wanted = {place.pk for place in places if place}
    return by.is_superuser or (None not in places and stoppable(by).filter(pk__in=wanted).count() == len(wanted))


def _is_entitled(account: Account) -> bool:
    return bool(getattr(account, "approves", False) or getattr(account, "manages", False))


def _acts(user: User, accounts: Sequence[Account]) -> list[Act]:
    rows = sorted(_in_force(user, accounts), key=lambda stop: (-stop.at.timestamp(), stop.pk))
    together: dict[object, list[Stop]] = {}
    for stop in rows:
        together.setdefault((stop.by_id, stop.at, stop.reason, stop.agent_id, stop.conversation), []).append(stop)
    liftable = {stop.pk for stop in _liftable(user, rows, accounts)}
    return [Act(stops, [stop for stop in stops if stop.pk in liftable]) for stops in together.values()]


def _in_force(user: User, accounts: Sequence[Account]) -> list[Stop]:
    """Where there is no account yet, what superusers have stopped everywhere still has to be seen and lifted."""
    if not accounts:
        return list(Stop.objects.in_force().select_related("agent", "by").filter(account=None)) if user.is_superuser else []
    by_key, known = {account.pk: account for account in accounts}, {}
    for account in accounts:
        for stop in account.stops_along:  # type: ignore[attr-defined]
            if stop.account_id:
                stop.account = by_key[stop.account_id]
            known[stop.pk] = stop
    return list(known.values())


def _liftable(user: User, stops: Sequence[Stop], accounts: Iterable[Account]) -> list[Stop]:
    if user.is_superuser:
        return list(stops)
    managed, approved = ({account.pk for account in accounts if getattr(account, right, False)} for right in ("manages", "approves"))
    return [stop for stop in stops if stop.account_id in managed or (stop.by_id == user.pk and stop.account_id in approved)]
