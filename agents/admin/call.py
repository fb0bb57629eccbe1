"""Calls of tools, with what policy said of them. An agent's calls may concern several accounts, so only superusers see them."""

from django.contrib import admin
from django.utils.translation import gettext_lazy as _

from accounts.admin.readonly import ReadOnlyAdmin
from accounts.admin.show import as_json, badge, link
from agents.models import ToolCall
from inbox.models import Conversation

TONES = {"allow": "good", "require_approval": "care", "limit": "bad", "deny": "bad"}


@admin.register(ToolCall)
class ToolCallAdmin(ReadOnlyAdmin):
    list_display = ("at", "agent", "tool", "verdict_badge", "rule", "outcome")
    list_display_links = ("at", "tool")
    list_filter = ("verdict", "tool", ("agent", admin.RelatedOnlyFieldListFilter))
    list_select_related = ("agent__user",)
    search_fields = ("agent__user__name", "tool", "rule", "outcome", "reason")
    date_hierarchy = "at"
    fields = ("at", "agent", "key", "tool", "where", "what", "verdict_badge", "rule", "reason", "policy_version", "outcome")

    @admin.display(description=_("verdict"), ordering="verdict")
    def verdict_badge(self, call: ToolCall) -> str:
        return badge(call.get_verdict_display(), TONES[call.verdict])

    @admin.display(description=_("conversation"))
    def where(self, call: ToolCall) -> str:
        """The agent named it, so it may be none of ours."""
        public_id = str((call.arguments or {}).get("conversation_id") or "")
        return link(Conversation.objects.select_related("account", "contact").filter(public_id=public_id).first() if public_id else None)

    @admin.display(description=_("arguments"))
    def what(self, call: ToolCall) -> str:
        return as_json(call.arguments)
