"""What of Meta's news has no place yet: not understood, without a screen, waiting for something else, or of an account that is not connected."""

from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from accounts.admin.filters import AccountFilter
from accounts.admin.permissions import person
from accounts.admin.readonly import ReadOnlyAdmin, ReadOnlyInline
from accounts.admin.show import as_json, badge, link, masked, moment
from inbox.admin.waits import what_it_waits_for
from inbox.models import KeptEvent

MOST_KINDS = 100


class KeptEventInline(ReadOnlyInline):
    """Those of one delivery."""

    model = KeptEvent
    account_path = "account"
    fields = ("position", "kind", "account", "reason", "waits_for")

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        return super().get_queryset(request).select_related("account").order_by("position")


class KindFilter(admin.SimpleListFilter):
    """By kind, among those that there are where the person may look."""

    title = _("kind")
    parameter_name = "kind"

    def lookups(self, request: HttpRequest, model_admin: Any) -> Any:
        kinds = model_admin.get_queryset(request).order_by("kind").values_list("kind", flat=True).distinct()
        return [(kind, kind) for kind in kinds[:MOST_KINDS]]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        return queryset.filter(kind=self.value()) if self.value() else queryset


class WaitsFilter(admin.SimpleListFilter):
    title = _("waiting")
    parameter_name = "waiting"

    def lookups(self, request: HttpRequest, model_admin: Any) -> Any:
        return (("yes", _("for something else to come")), ("no", _("for nothing")))

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        if self.value() == "yes":
            return queryset.exclude(waits_for="")
        return queryset.filter(waits_for="") if self.value() == "no" else queryset


@admin.register(KeptEvent)
class KeptEventAdmin(ReadOnlyAdmin):
    account_path = "account"
    list_display = ("kind", "account", "reason", "waits", "at", "arrived")
    list_filter = (KindFilter, WaitsFilter, ("account", AccountFilter))
    list_select_related = ("account", "delivery")
    search_fields = ("kind", "reason", "=key")
    fields = ("kind", "account", "reason", "waits", "at", "arrived", "came", "position", "event")

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        return super().get_queryset(request).defer("delivery__body", "account__token")

    def get_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        # A delivery may speak of accounts that a manager does not manage.
        return [name for name in self.fields if name != "came" or person(request).is_superuser]

    @admin.display(description=_("waits for"))
    def waits(self, kept: KeptEvent) -> str:
        return badge(what_it_waits_for(kept), "care") if kept.waits_for else "–"

    @admin.display(description=_("received"), ordering="delivery")
    def arrived(self, kept: KeptEvent) -> str:
        return moment(kept.delivery.received_at)

    @admin.display(description=_("delivery"))
    def came(self, kept: KeptEvent) -> str:
        return link(kept.delivery)

    @admin.display(description=_("event"))
    def event(self, kept: KeptEvent) -> str:
        return as_json(masked(kept.body))
