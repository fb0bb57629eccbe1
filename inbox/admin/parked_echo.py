"""Echoes that wait to be told apart, or did."""

from typing import Any

from django.contrib import admin
from django.utils.translation import gettext_lazy as _

from accounts.admin.filters import AccountFilter
from accounts.admin.readonly import ReadOnlyAdmin
from accounts.admin.show import as_json, link
from inbox.models import ParkedEcho


@admin.register(ParkedEcho)
class ParkedEchoAdmin(ReadOnlyAdmin):
    account_path = "conversation__account"
    list_display = ("__str__", "conversation_link", "at", "parked_at", "settled_at", "outcome")
    list_filter = (("settled_at", admin.EmptyFieldListFilter), "outcome", ("conversation__account", AccountFilter))
    list_select_related = ("conversation__contact", "conversation__account")
    search_fields = ("text", "=mid", "conversation__contact__name")
    ordering = ("-pk",)
    date_hierarchy = "parked_at"
    fields = ("conversation", "at", "text", "pictures", "mid", "parked_at", "settled_at", "outcome")

    def lookup_allowed(self, lookup: str, value: Any, request: Any = None) -> bool:
        return lookup == "conversation__id__exact" or super().lookup_allowed(lookup, value, request)

    @admin.display(description=_("conversation"))
    def conversation_link(self, echo: ParkedEcho) -> str:
        return link(echo.conversation)

    @admin.display(description=_("attachments"))
    def pictures(self, echo: ParkedEcho) -> str:
        return as_json(echo.attachments) if echo.attachments else "–"
