"""Calls of tools, with what policy said of them. An agent's calls may concern several accounts, so only superusers see them."""

from django.contrib import admin
from django.utils.translation import gettext_lazy as _

from accounts.admin.readonly import ReadOnlyAdmin
from accounts.admin.show import as_json, badge
from agents.models import ToolCall

TONES = {"allow": "good", "require_approval": "care", "limit": "bad", "deny": "bad"}


@admin.register(ToolCall)
class ToolCallAdmin(ReadOnlyAdmin):
    list_display = ("at", "agent", "tool", "verdict_badge", "rule", "outcome")
    list_display_links = ("at", "tool")
    list_filter = ("verdict", "tool")
    list_select_related = ("agent__user",)
    search_fields = ("agent__user__name", "tool", "rule", "outcome")
    date_hierarchy = "at"
    fields = ("at", "agent", "key", "tool", "what", "verdict_badge", "rule", "reason", "policy_version", "outcome")

    @admin.display(description=_("verdict"), ordering="verdict")
    def verdict_badge(self, call: ToolCall) -> str:
        return badge(call.get_verdict_display(), TONES[call.verdict])

    @admin.display(description=_("arguments"))
    def what(self, call: ToolCall) -> str:
        return as_json(call.arguments)
