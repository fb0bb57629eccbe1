"""History: it can be looked at in the admin, and never added, changed or deleted there, even by superusers."""

from typing import Any

from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse

from accounts.admin.base import ProductAdmin, TabularInline
from accounts.admin.permissions import AnyAdmin, ByAccount


class ReadOnly(AnyAdmin):
    """Refuses every change, whoever asks."""

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        return self.fields or ()

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


class ReadOnlyAdmin(ReadOnly, ProductAdmin):
    """Pages of one kind of history."""

    actions: Any = ()

    def changelist_view(self, request: HttpRequest, extra_context: Any = None) -> HttpResponse:
        # The stock list ignores an action that it does not offer; a refusal is clearer, and a test can see it.
        if request.method == "POST" and not set(filter(None, request.POST.getlist("action"))) <= set(self.get_actions(request)):
            raise PermissionDenied
        return super().changelist_view(request, extra_context)


class ReadOnlyInline(ReadOnly, ByAccount, TabularInline):
    """History of one row, on that row's page."""

    template = "admin/edit_inline/rows.html"
    extra = 0
    can_delete = False
    show_change_link = True
    empty_value_display = "–"
