"""Who may see and change what in the admin, in one place.

Django's own model permissions say which kinds of things somebody may touch, never whose. Countersign's grants say whose, so the admin goes by
them alone: a superuser sees everything; anybody else who may open the configuration sees, and changes where there is something to change, what
belongs to the accounts on which they were granted `manage`. Nothing is deleted, except grants.
"""

from typing import TYPE_CHECKING, Any, cast

from django.contrib.admin.options import BaseModelAdmin
from django.db.models import Q, QuerySet
from django.http import HttpRequest

from accounts.models import Account, Right, User

if TYPE_CHECKING:
    AnyAdmin = BaseModelAdmin[Any]
else:
    AnyAdmin = BaseModelAdmin


def person(request: HttpRequest) -> User:
    """Who asks. The site lets nobody in who is not signed in."""
    return cast(User, request.user)


def managed_accounts(user: User) -> QuerySet[Account]:
    """The accounts that this person may configure."""
    return Account.objects.where(user, Right.MANAGE)


def manages_something(request: HttpRequest) -> bool:
    """Whether this person may configure any account. Asked dozens of times a page, so each request remembers the answer."""
    if not hasattr(request, "manages_something"):
        request.manages_something = managed_accounts(person(request)).exists()  # type: ignore[attr-defined]
    return bool(request.manages_something)  # type: ignore[attr-defined]


class ByAccount(AnyAdmin):
    """Limits an admin, or an inline, to what the person manages.

    Every view of the admin takes its rows from `get_queryset`, so that limit holds for each object too.
    """

    # The look-up that leads from the model to its account; None keeps the model to superusers.
    account_path: str | None = None

    def scope(self, user: User) -> Q | None:
        """What somebody who is not a superuser may see; None is nothing at all."""
        return Q(**{f"{self.account_path}__in": managed_accounts(user)}) if self.account_path else None

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        rows = super().get_queryset(request)
        if person(request).is_superuser:
            return rows
        scope = self.scope(person(request))
        return rows.none() if scope is None else rows.filter(scope)

    def may_enter(self, request: HttpRequest) -> bool:
        """Asked hundreds of times a page, so each request remembers the answer of each kind of thing."""
        known: dict[type, bool] = request.__dict__.setdefault("may_enter", {})
        if type(self) not in known:
            user = person(request)
            known[type(self)] = user.is_superuser or (manages_something(request) and self.scope(user) is not None)
        return known[type(self)]

    def has_module_permission(self, request: HttpRequest) -> bool:
        return self.may_enter(request)

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return self.may_enter(request)

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return self.may_enter(request)

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return self.may_enter(request)

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def formfield_for_foreignkey(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        if db_field.related_model is Account:
            kwargs["queryset"] = managed_accounts(person(request))
        return super().formfield_for_foreignkey(db_field, request, **kwargs)


