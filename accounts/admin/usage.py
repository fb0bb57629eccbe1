"""How much of Meta's limits is used, as its answers told."""

from typing import Any

from django.contrib import admin
from django.db.models import Q, QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from accounts.admin.filters import AccountFilter
from accounts.admin.readonly import ReadOnlyAdmin
from accounts.admin.show import badge, moment, percent
from accounts.models import AccountUsage
from accounts.models.usage import SPEAKS_FOR
from core.clock import now

NEARLY, ALL = 75, 100


def tone(usage: AccountUsage) -> str:
    if usage.used >= ALL:
        return "bad"
    return "care" if usage.used >= NEARLY else "good"


class NearlyFilter(admin.SimpleListFilter):
    """By how much is left, as far as Meta's word is current."""

    title = _("left")
    parameter_name = "left"

    def lookups(self, request: HttpRequest, model_admin: Any) -> Any:
        return (("little", _("a quarter or less")), ("nothing", _("nothing")), ("untold", _("not told in the last hour")))

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        is_current = Q(at__gt=now() - SPEAKS_FOR)
        if self.value() == "untold":
            return queryset.exclude(is_current)
        least = {"little": NEARLY, "nothing": ALL}.get(self.value() or "")
        return queryset if least is None else queryset.filter(is_current, Q(calls__gte=least) | Q(time__gte=least) | Q(cpu__gte=least))


@admin.register(AccountUsage)
class AccountUsageAdmin(ReadOnlyAdmin):
    account_path = "account"
    list_display = ("account", "kind", "left_now", "calls", "time", "cpu", "regained", "at")
    list_filter = (NearlyFilter, ("account", AccountFilter), "kind")
    list_select_related = ("account",)
    search_fields = ("account__name", "kind", "=business_id")
    date_hierarchy = "at"
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
