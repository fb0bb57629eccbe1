"""How fast messages leave from one account: each takes a place first, in one row for all workers on all machines.

It is the generic cell rate algorithm: a few at once, the others evenly after them, and in no second more than Meta takes. `next_at` is when
there is room for the next one; it never lies further back than what may leave at once.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from math import inf

from django.conf import settings
from django.db.models import DateTimeField, Exists, F, OuterRef, Q, QuerySet, Value
from django.db.models.functions import Greatest

from accounts.models import Account, AccountPace
from core.live import Change, publish
from core.wake import wake
from graph.limits import SOUND_AND_FILM, sends_per_second
from graph.networks import Login, Network
from graph.usage import is_of_ours

# Of what Meta takes in a second so much may leave at once, and the rest evenly: together that is never more than Meta takes, whichever second is looked at.
AT_ONCE = 0.2
# Where a limit is used up to here, everything slows down, and most of all just before its end.
SLOWER_FROM, SLOWEST = 90, 10
# However long Meta says: somebody may have corrected it since.
LONGEST_PAUSE = timedelta(days=1)
A_SECOND = timedelta(seconds=1)
# A second, where the setting is infinite: in tests only, for the environment takes whole numbers.
AS_MANY_AS_WE_LIKE = 100_000


@dataclass(frozen=True)
class Pace:
    """How fast.

    Args:
        interval: between two messages.
        slack: how much earlier than evenly they may leave, after none have left for a while.
    """

    interval: timedelta
    slack: timedelta

    @classmethod
    def of(cls, per_second: int, *, slower: float = 1) -> "Pace":
        interval = A_SECOND / (per_second * (1 - AT_ONCE)) * slower
        return cls(interval, interval * (max(1, int(per_second * AT_ONCE)) - 1))


# Nobody is further ahead than this without a pause: one message a second at the slowest, and clocks differ. What is was written by a clock that ran ahead.
FARTHEST = Pace.of(1, slower=SLOWEST).interval + timedelta(seconds=5)


def pace_for(kind: str) -> AccountPace.Kind:
    """As what a message of this kind of content is counted."""
    return AccountPace.Kind.MEDIA if kind in SOUND_AND_FILM else AccountPace.Kind.TEXT


def pace_of(account: Account, kind: str, *, at: datetime) -> Pace:
    """Meta's limit for messages of this kind, and less where the account is about to use up another one."""
    metas = sends_per_second(Network(account.network), Login(account.login), sound_or_film=kind == AccountPace.Kind.MEDIA)
    return Pace.of(_most(metas), slower=_slower(_used(account, at)))


def _most(metas: int) -> int:
    """The setting may lower Meta's number, never raise it."""
    ours = settings.GRAPH_SENDS_PER_SECOND
    return AS_MANY_AS_WE_LIKE if ours == inf else min(ours or metas, metas)


def _used(account: Account, at: datetime) -> int:
    """How much of the limit that is nearest to its end is used, by what Meta told lately."""
    told = [usage for usage in account.usage.all() if usage.used > SLOWER_FROM and usage.is_current(at)]
    return max((usage.used for usage in told if concerns(account, usage.kind, usage.business_id)), default=0)


def concerns(account: Account, kind: str, business_id: str) -> bool:
    """Whether what we send from this account counts against a limit. Meta also tells of other uses, and of other accounts of the same business."""
    if not is_of_ours(kind) or business_id in ("", account.external_id, account.page_id):
        return is_of_ours(kind)
    return not Account.objects.filter(external_id=business_id).exclude(pk=account.pk).exists()


def _slower(used: int) -> float:
    return (100 - SLOWER_FROM) / max(100 - used, (100 - SLOWER_FROM) / SLOWEST) if used > SLOWER_FROM else 1


def take_place(account: Account, kind: str, *, at: datetime) -> bool:
    """Take the next place. False where there is none at this moment. One that is not used then is lost, and nothing else."""
    pace, row = pace_of(account, kind, at=at), AccountPace.objects.filter(account=account, kind=kind).first()
    if row is None:
        _add(AccountPace(account=account, kind=kind, next_at=at - pace.slack))
    elif row.next_at > at + FARTHEST:
        _bring_back(row, at)
    return _take(account, kind, pace, at)


def _bring_back(row: AccountPace, at: datetime) -> None:
    """A clock that ran ahead must not silence the account until the others have caught up. A pause that begins meanwhile stays."""
    if not Account.objects.filter(_is_paused(at), pk=row.account_id).exists():
        AccountPace.objects.filter(pk=row.pk, next_at=row.next_at).update(next_at=at, woken_at=None)


def _is_paused(at: datetime) -> Q:
    return Q(paused_until__gt=at)


def _take(account: Account, kind: str, pace: Pace, at: datetime) -> bool:
    earliest = Value(at - pace.slack, output_field=DateTimeField())
    free = AccountPace.objects.filter(account=account, kind=kind, next_at__lte=at)
    return bool(free.update(next_at=Greatest(F("next_at"), earliest) + pace.interval))


def _add(*rows: AccountPace) -> None:
    """What somebody else has added meanwhile stays."""
    AccountPace.objects.bulk_create(rows, ignore_conflicts=True)


# Asked by whoever looks for something to send ----------------------------------------------------------------------
def exhausted(at: datetime) -> QuerySet[AccountPace]:
    """The paces in which there is no place now."""
    paused = Exists(Account.objects.filter(_is_paused(at), pk=OuterRef("account")))
    return AccountPace.objects.filter(Q(next_at__lte=at + FARTHEST) | Q(paused), next_at__gt=at)


def next_place(paces: QuerySet[AccountPace]) -> datetime | None:
    """When the first of these has a place."""
    return paces.order_by("next_at").values_list("next_at", flat=True).first()


def wake_at_next_place(paces: QuerySet[AccountPace], *, at: datetime) -> None:
    """Have somebody look again then. Whoever looks in vain comes here, so each place is asked for once.

    The embedded engine knows by itself when to look (`inbox.work.next_due`), and a wake-up of it is one at once.
    """
    if settings.POSTGRES and (free := next_place(paces)) and paces.filter(Q(woken_at=None) | Q(woken_at__lte=at), next_at=free).update(woken_at=free):
        wake("dispatch", at=free)


# Pauses that Meta asks for ------------------------------------------------------------------------------------------
def pause(account: int, *, until: datetime, at: datetime) -> None:
    """Let nothing leave until then, by Meta's wish. A pause is never shortened; after it, what waited leaves one by one."""
    until = min(until, at + LONGEST_PAUSE)
    if Account.objects.filter(Q(paused_until=None) | Q(paused_until__lt=until), pk=account).update(paused_until=until):
        _add(*(AccountPace(account_id=account, kind=kind, next_at=until) for kind in AccountPace.Kind))
        AccountPace.objects.filter(Q(next_at__lt=until) | Q(next_at__gt=until + FARTHEST), account=account).update(next_at=until)
        publish(Change(account=account))
