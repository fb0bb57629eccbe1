"""Writes down what Meta says of an account's limits, beside its answers, and stops sending where one is used up."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from django.db.models import Q

from accounts.models import Account, AccountUsage
from accounts.pacing import concerns, pause
from core.clock import now
from graph.usage import UsageLine, is_of_sending

# Every answer tells; a row a second is enough for people and for pace.
AT_MOST_EVERY = timedelta(seconds=1)
# In minutes: Meta's longest measure is a day.
LONGEST_WAIT = 7 * 24 * 60
USED_UP = 100
# Where what messages count under is used up and Meta does not say for how long; then the next call tells. Any other limit only slows down
# (`accounts.pacing`) until Meta refuses a call: readings meet it first, and would hold up replies that Meta takes.
USUAL_WAIT = timedelta(minutes=5)


def note_usage(account: int, lines: Sequence[UsageLine]) -> None:
    """Keep the newest word about each limit of the account with this key."""
    at = now()
    for line in lines:
        _keep(account, line, at)
    if closed := [line for line in lines if _wait(line)]:
        _pause(Account.objects.get(pk=account), closed, at)


def _keep(account: int, line: UsageLine, at: datetime) -> None:
    wait = _minutes(line)
    values = {
        "calls": _percent(line.calls), "time": _percent(line.time), "cpu": _percent(line.cpu), "at": at,
        "regained_at": at + timedelta(minutes=wait) if wait else None,
    }  # fmt: skip
    row, is_new = AccountUsage.objects.get_or_create(account_id=account, kind=line.kind[:40], business_id=line.business_id[:40], defaults=values)
    if not is_new:
        is_more = Q(calls__lt=values["calls"]) | Q(time__lt=values["time"]) | Q(cpu__lt=values["cpu"])
        AccountUsage.objects.filter(Q(at__lte=at - AT_MOST_EVERY) | is_more, pk=row.pk).update(**values)


def _pause(account: Account, closed: Sequence[UsageLine], at: datetime) -> None:
    waits = [_wait(line) for line in closed if concerns(account, line.kind, line.business_id)]
    if waits:
        pause(account.pk, until=at + max(waits), at=at)


def _wait(line: UsageLine) -> timedelta:
    """For how long nothing more is taken; nothing where something is."""
    if minutes := _minutes(line):
        return timedelta(minutes=minutes)
    return USUAL_WAIT if line.used >= USED_UP and is_of_sending(line.kind) else timedelta(0)


def _minutes(line: UsageLine) -> int:
    return max(0, min(line.regain_at_minutes, LONGEST_WAIT))


def _percent(told: int) -> int:
    """Past a hundred it does not matter by how much."""
    return max(0, min(told, 999))
