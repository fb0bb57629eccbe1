"""The list of conversations, newest first."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from django.db.models import Q, QuerySet
from django.http import HttpResponse
from django.shortcuts import render
from django.utils.functional import cached_property
from django.views.decorators.http import require_safe

from accounts.models import User
from inbox.models import Conversation
from inbox.views.access import Request, conversations_of, person

ROWS = 30
MOST_ROWS = 300
EPOCH = datetime.fromtimestamp(0, UTC)


@require_safe
def conversations(request: Request) -> HttpResponse:
    """The page without an open conversation; as a fragment, the rows, or the older ones after `before`."""
    context = {"page": Page.asked_by(request)}
    if not request.htmx:
        return render(request, "inbox/conversations.html", context)
    return render(request, "inbox/_rows.html" if "before" in request.GET else "inbox/_conversations.html", context)


@dataclass(frozen=True)
class Page:
    """One stretch of the list.

    Args:
        account: public id of the only account to show, or "".
        before: where the stretch before this one ended.
        size: how many rows.
        open: public id of the conversation beside the list, or "".
    """

    user: User
    account: str = ""
    before: str = ""
    size: int = ROWS
    open: str = ""

    @classmethod
    def asked_by(cls, request: Request, *, open: str = "") -> "Page":
        asked = request.GET
        rows = asked.get("rows", "")
        size = min(max(int(rows), ROWS), MOST_ROWS) if rows.isascii() and rows.isdigit() and len(rows) < 6 else ROWS
        return cls(person(request), asked.get("account", ""), asked.get("before", ""), size, open or asked.get("open", ""))

    @cached_property
    def rows(self) -> list[Conversation]:
        return self._found[: self.size]

    @property
    def next(self) -> str:
        """Where the older ones begin; "" where this is the end."""
        last = self.rows[-1] if len(self._found) > self.size else None
        return f"{(last.last_message_at - EPOCH) // timedelta(microseconds=1)}.{last.public_id}" if last else ""

    @cached_property
    def _found(self) -> list[Conversation]:
        rows = conversations_of(self.user).select_related("last_message__written_by", "last_message__dispatch").prefetch_related("last_message__attachments")
        if self.account:
            rows = rows.filter(account__public_id=self.account)
        return list(self._after(rows).order_by("-last_message_at", "-pk")[: self.size + 1])

    def _after(self, rows: QuerySet[Conversation]) -> QuerySet[Conversation]:
        moment, _dot, public_id = self.before.partition(".")
        if not (moment.isascii() and moment.isdigit() and len(moment) < 18):
            return rows
        at = EPOCH + timedelta(microseconds=int(moment))
        same = Conversation.objects.filter(public_id=public_id).values("pk")[:1]
        return rows.filter(Q(last_message_at__lt=at) | Q(last_message_at=at, pk__lt=same))
