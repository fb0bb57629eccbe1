"""How much of Meta's limits is used, as its answers told."""

from django.contrib import admin
from django.utils.translation import gettext_lazy as _

from accounts.admin.filters import AccountFilter
from accounts.admin.readonly import ReadOnlyAdmin
from accounts.admin.show import badge, moment, percent
from accounts.models import AccountUsage
from core.clock import now

NEARLY, ALL = 75, 100


def tone(usage: AccountUsage) -> str:
    if usage.used >= ALL:
        return "bad"
    return "care" if usage.used >= NEARLY else "good"


@admin.register(AccountUsage)
class AccountUsageAdmin(ReadOnlyAdmin):
    account_path = "account"
    list_display = ("account", "kind", "left_now", "calls", "time", "cpu", "regained", "at")
    list_filter = (("account", AccountFilter), "kind")
    list_select_related = ("account",)
    search_fields = ("kind", "=business_id")
    ordering = ("account__name", "kind")
    fields = ("account", "kind", "business_id", "left_now", "calls", "time", "cpu", "regained", "at")

    @admin.display(description=_("left"))
    def left_now(self, usage: AccountUsage) -> str:
        return left(usage)

    @admin.display(description=_("access regained"))
    def regained(self, usage: AccountUsage) -> str:
        return moment(usage.regained_at)


def left(usage: AccountUsage) -> str:
    """What is left, or that nobody knows: an old word says nothing about now."""
    if not usage.is_current(now()):
        return badge(_("not told in the last hour"), "quiet")
    return badge(percent(usage.left), tone(usage))
