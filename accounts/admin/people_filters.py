"""A filter for people and invitations, which may have something to do with several accounts."""

from typing import Any

from django.contrib import admin
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from accounts.admin.permissions import managed_accounts, person


class OnAccount(admin.SimpleListFilter):
    """By account, among those that the person manages. The stock filter would also answer who has something to do with any other."""

    title = _("account")
    parameter_name = "account"

    def __init__(self, request: HttpRequest, *args: Any) -> None:
        self.managed = managed_accounts(person(request))
        super().__init__(request, *args)

    def lookups(self, request: HttpRequest, model_admin: Any) -> Any:
        return list(self.managed.order_by("name").values_list("public_id", "name"))

    def queryset(self, request: HttpRequest, queryset: Any) -> Any:
        if not self.value():
            return queryset
        return queryset.filter(grants__account__in=self.managed.filter(public_id=self.value())).distinct()
