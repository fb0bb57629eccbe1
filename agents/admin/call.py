"""Calls of tools, with what policy said of them."""

from django.contrib import admin
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from accounts.admin.readonly import ReadOnlyAdmin
from accounts.admin.show import as_json, badge
from accounts.models import User
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

    def scope(self, user: User) -> Q:
        return Q(agent__owner=user)

    @admin.display(description=_("verdict"), ordering="verdict")
    def verdict_badge(self, call: ToolCall) -> str:
        return badge(call.get_verdict_display(), TONES[call.verdict])

    @admin.display(description=_("arguments"))
    def what(self, call: ToolCall) -> str:
        return as_json(call.arguments)
