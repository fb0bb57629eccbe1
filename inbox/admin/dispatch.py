"""The outbox: what was handed to Meta, when, by whose leave, and what Meta said."""

from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.utils.html import format_html
from django.utils.text import Truncator
from django.utils.translation import gettext_lazy as _

from accounts.admin.filters import AccountFilter
from accounts.admin.readonly import ReadOnlyAdmin, ReadOnlyInline
from accounts.admin.show import badge, link
from graph import errors
from inbox.models import Attempt, Dispatch
from inbox.outcomes import sentence_for
from inbox.story import Story
from inbox.templatetags.times import exactly

TONES = {"queued": "quiet", "sending": "quiet", "sent": "good", "failed": "bad", "unknown": "care", "cancelled": "quiet"}
OUTCOME_TONES = {"started": "quiet", "accepted": "good", "not_sent": "care", "refused": "bad", "unknown": "care"}


class AttemptInline(ReadOnlyInline):
    model = Attempt
    account_path = "dispatch__account"
    fields = (
        "number", "step", "outcome", "began", "duration_ms", "status", "answer", "error", "code", "trace_id", "human_agent", "worker", "request_digest",
    )  # fmt: skip
    readonly_fields = ("began",)

    @admin.display(description=_("started"))
    def began(self, attempt: Attempt) -> str:
        return exactly(attempt.started_at)


class AuthorFilter(admin.SimpleListFilter):
    """By who wrote it."""

    title = _("written by")
    parameter_name = "author"

    def lookups(self, request: HttpRequest, model_admin: Any) -> Any:
        return (("people", _("people")), ("agents", _("agents")))

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        return queryset.filter(message__written_by__is_agent=self.value() == "agents") if self.value() else queryset


class ErrorFilter(admin.SimpleListFilter):
    """By how a call went wrong. The names are known, so no table has to be looked through for them."""

    title = _("error")
    parameter_name = "error"

    def lookups(self, request: HttpRequest, model_admin: Any) -> Any:
        kinds = {kind for kind in vars(errors).values() if isinstance(kind, type) and issubclass(kind, errors.GraphError)}
        names = sorted(kind.__name__ for kind in kinds - {errors.GraphError, errors.NoAnswer, errors.ErrorAnswer})
        return (("any", _("any")), ("none", _("none")), *((name, name) for name in names))

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        match self.value():
            case None:
                return queryset
            case "any":
                return queryset.exclude(error="")
            case "none":
                return queryset.filter(error="")
        return queryset.filter(error=self.value())


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
        "message", "conversation", "account", "state_badge", "why", "in_console", "reason", "code", "trace_id", "not_before", "scheduled_for",
        "released_by", "content_digest", "expects_heard", "checks_newest", "attempts_made", "worker", "lease_until", "handed_over_at", "sent_at",
        "unknown_since", "thread_read_at", "thread_matches", "thread_trouble", "thread_doubt", "absences", "settled_by",
    )  # fmt: skip

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        return super().get_queryset(request).prefetch_related("message__attachments")

    def render_change_form(self, request: HttpRequest, context: dict[str, Any], *args: Any, **kwargs: Any) -> HttpResponse:
        told = Story.of(context["original"]) if context["original"] else None
        return super().render_change_form(request, context | {"story": told}, *args, **kwargs)

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
    list_display = ("began", "step", "outcome_badge", "about", "number", "took", "error", "code", "trace_id")
    list_filter = ("step", "outcome", ErrorFilter, "human_agent", ("dispatch__account", AccountFilter))
    list_select_related = ("dispatch__message",)
    search_fields = ("=trace_id", "=code", "=answer", "=dispatch__public_id")
    search_help_text = _("A trace id, a code, what Meta answered, or the id of the dispatch.")
    ordering = ("-pk",)
    date_hierarchy = "started_at"
    fields = (
        "dispatch", "number", "step", "outcome_badge", "began", "ended", "took", "status", "answer", "error", "code", "trace_id", "human_agent",
        "request_digest", "worker",
    )  # fmt: skip

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        return super().get_queryset(request).prefetch_related("dispatch__message__attachments")

    @admin.display(description=_("dispatch"), ordering="dispatch")
    def about(self, attempt: Attempt) -> str:
        return Truncator(attempt.dispatch.message.preview).chars(40)

    @admin.display(description=_("started"), ordering="started_at")
    def began(self, attempt: Attempt) -> str:
        return exactly(attempt.started_at)

    @admin.display(description=_("finished"), ordering="finished_at")
    def ended(self, attempt: Attempt) -> str:
        return exactly(attempt.finished_at)

    @admin.display(description=_("duration"), ordering="duration_ms")
    def took(self, attempt: Attempt) -> str:
        return "–" if attempt.duration_ms is None else f"{attempt.duration_ms} ms"

    @admin.display(description=_("outcome"), ordering="outcome")
    def outcome_badge(self, attempt: Attempt) -> str:
        return badge(attempt.get_outcome_display(), OUTCOME_TONES[attempt.outcome])
