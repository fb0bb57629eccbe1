"""People. Agents have a page of their own; nobody is deleted, because history names them."""

from typing import TYPE_CHECKING, Any

from django import forms
from django.contrib import admin
from django.contrib.auth.admin import UserAdmin as StockUserAdmin
from django.contrib.auth.forms import BaseUserCreationForm
from django.core.exceptions import PermissionDenied, ValidationError
from django.db.models import Q, QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.html import format_html
from django.utils.translation import gettext_lazy as _

from accounts.admin.base import AnyModelForm, ProductAdmin, asked_by
from accounts.admin.grant import PRESET_CHOICES, GrantInline, SavesGrants
from accounts.admin.permissions import managed_accounts, person
from accounts.admin.show import badge
from accounts.granting import give_preset
from accounts.models import Account, Grant, User
from core.clock import now

if TYPE_CHECKING:
    AnyUserAdmin = StockUserAdmin[User]
    AnyUserCreationForm = BaseUserCreationForm[User]
else:
    AnyUserAdmin, AnyUserCreationForm = StockUserAdmin, BaseUserCreationForm

EXPLAINED = {
    "is_active": _("Take this away instead of deleting somebody: they are signed out and cannot sign in, and history keeps their name."),
    "is_staff": _("Managers need it to configure their accounts. By itself it shows nothing; grants say which accounts."),
    "is_superuser": _("Sees and changes everything: all accounts, Meta apps, people, agents and policies."),
    "time_zone": _("For example Europe/Lisbon. Blank is the installation's own."),
}


class PersonForm(AnyModelForm):
    """What a superuser may change of a person."""

    by: User

    class Meta:
        model = User
        fields = ("email", "name", "time_zone", "is_active", "is_staff", "is_superuser")
        labels = {"is_superuser": _("Superuser")}
        help_texts = EXPLAINED

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        if self.instance == self.by and not all(cleaned.get(name, True) for name in ("is_active", "is_staff", "is_superuser")):
            raise ValidationError(_("You cannot take this from yourself. Ask another superuser, so that one always remains."))
        return cleaned


class NewPersonForm(AnyUserCreationForm):
    """A new person, with a first account to work on."""

    by: User

    account = forms.ModelChoiceField(label=_("Account"), queryset=Account.objects.none(), required=False)
    preset = forms.ChoiceField(label=_("As"), choices=PRESET_CHOICES)

    class Meta:
        model = User
        fields = ("email", "name")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        account = self.fields["account"]
        account.queryset = managed_accounts(self.by)  # type: ignore[attr-defined]
        account.required = not self.by.is_superuser
        account.help_text = _("More accounts can be added afterwards.")


@admin.register(User)
class UserAdmin(SavesGrants, ProductAdmin, AnyUserAdmin):
    """People, as a superuser configures them and as a manager sees those on their accounts."""

    form, add_form, add_form_template = PersonForm, NewPersonForm, None
    inlines = (GrantInline,)
    list_display = ("__str__", "email", "may_configure", "is_active", "last_login")
    list_filter = ("is_active", "is_staff", "is_superuser")
    search_fields = ("name", "email")
    ordering = ("name", "email")
    filter_horizontal = ()
    readonly_fields = ("password_state", "last_login", "date_joined")
    fieldsets = (
        (_("Who"), {"fields": ("email", "name", "time_zone", "password_state")}),
        (_("May"), {"fields": ("is_active", "is_staff", "is_superuser")}),
        (_("Dates"), {"fields": ("last_login", "date_joined")}),
    )
    add_fieldsets = (
        (_("Who"), {"fields": ("email", "name")}),
        (_("First password"), {"fields": ("password1", "password2"), "description": _("Tell it to the person in private; they can change it.")}),
        (_("First account"), {"fields": ("account", "preset")}),
    )

    # Who may ------------------------------------------------------------------------------------------------------
    def scope(self, user: User) -> Q:
        """A manager sees themselves and whoever has a grant on their accounts."""
        return Q(pk=user.pk) | Q(pk__in=Grant.objects.filter(account__in=managed_accounts(user)).values("user"))

    def get_queryset(self, request: HttpRequest) -> QuerySet[User]:
        return super().get_queryset(request).filter(is_agent=False)

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        fixed = super().get_readonly_fields(request, obj)
        # A manager who could change an e-mail or a password could become anybody.
        return fixed if person(request).is_superuser or obj is None else (*fixed, "email", "name", "time_zone", "is_active", "is_staff", "is_superuser")

    def user_change_password(self, request: HttpRequest, id: str, form_url: str = "") -> HttpResponse:
        if not person(request).is_superuser:
            raise PermissionDenied
        return super().user_change_password(request, id, form_url)

    # What it shows ------------------------------------------------------------------------------------------------
    def change_view(self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: Any = None) -> HttpResponse:
        agent = User.objects.filter(pk=object_id, is_agent=True).select_related("agent").first() if object_id.isdigit() else None
        if agent and hasattr(agent, "agent"):
            return redirect("admin:agents_agent_change", agent.agent.pk)
        return super().change_view(request, object_id, form_url, extra_context)

    def get_form(self, request: HttpRequest, obj: Any = None, change: bool = False, **kwargs: Any) -> Any:
        return asked_by(super().get_form(request, obj, change=change, **kwargs), person(request))

    def get_inlines(self, request: HttpRequest, obj: Any) -> Any:
        return super().get_inlines(request, obj) if obj else ()

    @admin.display(description=_("configuration"))
    def may_configure(self, user: User) -> str:
        if user.is_superuser:
            return badge(_("everything"), "care")
        return badge(_("their accounts"), "quiet") if user.is_staff else "–"

    @admin.display(description=_("password"))
    def password_state(self, user: User) -> str:
        state = badge(_("set"), "good") if user.has_usable_password() else badge(_("none"), "care")
        return format_html('{} <a href="../password/">{}</a>', state, _("Set a new password"))

    # What it does -------------------------------------------------------------------------------------------------
    def save_model(self, request: HttpRequest, obj: User, form: Any, change: bool) -> None:
        super().save_model(request, obj, form, change)
        account = form.cleaned_data.get("account")
        if not change and account:
            give_preset(obj, form.cleaned_data["preset"], account=account, by=person(request), at=now())
            obj.refresh_from_db()
