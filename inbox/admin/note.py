"""What colleagues tell each other in conversations, and whom they mention."""

from typing import Any

from django.contrib import admin
from django.utils.translation import gettext_lazy as _

from accounts.admin.filters import AccountFilter
from accounts.admin.readonly import ReadOnlyAdmin
from accounts.admin.show import link
from inbox.models import Mention, Note


@admin.register(Note)
class NoteAdmin(ReadOnlyAdmin):
    account_path = "conversation__account"
    list_display = ("at", "by", "conversation_link", "__str__")
    list_filter = (("conversation__account", AccountFilter),)
    list_select_related = ("by", "conversation__contact", "conversation__account")
    search_fields = ("=conversation__public_id", "conversation__contact__name", "by__name")
    ordering = ("-pk",)
    date_hierarchy = "at"
    fields = ("conversation", "by", "at", "text", "removed_at")

    def lookup_allowed(self, lookup: str, value: Any, request: Any = None) -> bool:
        return lookup == "conversation__id__exact" or super().lookup_allowed(lookup, value, request)

    @admin.display(description=_("conversation"))
    def conversation_link(self, note: Note) -> str:
        return link(note.conversation)


@admin.register(Mention)
class MentionAdmin(ReadOnlyAdmin):
    account_path = "conversation__account"
    list_display = ("note", "user", "conversation_link", "seen_at")
    list_filter = (("conversation__account", AccountFilter),)
    list_select_related = ("note", "user", "conversation__contact", "conversation__account")
    search_fields = ("=conversation__public_id", "conversation__contact__name", "user__name")
    ordering = ("-pk",)
    fields = ("note", "user", "conversation", "seen_at")

    @admin.display(description=_("conversation"))
    def conversation_link(self, mention: Mention) -> str:
        return link(mention.conversation)
