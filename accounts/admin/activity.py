"""Activity can be read, and taken along as a table; nothing else."""

from typing import Any

from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import path, reverse
from django.utils.html import format_html
from django.utils.text import capfirst
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from accounts.admin.activity_export import MOST, as_csv
from accounts.admin.activity_words import in_words, kind_in_words, models_by_name, somebody
from accounts.admin.filters import AccountFilter
from accounts.admin.readonly import ReadOnlyAdmin
from accounts.admin.show import as_json
from accounts.models import Activity

# What verbs are about; the other kinds of rows are parts of these.
KINDS = (
    "account", "agent", "agentkey", "backfill", "connectionrequest", "contact", "deletionrequest", "grant", "invitation", "message", "metaapp", "policy",
    "proposal", "stop", "user", "webhookdelivery",
)  # fmt: skip


class WhoFilter(admin.SimpleListFilter):
    """By kind of actor."""

    title = _("who")
    parameter_name = "who"

    def lookups(self, request: HttpRequest, model_admin: Any) -> Any:
        return (("people", _("people")), ("agents", _("agents")), ("itself", _("Countersign itself")))

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        if self.value() == "itself":
            return queryset.filter(by=None)
        return queryset.filter(by__is_agent=self.value() == "agents") if self.value() else queryset


class KindFilter(admin.SimpleListFilter):
    """By what it was done to."""

    title = _("kind of thing")
    parameter_name = "target_type"

    def lookups(self, request: HttpRequest, model_admin: Any) -> Any:
        return sorted(((name, capfirst(kind_in_words(name))) for name in KINDS), key=lambda pair: pair[1])

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        return queryset.filter(target_type=self.value()) if self.value() else queryset


@admin.register(Activity)
class ActivityAdmin(ReadOnlyAdmin):
    account_path = "account"
    actions = ("export",)
    list_display = ("at", "who", "did", "target", "account")
    list_display_links = ("at",)
    list_filter = (WhoFilter, KindFilter, ("account", AccountFilter))
    list_select_related = ("by", "account")
    search_fields = ("verb", "target_type", "=target_id", "by__name", "by__email")
    search_help_text = _("A verb such as key.rotated, the id of what it was done to, or who did it.")
    date_hierarchy = "at"
    fields = ("at", "who", "did", "verb", "target", "account", "what")

    def get_urls(self) -> Any:
        view = self.admin_site.admin_view(self.target_view)
        return [path("<int:pk>/target/", view, name="accounts_activity_target"), *super().get_urls()]

    def target_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        """To the page of what it was done to, for whoever may see that. Looked up only here: a list would ask once a line."""
        line = self.get_object(request, str(pk))
        model = models_by_name().get(line.target_type) if line else None
        its_admin = self.admin_site._registry.get(model) if model else None
        row = _row(its_admin.get_queryset(request), line.target_id) if line and its_admin else None
        if model is None or row is None:
            raise Http404
        return redirect(reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_change", args=[row.pk]))

    @admin.display(description=_("who"), ordering="by")
    def who(self, activity: Activity) -> str:
        return somebody(activity.by)

    @admin.display(description=_("did"), ordering="verb")
    def did(self, activity: Activity) -> str:
        return in_words(activity.verb)

    @admin.display(description=pgettext_lazy("what it was done to", "to"), ordering="target_type")
    def target(self, activity: Activity) -> str:
        kind = kind_in_words(activity.target_type)
        if not activity.target_id or activity.target_type not in models_by_name():
            return kind
        return format_html('{} <a href="{}">{}</a>', kind, reverse("admin:accounts_activity_target", args=[activity.pk]), activity.target_id)

    @admin.display(description=_("details"))
    def what(self, activity: Activity) -> str:
        return as_json(activity.details) if activity.details else "–"

    @admin.action(description=_("Export as CSV"))
    def export(self, request: HttpRequest, lines: QuerySet[Activity]) -> HttpResponse | None:
        if lines.count() > MOST:
            self.message_user(request, _("At most %d lines go into one file. Narrow the list down first.") % MOST, messages.WARNING)
            return None
        return as_csv(lines.select_related("by", "account").order_by("-at", "-pk"))


def _row(rows: QuerySet[Any], target_id: str) -> Any:
    """What is gone by now (a grant, for example) has no page."""
    names = {field.name for field in rows.model._meta.concrete_fields}
    if "public_id" in names and not target_id.isdigit():
        return rows.filter(public_id=target_id).first()
    return rows.filter(pk=target_id).first() if target_id.isdigit() else None
