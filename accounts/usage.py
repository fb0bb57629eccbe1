"""Writes down what Meta says of an account's limits, beside its answers."""

from collections.abc import Iterable
from datetime import timedelta

from django.db.models import Q

from accounts.models import AccountUsage
from core.clock import now
from graph.usage import UsageLine

# Every answer tells; a row a second is enough for people and for pace.
AT_MOST_EVERY = timedelta(seconds=1)
# In minutes: Meta's longest measure is a day.
LONGEST_WAIT = 7 * 24 * 60


def note_usage(account: int, lines: Iterable[UsageLine]) -> None:
    """Keep the newest word about each limit of the account with this key."""
    at = now()
    for line in lines:
        wait = min(line.regain_at_minutes, LONGEST_WAIT)
        values = {
            "calls": _percent(line.calls), "time": _percent(line.time), "cpu": _percent(line.cpu), "at": at,
            "regained_at": at + timedelta(minutes=wait) if wait > 0 else None,
        }  # fmt: skip
        row, is_new = AccountUsage.objects.get_or_create(account_id=account, kind=line.kind[:40], business_id=line.business_id[:40], defaults=values)
        if not is_new:
            AccountUsage.objects.filter(Q(at__lte=at - AT_MOST_EVERY) | Q(calls__lt=values["calls"]), pk=row.pk).update(**values)


def _percent(told: int) -> int:
    """Past a hundred it does not matter by how much."""
    return max(0, min(told, 999))
