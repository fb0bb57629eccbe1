"""Conversations, with a way to the page on which people work with them."""

from typing import Any

from django.contrib import admin
from django.db.models import Q, QuerySet
from django.http import HttpRequest
from django.urls import reverse
from django.utils.html import format_html_join
from django.utils.translation import gettext_lazy as _

from accounts.admin.filters import AccountFilter
from accounts.admin.readonly import ReadOnlyAdmin
from accounts.admin.show import badge
from core.clock import now
from inbox.models import Conversation
from inbox.window import WindowState

WINDOWS = {
    WindowState.OPEN: (_("open"), "good"),
    WindowState.HUMAN: (_("people only"), "care"),
    WindowState.PERHAPS: (_("perhaps, by an advertisement"), "care"),
    WindowState.CLOSED: (_("closed"), "quiet"),
    WindowState.UNKNOWN: (_("not known"), "quiet"),
}

# Proposals live a floor higher; their page is known by its URL.
HISTORY = (
    ("inbox_message", _("Messages")),
    ("inbox_dispatch", _("Dispatches")),
    ("inbox_occurrence", _("Occurrences")),
    ("inbox_note", _("Notes")),
    ("inbox_parkedecho", _("Parked echoes")),
    ("agents_proposal", _("Proposals")),
)
CONTROL_TONES = {"": "quiet", "here": "good", "elsewhere": "care"}


class WindowFilter(admin.SimpleListFilter):
    """By Meta's window, as our facts say."""

    title = _("window")
    parameter_name = "window"

    def lookups(self, request: HttpRequest, model_admin: Any) -> Any:
        return (("open", _("open")), ("closed", _("closed")), ("unknown", _("not known")))

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        kinds = {"open": Q(window_closes_at__gt=now()), "closed": Q(window_closes_at__lte=now()), "unknown": Q(window_closes_at=None)}
        return queryset.filter(kinds.get(self.value() or "", Q()))


@admin.register(Conversation)
class ConversationAdmin(ReadOnlyAdmin):
    account_path = "account"
    list_display = ("contact", "account", "last_message", "window_now", "window_closes_at", "held_by", "last_message_at")
    list_filter = (("account", AccountFilter), WindowFilter, "control")
    list_select_related = ("account", "contact", "last_message")
    search_fields = ("contact__name", "contact__username", "=contact__external_id", "=public_id")
    search_help_text = _("The name of the contact, their id at Meta, or the last part of the conversation's address.")
    date_hierarchy = "last_message_at"
    ordering = ("-last_message_at", "-pk")
    fields = (
        "account", "contact", "history", "revision", "last_message_at", "last_message", "newest_inbound", "window_now", "window_cause", "window_opened_at",
        "window_message", "window_closes_at", "human_until", "perhaps_until", "window_refused_at", "held_by", "control_at", "delivered_until", "read_until",
        "assignee", "closed_at", "closed_by", "snoozed_until", "agents_off_at", "agents_off_by",
    )  # fmt: skip

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        return super().get_queryset(request).prefetch_related("last_message__attachments")

    @admin.display(description=_("window"), ordering="window_closes_at")
    def window_now(self, conversation: Conversation) -> str:
        return badge(*WINDOWS[conversation.window.state(now())])

    @admin.display(description=_("held by"), ordering="control")
    def held_by(self, conversation: Conversation) -> str:
        return badge(conversation.get_control_display(), CONTROL_TONES[conversation.control])

    @admin.display(description=_("everything said"))
    def history(self, conversation: Conversation) -> str:
        links = ((reverse(f"admin:{page}_changelist"), conversation.pk, name) for page, name in HISTORY)
        return format_html_join(" · ", '<a href="{}?conversation__id__exact={}">{}</a>', links)
