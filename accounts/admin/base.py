"""What every page of the admin has in common."""

from typing import TYPE_CHECKING, Any

from django.contrib import admin
from django.forms import Form, ModelForm
from django.http import HttpRequest, HttpResponse
from django.utils.text import capfirst

from accounts.admin.permissions import ByAccount, person
from accounts.models import Account, Activity, User
from core.clock import now

if TYPE_CHECKING:
    ModelAdmin = admin.ModelAdmin[Any]
    TabularInline = admin.TabularInline[Any, Any]
    AnyModelForm = ModelForm[Any]
else:
    AnyModelForm = ModelForm
    ModelAdmin = admin.ModelAdmin
    TabularInline = admin.TabularInline


def asked_by(form: Any, user: User) -> Any:
    """The form class as this person gets it: the admin asks for a class, and some forms offer what depends on who asks (`self.by`)."""
    return type(form)(form.__name__, (form,), {"by": user})


class ProductAdmin(ByAccount, ModelAdmin):
    """An admin of ours: limited by grants, never deleting, and writing Activity for what people change."""

    list_per_page = 50
    # Counting the whole of a long history for "1 result (2,000,000 total)" costs more than it tells.
    show_full_result_count = False
    # Counts beside each filter cost a query each.
    show_facets = admin.ShowFacets.NEVER
    empty_value_display = "–"

    def changelist_view(self, request: HttpRequest, extra_context: Any = None) -> HttpResponse:
        return super().changelist_view(request, {"title": capfirst(str(self.opts.verbose_name_plural))} | (extra_context or {}))

    def view_on_site(self, obj: Any) -> str | None:
        """Straight to the page, without the detour of the stock admin through a redirect that asks nobody."""
        return obj.get_absolute_url() if hasattr(obj, "get_absolute_url") else None

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        if change:
            # Only what the person changed: a worker may have written other fields (the state of an account) since the form was read.
            columns = {field.name for field in obj._meta.concrete_fields}
            obj.save(update_fields=[name for name in form.changed_data if name in columns])
        else:
            super().save_model(request, obj, form, change)
        self.record(request, "changed" if change else "added", obj, form)

    def record(self, request: HttpRequest, did: str, obj: Any, form: Form) -> None:
        """One line of who changed which fields. It names fields and never values, of which some are secret."""
        if form.changed_data or did == "added":
            account = obj if isinstance(obj, Account) else getattr(obj, "account", None)
            verb = f"{obj._meta.model_name}.{did}"
            Activity.record(verb, obj, by=person(request), at=now(), account=account, fields=form.changed_data)
