"""Filters that offer no more than the person may see."""

from typing import Any

from django.contrib.admin import ModelAdmin, RelatedFieldListFilter
from django.http import HttpRequest

from accounts.admin.permissions import managed_accounts, person


class AccountFilter(RelatedFieldListFilter):
    """By account, among those that the person manages."""

    def field_choices(self, field: Any, request: HttpRequest, model_admin: "ModelAdmin[Any]") -> Any:
        managed = managed_accounts(person(request)).values("pk")
        return field.get_choices(include_blank=False, ordering=("name",), limit_choices_to={"pk__in": managed})
