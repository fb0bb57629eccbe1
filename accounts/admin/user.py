"""People. Agents have a page of their own; nobody is deleted, because history names them."""

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from django import forms
from django.conf import settings
from django.contrib import admin
from django.contrib.auth.admin import UserAdmin as StockUserAdmin
from django.contrib.auth.forms import AdminPasswordChangeForm, BaseUserCreationForm
from django.core.exceptions import PermissionDenied, ValidationError
from django.db import transaction
from django.db.models import Prefetch, Q, QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.html import format_html, format_html_join
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext, pgettext_lazy

from accounts.admin.base import AnyModelForm, ProductAdmin, asked_by
from accounts.admin.deeds import Deed, ReasonForm, WithDeeds
from accounts.admin.grant import PRESET_CHOICES, GrantInline, SavesGrants
from accounts.admin.invitation import list_tools
from accounts.admin.people_filters import OnAccount
from accounts.admin.people_grid import people_for, words_for
from accounts.admin.permissions import managed_accounts, person
from accounts.admin.show import badge
from accounts.granting import give_preset
from accounts.leaving import check_superuser, deactivate, let_in_again, sign_out
from accounts.models import Account, Activity, Grant, User
from core.clock import now

if TYPE_CHECKING:
    AnyUserAdmin = StockUserAdmin[User]
    AnyUserCreationForm = BaseUserCreationForm[User]
    AnyPasswordForm = AdminPasswordChangeForm[User]
else:
    AnyUserAdmin, AnyUserCreationForm, AnyPasswordForm = StockUserAdmin, BaseUserCreationForm, AdminPasswordChangeForm

# How many accounts the list names of each person.
NAMED = 3
EXPLAINED = {
    "is_staff": _("Managers need it to configure their accounts. By itself it shows nothing; grants say which accounts."),
    "is_superuser": _("Sees and changes everything: all accounts, Meta apps, people, agents and policies."),
    "time_zone": _("For example Europe/Lisbon. Blank is the installation's own."),
}


class PersonForm(AnyModelForm):
    """What a superuser may change of a person."""

    by: User

    class Meta:
        model = User
        fields = ("email", "name", "time_zone", "is_staff", "is_superuser")
        labels = {"is_superuser": _("Superuser")}
        help_texts = EXPLAINED

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        taken = [name for name in ("is_staff", "is_superuser") if getattr(self.instance, name) and not cleaned.get(name, True)]
        if taken and self.instance == self.by:
            raise ValidationError(_("You cannot take this from yourself. Ask another superuser, so that one always remains."))
        if taken:
            check_superuser(self.by)
        return cleaned


class PasswordForm(AnyPasswordForm):
    """A new password. There is no other way to sign in, so the stock choice of having none would only shut people out, oneself too."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields.pop("usable_password", None)
        for field in self.fields.values():
            field.required = True

    def save(self, commit: bool = True) -> User:
        # Nothing else: somebody may change what else is so of this person at this very moment.
        user: User = super().save(commit=False)
        user.save(update_fields=["password"])
        return user


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


def is_in(user: User) -> bool:
    return user.is_active


def is_out(user: User) -> bool:
    return not user.is_active


@admin.register(User)
class UserAdmin(SavesGrants, WithDeeds, ProductAdmin, AnyUserAdmin):
    """People, as a superuser configures them and as a manager sees those on their accounts."""

    form, add_form, add_form_template = PersonForm, NewPersonForm, None
    change_password_form = PasswordForm
    change_user_password_template = "admin/people/password.html"  # noqa: S105 (a template)
    change_list_template = "admin/people/change_list.html"
    inlines = (GrantInline,)
    actions = ("sign_out_selected",)
    deeds = (
        Deed("sign_out", _("Sign out everywhere"), _("Every browser in which they are signed in asks for the password again."), offered=is_in),
        Deed(
            "deactivate", _("Deactivate"),
            _(
                "They are signed out at once and cannot sign in. History keeps their name; their grants stay, without effect. Whom they invited cannot accept. "
                "Agents that they answer for go on, and they may know the keys: choose somebody else there, and rotate these."
            ),
            form=ReasonForm, offered=is_in, grave=True,
        ),
        Deed("let_in", _("Let in again"), _("They sign in with the password that they had, and may do what they were granted."), offered=is_out),
    )  # fmt: skip
    list_display = ("who", "email", "accounts", "may_configure", "state", "last_login")
    list_filter = ("is_active", "is_staff", "is_superuser", OnAccount)
    search_fields = ("name", "email")
    ordering = ("name", "email")
    filter_horizontal = ()
    readonly_fields = ("state", "password_state", "last_login", "date_joined")
    fieldsets = (
        (_("Who"), {"fields": ("email", "name", "time_zone", "password_state")}),
        (pgettext_lazy("rights", "May"), {"fields": ("state", "is_staff", "is_superuser")}),
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
        return Q(pk__in=people_for(user).values("pk"))

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        # Where e-mails leave, an invitation is better: nobody but the person ever knows the password.
        return super().has_add_permission(request) and not settings.MAILS_LEAVE

    def get_queryset(self, request: HttpRequest) -> QuerySet[User]:
        theirs = Grant.objects.filter(account__in=managed_accounts(person(request))).select_related("account").order_by("account__name", "account")
        return super().get_queryset(request).filter(is_agent=False).prefetch_related(Prefetch("grants", theirs, to_attr="shown"))

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        fixed = super().get_readonly_fields(request, obj)
        # A manager who could change an e-mail or a password could become anybody.
        return fixed if person(request).is_superuser or obj is None else (*fixed, "email", "name", "time_zone", "is_staff", "is_superuser")

    def get_actions(self, request: HttpRequest) -> Any:
        return super().get_actions(request) if person(request).is_superuser else {}

    def user_change_password(self, request: HttpRequest, id: str, form_url: str = "") -> HttpResponse:
        """Setting somebody's password is being able to sign in as them, so it is remembered who did."""
        by = person(request)
        if not by.is_superuser:
            raise PermissionDenied
        with transaction.atomic():
            answer = super().user_change_password(request, id, form_url)
            if answer.status_code == 302:
                Activity.record("user.password_set", User.objects.get(pk=id), by=by, at=now())
        return answer

    def deed_view(self, request: HttpRequest, pk: int, deed: Deed) -> HttpResponse:
        if not person(request).is_superuser:
            raise PermissionDenied
        return super().deed_view(request, pk, deed)

    # What it shows ------------------------------------------------------------------------------------------------
    def changelist_view(self, request: HttpRequest, extra_context: Any = None) -> HttpResponse:
        by_hand = [(reverse("admin:accounts_user_add"), _("Add with a first password"))] if self.has_add_permission(request) else []
        return super().changelist_view(request, {"tools": list_tools(request) + by_hand} | (extra_context or {}))

    def change_view(self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: Any = None) -> HttpResponse:
        agent = User.objects.filter(pk=object_id, is_agent=True).select_related("agent").first() if object_id.isdecimal() else None
        if agent and hasattr(agent, "agent"):
            return redirect("admin:agents_agent_change", agent.agent.pk)
        return super().change_view(request, object_id, form_url, extra_context)

    def render_change_form(self, request: HttpRequest, context: Any, *args: Any, **kwargs: Any) -> Any:
        answer = super().render_change_form(request, context, *args, **kwargs)
        if not person(request).is_superuser:
            answer.context_data["deeds"] = []
        return answer

    def get_form(self, request: HttpRequest, obj: Any = None, change: bool = False, **kwargs: Any) -> Any:
        return asked_by(super().get_form(request, obj, change=change, **kwargs), person(request))

    def get_inlines(self, request: HttpRequest, obj: Any) -> Any:
        return super().get_inlines(request, obj) if obj else ()

    @admin.display(description=_("name"), ordering="name")
    def who(self, user: User) -> str:
        return str(user)

    @admin.display(description=_("accounts"))
    def accounts(self, user: Any) -> str:
        """The first few accounts that whoever looks manages, with what the person may do there."""
        if user.is_superuser:
            return str(_("all"))
        held: dict[Account, set[str]] = {}
        for grant in user.shown:
            held.setdefault(grant.account, set()).add(grant.right)
        rows = [(account, words_for(rights)) for account, rights in held.items()]
        more = ngettext("and %d more", "and %d more", len(rows) - NAMED) % (len(rows) - NAMED) if len(rows) > NAMED else ""
        return format_html("{} {}", format_html_join(", ", "{}: {}", rows[:NAMED]), more) if rows else "–"

    @admin.display(description=_("configuration"))
    def may_configure(self, user: User) -> str:
        if user.is_superuser:
            return badge(_("everything"), "care")
        return badge(_("their accounts"), "quiet") if user.is_staff else "–"

    @admin.display(description=_("state"), ordering="is_active")
    def state(self, user: User) -> str:
        return badge(_("active"), "good") if user.is_active else badge(_("inactive"), "bad")

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

    def do_deactivate(self, request: HttpRequest, user: User, *, reason: str) -> str:
        deactivate(user, by=person(request), at=now(), reason=reason)
        return _("%(who)s is signed out and cannot sign in any more.") % {"who": user}

    def do_let_in(self, request: HttpRequest, user: User) -> str:
        let_in_again(user, by=person(request), at=now())
        return _("%(who)s can sign in again.") % {"who": user}

    def do_sign_out(self, request: HttpRequest, user: User) -> str:
        number = sign_out(user, by=person(request), at=now())
        return ngettext("%d session is ended.", "%d sessions are ended.", number) % number

    @admin.action(description=_("Sign out everywhere"))
    def sign_out_selected(self, request: HttpRequest, people: Iterable[User]) -> None:
        number = sum(sign_out(user, by=person(request), at=now()) for user in people if user != person(request))
        self.message_user(request, ngettext("%d session is ended.", "%d sessions are ended.", number) % number)
