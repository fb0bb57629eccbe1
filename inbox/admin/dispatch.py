"""The outbox: what was handed to Meta, when, by whose leave, and what Meta said."""

from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.html import format_html
from django.utils.translation import gettext_lazy as _

from accounts.admin.filters import AccountFilter
from accounts.admin.readonly import ReadOnlyAdmin, ReadOnlyInline
from accounts.admin.show import badge, link
from inbox.models import Attempt, Dispatch
from inbox.outcomes import sentence_for

TONES = {"queued": "quiet", "sending": "quiet", "sent": "good", "failed": "bad", "unknown": "care", "cancelled": "quiet"}
OUTCOME_TONES = {"started": "quiet", "accepted": "good", "not_sent": "care", "refused": "bad", "unknown": "care"}


class AttemptInline(ReadOnlyInline):
    model = Attempt
    account_path = "dispatch__account"
    fields = ("number", "started_at", "finished_at", "outcome", "human_agent", "error", "code", "trace_id")


class AuthorFilter(admin.SimpleListFilter):
    """By who wrote it."""

    title = _("written by")
    parameter_name = "author"

    def lookups(self, request: HttpRequest, model_admin: Any) -> Any:
        return (("people", _("people")), ("agents", _("agents")))

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        return queryset.filter(message__written_by__is_agent=self.value() == "agents") if self.value() else queryset


@admin.register(Dispatch)
class DispatchAdmin(ReadOnlyAdmin):
    account_path = "account"
    inlines = (AttemptInline,)
    list_display = ("words", "state_badge", "why", "conversation_link", "released_by", "not_before", "sent_at", "attempts_made")
    list_filter = ("state", ("account", AccountFilter), AuthorFilter)
    list_select_related = ("message", "conversation__contact", "conversation__account", "released_by")
    search_fields = ("=public_id", "message__text", "=message__mid", "=trace_id", "=code", "=reason")
    search_help_text = _("Words of the message, its id at Meta, or the code or trace id of Meta's answer.")
    date_hierarchy = "not_before"
    fields = (
        "message", "conversation", "account", "state_badge", "why", "in_console", "reason", "code", "trace_id", "not_before", "released_by",
        "content_digest", "expects_heard", "checks_newest", "attempts_made", "worker", "lease_until", "handed_over_at", "sent_at", "unknown_since",
        "thread_read_at", "thread_matches", "settled_by",
    )  # fmt: skip

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        return super().get_queryset(request).prefetch_related("message__attachments")

    def lookup_allowed(self, lookup: str, value: Any, request: Any = None) -> bool:
        return lookup == "conversation__id__exact" or super().lookup_allowed(lookup, value, request)

    @admin.display(description=_("message"))
    def words(self, dispatch: Dispatch) -> str:
        return dispatch.message.preview

    @admin.display(description=_("why"), ordering="reason")
    def why(self, dispatch: Dispatch) -> str:
        return sentence_for(dispatch) or "–"

    @admin.display(description=_("conversation"))
    def conversation_link(self, dispatch: Dispatch) -> str:
        return link(dispatch.conversation)

    @admin.display(description=_("what can be done"))
    def in_console(self, dispatch: Dispatch) -> str:
        """Taking back, sending again and settling belong to the people of the conversation."""
        return format_html('<a href="{}">{}</a>', dispatch.conversation.get_absolute_url(), _("Open the conversation; it is done there."))

    @admin.display(description=_("state"), ordering="state")
    def state_badge(self, dispatch: Dispatch) -> str:
        return badge(dispatch.get_state_display(), TONES[dispatch.state])


@admin.register(Attempt)
class AttemptAdmin(ReadOnlyAdmin):
    account_path = "dispatch__account"
    list_display = ("started_at", "number", "outcome_badge", "dispatch", "error", "code", "trace_id")
    list_filter = ("outcome", "human_agent", ("dispatch__account", AccountFilter))
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
