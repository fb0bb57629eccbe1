"""Labels: the same ones on every account, so that superusers alone rename, colour and delete them."""

from typing import Any

from django.contrib import admin
from django.http import HttpRequest

from accounts.admin.base import ProductAdmin
from accounts.admin.permissions import person
from accounts.models import Activity
from core.clock import now
from inbox.models import Label


@admin.register(Label)
class LabelAdmin(ProductAdmin):
    list_display = ("name", "colour")
    list_filter = ("colour",)
    search_fields = ("name",)
    fields = ("name", "colour")

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return person(request).is_superuser

    def delete_model(self, request: HttpRequest, obj: Any) -> None:
        Activity.record("label.deleted", obj, by=person(request), at=now(), name=obj.name)
        super().delete_model(request, obj)

    def delete_queryset(self, request: HttpRequest, queryset: Any) -> None:
        for label in queryset:
            self.delete_model(request, label)
