"""What happened in conversations beside something being said."""

from typing import Any

from django.contrib import admin
from django.utils.translation import gettext_lazy as _

from accounts.admin.filters import AccountFilter
from accounts.admin.readonly import ReadOnlyAdmin
from accounts.admin.show import as_json, link
from inbox.models import Occurrence


@admin.register(Occurrence)
class OccurrenceAdmin(ReadOnlyAdmin):
    account_path = "conversation__account"
    list_display = ("at", "kind", "conversation_link")
    list_filter = ("kind", ("conversation__account", AccountFilter))
    list_select_related = ("conversation__contact", "conversation__account")
    search_fields = ("=conversation__public_id", "conversation__contact__name", "key")
    ordering = ("-pk",)
    date_hierarchy = "at"
    fields = ("conversation", "kind", "at", "what")

    def lookup_allowed(self, lookup: str, value: Any, request: Any = None) -> bool:
        return lookup == "conversation__id__exact" or super().lookup_allowed(lookup, value, request)

    @admin.display(description=_("conversation"))
    def conversation_link(self, occurrence: Occurrence) -> str:
        return link(occurrence.conversation)

    @admin.display(description=_("context"))
    def what(self, occurrence: Occurrence) -> str:
        return as_json(occurrence.about) if occurrence.about else "–"
