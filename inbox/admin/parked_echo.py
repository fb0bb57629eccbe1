"""Echoes that wait to be told apart, or did."""

from typing import Any

from django.contrib import admin
from django.utils.translation import gettext_lazy as _

from accounts.admin.filters import AccountFilter
from accounts.admin.readonly import ReadOnlyAdmin
from accounts.admin.show import as_json
from inbox.models import ParkedEcho


@admin.register(ParkedEcho)
class ParkedEchoAdmin(ReadOnlyAdmin):
    account_path = "conversation__account"
    list_display = ("__str__", "conversation", "at", "parked_at", "settled_at", "outcome")
    list_filter = (("conversation__account", AccountFilter), "outcome")
    list_select_related = ("conversation__contact", "conversation__account")
    search_fields = ("text", "=mid")
    ordering = ("-pk",)
    fields = ("conversation", "at", "text", "pictures", "mid", "parked_at", "settled_at", "outcome")

    def lookup_allowed(self, lookup: str, value: Any, request: Any = None) -> bool:
        return lookup == "conversation__id__exact" or super().lookup_allowed(lookup, value, request)

    @admin.display(description=_("attachments"))
    def pictures(self, echo: ParkedEcho) -> str:
        return as_json(echo.attachments) if echo.attachments else "–"
