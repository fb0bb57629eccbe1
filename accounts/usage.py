"""Writes down what Meta says of an account's limits, beside its answers."""

from collections.abc import Iterable
from datetime import timedelta

from django.db.models import Q

from accounts.models import AccountUsage
from core.clock import now
from graph.usage import UsageLine

# Every answer tells; a row a second is enough for people and for pace.
AT_MOST_EVERY = timedelta(seconds=1)


def note_usage(account: int, lines: Iterable[UsageLine]) -> None:
    """Keep the newest word about each limit of the account with this key."""
    at = now()
    for line in lines:
        values = {
            "calls": line.calls, "time": line.time, "cpu": line.cpu, "at": at,
            "regained_at": at + timedelta(minutes=line.regain_at_minutes) if line.regain_at_minutes else None,
        }  # fmt: skip
        row, is_new = AccountUsage.objects.get_or_create(account_id=account, kind=line.kind, business_id=line.business_id, defaults=values)
        if not is_new:
            AccountUsage.objects.filter(Q(at__lte=at - AT_MOST_EVERY) | Q(calls__lt=line.calls), pk=row.pk).update(**values)
