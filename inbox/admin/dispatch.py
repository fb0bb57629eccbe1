"""The outbox: what was handed to Meta, when, by whose leave, and what Meta said."""

from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from accounts.admin.filters import AccountFilter
from accounts.admin.readonly import ReadOnlyAdmin, ReadOnlyInline
from accounts.admin.show import badge
from inbox.models import Attempt, Dispatch

TONES = {"queued": "quiet", "sending": "quiet", "sent": "good", "failed": "bad", "unknown": "care", "cancelled": "quiet"}
OUTCOME_TONES = {"started": "quiet", "accepted": "good", "not_sent": "care", "refused": "bad", "unknown": "care"}


class AttemptInline(ReadOnlyInline):
    model = Attempt
    account_path = "dispatch__account"
    fields = ("number", "started_at", "finished_at", "outcome", "human_agent", "error", "code", "trace_id")


@admin.register(Dispatch)
class DispatchAdmin(ReadOnlyAdmin):
    account_path = "account"
    inlines = (AttemptInline,)
    list_display = ("message", "state_badge", "conversation", "not_before", "sent_at", "attempts_made", "reason")
    list_filter = ("state", ("account", AccountFilter))
    list_select_related = ("message", "conversation__contact", "conversation__account")
    search_fields = ("=public_id", "message__text", "=message__mid", "=trace_id", "=code")
    date_hierarchy = "not_before"
    fields = (
        "message", "conversation", "account", "state_badge", "reason", "code", "trace_id", "not_before", "released_by", "content_digest", "expects_heard",
        "checks_newest", "attempts_made", "worker", "lease_until", "handed_over_at", "sent_at", "unknown_since", "thread_read_at", "thread_matches",
        "settled_by",
    )  # fmt: skip

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        return super().get_queryset(request).prefetch_related("message__attachments")

    def lookup_allowed(self, lookup: str, value: Any, request: Any = None) -> bool:
        return lookup == "conversation__id__exact" or super().lookup_allowed(lookup, value, request)

    @admin.display(description=_("state"), ordering="state")
    def state_badge(self, dispatch: Dispatch) -> str:
        return badge(dispatch.get_state_display(), TONES[dispatch.state])


@admin.register(Attempt)
class AttemptAdmin(ReadOnlyAdmin):
    account_path = "dispatch__account"
    list_display = ("started_at", "number", "outcome_badge", "dispatch", "error", "code", "trace_id")
    list_filter = ("outcome", ("dispatch__account", AccountFilter))
    list_select_related = ("dispatch__message",)
    search_fields = ("=trace_id", "=code", "=dispatch__public_id")
    ordering = ("-pk",)
    date_hierarchy = "started_at"
    fields = ("dispatch", "number", "started_at", "finished_at", "outcome_badge", "human_agent", "request_digest", "error", "code", "trace_id")

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        return super().get_queryset(request).prefetch_related("dispatch__message__attachments")

    @admin.display(description=_("outcome"), ordering="outcome")
    def outcome_badge(self, attempt: Attempt) -> str:
        return badge(attempt.get_outcome_display(), OUTCOME_TONES[attempt.outcome])
