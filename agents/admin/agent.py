"""Agents: who answers for them, where they may propose, and their keys, each of which is shown exactly once."""

from typing import Any

from django import forms
from django.contrib import admin
from django.contrib.admin.widgets import AdminTextInputWidget
from django.db.models import Q
from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext_lazy as _

from accounts.admin.base import AnyModelForm, ProductAdmin, asked_by
from accounts.admin.deeds import Deed, ReasonForm, WithDeeds
from accounts.admin.permissions import managed_accounts, person
from accounts.admin.show import badge, link
from accounts.granting import set_right_on
from accounts.models import Account, Right, Stop, User
from agents.admin.client import client_lines
from agents.admin.key import AgentKeyInline
from agents.models import Agent, AgentKey
from core.clock import now


class AgentForm(AnyModelForm):
    """Who the agent is, and on which of the accounts that one manages it may propose."""

    by: User

    name = forms.CharField(label=_("Name"), max_length=120, widget=AdminTextInputWidget())
    active = forms.BooleanField(label=_("Active"), required=False, initial=True, help_text=_("While it is not, none of its keys is accepted."))
    accounts = forms.ModelMultipleChoiceField(
        label=_("May propose on"), queryset=Account.objects.none(), required=False, widget=forms.CheckboxSelectMultiple,
        help_text=_("It reads the conversations of these accounts, and proposes messages that the policy lets through or brings to a person."),
    )  # fmt: skip

    class Meta:
        model = Agent
        fields = ("owner", "policy")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["accounts"].queryset = managed_accounts(self.by)  # type: ignore[attr-defined]
        if self.instance.pk:
            user = self.instance.user
            accounts = list(user.grants.filter(right=Right.PROPOSE).values_list("account", flat=True))
            self.initial.update(name=user.name, active=user.is_active, accounts=accounts)


class KeyForm(forms.Form):
    """What a new key is for, and until when."""

    name = forms.CharField(label=_("Name"), max_length=80, help_text=_("Where the key is used, for example “laptop”."), widget=AdminTextInputWidget())
    expires_at = forms.DateTimeField(
        label=_("Expires"), required=False, help_text=_("Left empty, it works until it is revoked."),
        widget=forms.DateTimeInput(attrs={"type": "datetime-local"}, format="%Y-%m-%dT%H:%M"),
    )  # fmt: skip


@admin.register(Agent)
class AgentAdmin(WithDeeds, ProductAdmin):
    form = AgentForm
    inlines = (AgentKeyInline,)
    deeds = (
        Deed(
            "issue", _("Issue a key"), _("A key lets an MCP client in as this agent. Its text is shown once, on the next page; only a digest is kept."),
            form=KeyForm,
        ),
        Deed(
            "stop", _("Stop this agent"), _("It may send nothing more, on any account, until the stop is lifted. What waits stays where it is."),
            form=ReasonForm, grave=True,
        ),
    )  # fmt: skip
    list_display = ("name", "state", "owner", "policy", "created_at")
    list_filter = ("policy", "user__is_active")
    list_select_related = ("user", "owner", "policy")
    search_fields = ("user__name", "owner__name", "owner__email", "=public_id")
    ordering = ("user__name",)
    fieldsets = (
        (_("Who"), {"fields": ("name", "owner", "active", "created_at")}),
        (_("May"), {"fields": ("accounts", "policy", "policy_in_force")}),
    )
    add_fieldsets = ((None, {"fields": ("name", "owner", "accounts")}),)
    readonly_fields = ("created_at", "policy_in_force")

    # Who may ------------------------------------------------------------------------------------------------------
    def scope(self, user: User) -> Q:
        """A manager has agents of their own, and nothing to do with those of others."""
        return Q(owner=user)

    def formfield_for_foreignkey(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        if db_field.name == "owner":
            people = User.objects.filter(is_agent=False, is_active=True).order_by("name", "email")
            kwargs |= {"queryset": people if person(request).is_superuser else people.filter(pk=person(request).pk), "initial": person(request).pk}
        return super().formfield_for_foreignkey(db_field, request, **kwargs)

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        # The policy says what needs a person; loosening it is not for the agent's own owner.
        fixed = super().get_readonly_fields(request, obj)
        return fixed if person(request).is_superuser or obj is None else (*fixed, "policy")

    # What it shows ------------------------------------------------------------------------------------------------
    def get_fieldsets(self, request: HttpRequest, obj: Any = None) -> Any:
        return super().get_fieldsets(request, obj) if obj else self.add_fieldsets

    def get_inlines(self, request: HttpRequest, obj: Any) -> Any:
        return super().get_inlines(request, obj) if obj else ()

    def get_form(self, request: HttpRequest, obj: Any = None, change: bool = False, **kwargs: Any) -> Any:
        return asked_by(super().get_form(request, obj, change=change, **kwargs), person(request))

    @admin.display(description=_("agent"), ordering="user__name")
    def name(self, agent: Agent) -> str:
        return str(agent)

    @admin.display(description=_("state"), ordering="user__is_active")
    def state(self, agent: Agent) -> str:
        return badge(_("active"), "good") if agent.user.is_active else badge(_("not active"), "quiet")

    @admin.display(description=_("policy in force"))
    def policy_in_force(self, agent: Agent) -> str:
        version = agent.policy.current if agent.policy else None
        return link(version) if version else badge(_("none: everything is denied"), "bad")

    # What it does -------------------------------------------------------------------------------------------------
    def save_model(self, request: HttpRequest, obj: Agent, form: Any, change: bool) -> None:
        if change:
            super().save_model(request, obj, form, change)
            User.objects.filter(pk=obj.user_id).update(name=form.cleaned_data["name"], is_active=form.cleaned_data["active"])
        else:
            made = Agent.create(form.cleaned_data["name"], owner=obj.owner, by=person(request), at=now())
            obj.pk, obj.user, obj.policy = made.pk, made.user, made.policy
        among = set(managed_accounts(person(request)))
        set_right_on(obj.user, Right.PROPOSE, set(form.cleaned_data["accounts"]), among=among, by=person(request), at=now())

    def do_issue(self, request: HttpRequest, agent: Agent, *, name: str, expires_at: Any) -> HttpResponse:
        key, text = AgentKey.issue(agent, name=name, by=person(request), at=now(), expires_at=expires_at)
        title = _("The new key of %(agent)s") % {"agent": agent}
        shown = {"key": key, "text": text, "clients": client_lines(text), "title": title}
        return self.deed_page(request, agent, self.deeds[0], shown, template="admin/agents/agent/issued.html")

    def do_stop(self, request: HttpRequest, agent: Agent, *, reason: str) -> str:
        Stop.place(by=person(request), agent=agent.user, reason=reason, at=now())
        return _("%(agent)s is stopped.") % {"agent": agent}
