"""Agents: who answers for them, where they may propose, and their keys, each of which is shown exactly once."""

from typing import Any

from django.contrib import admin
from django.db.models import Q, QuerySet
from django.http import HttpRequest, HttpResponse
from django.template.loader import render_to_string
from django.utils.html import format_html
from django.utils.safestring import mark_safe
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from accounts.admin.base import ProductAdmin, asked_by
from accounts.admin.deeds import Deed, ReasonForm, WithDeeds
from accounts.admin.permissions import managed_accounts, person
from accounts.admin.show import badge, link
from accounts.granting import set_right_on
from accounts.models import Right, Stop, User
from agents.admin.agent_form import AgentForm, KeyForm
from agents.admin.agent_list import AccountFilter, AgentColumns, NeedsFilter, owner_mark, with_standing
from agents.admin.client import client_lines
from agents.admin.key import AgentKeyInline, issued
from agents.admin.policy_words import shown_in_words
from agents.models import Agent, AgentKey
from core.clock import now


@admin.register(Agent)
class AgentAdmin(AgentColumns, WithDeeds, ProductAdmin):
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
    list_display = ("name", "state", "answers_for", "where", "keys_shown", "used", "waiting", "policy_shown")
    list_filter = (NeedsFilter, AccountFilter, ("policy", admin.RelatedOnlyFieldListFilter), ("user__is_active", admin.BooleanFieldListFilter))
    list_select_related = ("user", "owner", "policy")
    search_fields = ("user__name", "owner__name", "owner__email", "=public_id")
    ordering = ("user__name", "pk")
    fieldsets = (
        (_("Who"), {"fields": ("name", "owner", "owner_state", "active", "created_at")}),
        (_("Now"), {"fields": ("state", "used", "waiting", "stops")}),
        (pgettext_lazy("rights", "May"), {"fields": ("accounts", "policy", "policy_in_force", "rules")}),
        (_("Connecting a client"), {"fields": ("clients",)}),
    )
    add_fieldsets = ((None, {"fields": ("name", "owner", "accounts")}),)
    readonly_fields = ("created_at", "owner_state", "state", "used", "waiting", "stops", "policy_in_force", "rules", "clients")

    class Media:
        css = {"all": ("css/copy.css",)}
        js = ("js/copy.js",)

    # Who may ------------------------------------------------------------------------------------------------------
    def scope(self, user: User) -> Q:
        """A manager has agents of their own, and nothing to do with those of others."""
        return Q(owner=user)

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        return with_standing(super().get_queryset(request), request)

    def formfield_for_foreignkey(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        if db_field.name == "owner":
            people = User.objects.filter(is_agent=False).order_by("name", "email")
            active = people.filter(Q(is_active=True) | Q(pk__in=self._owner_on_page(request)))
            kwargs |= {"queryset": active if person(request).is_superuser else people.filter(pk=person(request).pk), "initial": person(request).pk}
        return super().formfield_for_foreignkey(db_field, request, **kwargs)

    def _owner_on_page(self, request: HttpRequest) -> QuerySet[Any]:
        """An owner who is gone stays chosen until somebody chooses another, so that the page can be saved."""
        pk = str(request.resolver_match.kwargs.get("object_id", "")) if request.resolver_match else ""
        return Agent.objects.filter(pk=int(pk) if pk.isdecimal() else 0).values("owner")

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

    @admin.display(description=_("owner's login"))
    def owner_state(self, agent: Agent) -> str:
        if agent.owner.is_active:
            return badge(_("active"), "good")
        return format_html('{} <div class="help">{}</div>', owner_mark(agent), _("Choose somebody else who answers for this agent."))

    @admin.display(description=_("stops in force"))
    def stops(self, agent: Any) -> str:
        """Those that touch it, where whoever looks may know of them."""
        here = Q(account=None) | Q(account__in=[grant.account_id for grant in agent.user.seen_grants])
        touching = Stop.objects.in_force().filter(Q(agent=agent.user) | Q(agent=None), here)
        found = [link(stop) for stop in touching.select_related("agent", "account")[:10]]
        return mark_safe(", ".join(found)) if found else str(_("none"))  # noqa: S308 (each is escaped by `link`)

    @admin.display(description=_("policy in force"))
    def policy_in_force(self, agent: Agent) -> str:
        version = agent.policy.current if agent.policy else None
        return link(version) if version else badge(_("none: everything is denied"), "bad")

    @admin.display(description=_("in words"))
    def rules(self, agent: Agent) -> str:
        version = agent.policy.current if agent.policy else None
        return shown_in_words(version.document if version else None)

    @admin.display(description=_("configuration"))
    def clients(self, agent: Agent) -> str:
        return render_to_string("admin/agents/agent/_clients.html", {"clients": client_lines()})

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
        shown = issued(key, text, title=_("The new key of %(agent)s") % {"agent": agent})
        return self.deed_page(request, agent, self.deeds[0], shown, template="admin/agents/agent/issued.html")

    def do_stop(self, request: HttpRequest, agent: Agent, *, reason: str) -> str:
        Stop.place(by=person(request), agent=agent.user, reason=reason, at=now())
        return _("%(agent)s is stopped.") % {"agent": agent}
