"""Whether everything comes in: counts and lists for the page that says so. Each is bounded, however long the history is."""

import json
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db.models import Count, Max, OuterRef, Q, QuerySet, Subquery, Sum

from accounts.models import Account
from inbox.models import Conversation, DeletionRequest, KeptEvent, MediaFile, RefusedDelivery, WebhookDelivery

DAY, WEEK = timedelta(days=1), timedelta(days=7)
# Counts look at so many of the newest rows; beyond that a number is "at least".
LOOKED_AT = 20_000
SHOWN = 50
SEARCHED = 2_000

State = WebhookDelivery.State


@dataclass(frozen=True)
class Backlog:
    """What is stored and not applied yet.

    Args:
        oldest_at: when the oldest came that waits for the first time; what is applied again came long ago.
    """

    number: int
    oldest_at: datetime | None


def backlog() -> Backlog:
    waiting = WebhookDelivery.objects.filter(state=State.RECEIVED)
    oldest = waiting.filter(replays_wanted=0).order_by("pk").values_list("received_at", flat=True).first()
    return Backlog(waiting[:LOOKED_AT].count(), oldest)


@dataclass(frozen=True)
class Arrivals:
    """Deliveries of one stretch of time, by state."""

    by_state: Mapping[str, int]
    is_complete: bool

    @property
    def number(self) -> int:
        return sum(self.by_state.values())


def arrivals(*, since: datetime) -> Arrivals:
    rows = WebhookDelivery.objects.filter(received_at__gte=since).order_by("-received_at").values_list("state", flat=True)
    states = list(rows[:LOOKED_AT])
    return Arrivals(Counter(states), len(states) < LOOKED_AT)


def failed() -> QuerySet[WebhookDelivery]:
    """What could not be applied, newest first, without the bodies."""
    return WebhookDelivery.objects.filter(state=State.FAILED).select_related("meta_app").defer("body", "meta_app__secret", "meta_app__verify_token")


def redacted(*, since: datetime) -> int:
    return WebhookDelivery.objects.filter(redacted_at__gte=since).order_by("redacted_at")[:LOOKED_AT].count()


def refusals(at: datetime) -> list[dict[str, Any]]:
    """By reason: how many in a day and a week, the largest, and the last."""
    rows = RefusedDelivery.objects.filter(hour__gte=at - WEEK).order_by().values("reason")
    day = Sum("number", filter=Q(hour__gte=at - DAY), default=0)
    summed = rows.annotate(day=day, week=Sum("number"), largest=Max("largest"), last_at=Max("last_at"))
    return [dict(row) for row in summed.order_by("-last_at")]


def deletion_requests() -> list[DeletionRequest]:
    return list(DeletionRequest.objects.order_by("-pk")[:5])


def kept(rows: QuerySet[KeptEvent]) -> list[dict[str, Any]]:
    """By account, kind and reason: how many different ones, told once or several times, and the newest."""
    groups = _newest(rows).order_by().values("account", "kind", "reason")
    # Where nothing says what makes two the same, each is one of its own.
    unkeyed = Count("pk", filter=Q(key=""))
    counted = groups.annotate(different=Count("key", distinct=True, filter=~Q(key="")) + unkeyed, told=Count("pk"), last_at=Max("at"))
    return list(counted.order_by("-different", "kind")[:200])


def waiting(rows: QuerySet[KeptEvent]) -> QuerySet[KeptEvent]:
    """What waits for something else to come, longest first."""
    return rows.exclude(waits_for="").select_related("account", "delivery").defer("account__token", "delivery__body").order_by("pk")


def copies(accounts: QuerySet[Account]) -> dict[int, Counter[str]]:
    """By account: how many of what contacts sent are saved, being saved, gone or failed."""
    rows = _newest(MediaFile.objects.filter(by=None, account__in=accounts)).order_by().values_list("account", "state").annotate(number=Count("pk"))
    found: dict[int, Counter[str]] = {}
    for account, state, number in rows:
        found.setdefault(account, Counter())[state] = number
    return found


def with_last_message(accounts: QuerySet[Account]) -> QuerySet[Account]:
    """The accounts with `last_message_at`, and without their tokens."""
    newest = Conversation.objects.filter(account=OuterRef("pk")).order_by("-last_message_at").values("last_message_at")[:1]
    return accounts.defer("token").annotate(last_message_at=Subquery(newest))


def find(text: str) -> list[WebhookDelivery]:
    """Those among the newest deliveries whose body holds this text, as Meta's ids of messages and people do."""
    spellings = _spellings(text)
    bodies = WebhookDelivery.objects.order_by("-pk").values_list("pk", "body")[:SEARCHED].iterator(chunk_size=50)
    found = [pk for pk, body in bodies if any(each in bytes(body) for each in spellings)][:SHOWN]
    return list(WebhookDelivery.objects.filter(pk__in=found).select_related("meta_app").defer("body", "meta_app__secret", "meta_app__verify_token"))


def _spellings(text: str) -> Iterable[bytes]:
    """As it is typed, and as Meta writes it in JSON, with a backslash before each slash."""
    escaped = json.dumps(text)[1:-1]
    return {text.encode("utf-8", "replace"), escaped.encode(), escaped.replace("/", "\\/").encode()}


def _newest(rows: QuerySet[Any]) -> QuerySet[Any]:
    """The newest of these rows, so many that counting them costs the same in ten years."""
    border = rows.order_by("-pk").values_list("pk", flat=True)[LOOKED_AT : LOOKED_AT + 1].first()
    return rows if border is None else rows.filter(pk__gt=border)
