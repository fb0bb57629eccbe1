"""The list of agents: who answers for each, where it may propose, and what is going on with it now."""

from typing import Any

from django.contrib import admin
from django.db.models import Count, Exists, IntegerField, Max, OuterRef, Prefetch, Q, QuerySet, Subquery
from django.db.models.functions import Coalesce
from django.http import HttpRequest
from django.urls import reverse
from django.utils.html import format_html
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from accounts.admin.base import ModelAdmin
from accounts.admin.permissions import managed_accounts, person
from accounts.admin.show import badge
from accounts.models import Grant, Right, Stop
from agents.admin.key import last_used
from agents.models import Agent, AgentKey, PolicyVersion, Proposal
from core.clock import now

NAMED = 3


class AccountFilter(admin.SimpleListFilter):
    """By where an agent may propose, among the accounts that the person manages."""

    title = gettext_lazy("account")
    parameter_name = "account"

    def lookups(self, request: HttpRequest, model_admin: Any) -> Any:
        return [(account.public_id, account.name) for account in managed_accounts(person(request))]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        if not self.value():
            return queryset
        accounts = managed_accounts(person(request)).filter(public_id=self.value())
        return queryset.filter(user__in=Grant.objects.filter(right=Right.PROPOSE, account__in=accounts).values("user"))


class NeedsFilter(admin.SimpleListFilter):
    """What an admin has to look after."""

    title = gettext_lazy("what is needed")
    parameter_name = "needs"

    def lookups(self, request: HttpRequest, model_admin: Any) -> Any:
        return (("owner", _("another owner")), ("key", _("a key")), ("decisions", _("decisions")))

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        needs = {"owner": Q(owner__is_active=False), "key": Q(keys_in_use=0), "decisions": Q(pending__gt=0)}
        return queryset.filter(needs.get(self.value() or "", Q()))


def with_standing(agents: QuerySet[Any], request: HttpRequest) -> QuerySet[Any]:
    """Each with what the list shows: a handful of queries, however many agents there are."""
    seen = Grant.objects.filter(right=Right.PROPOSE, account__in=managed_accounts(person(request))).select_related("account").order_by("account__name")
    counted: QuerySet[Any] = agents.annotate(
        keys_in_use=_number_of(AgentKey.objects.valid(now()).filter(agent=OuterRef("pk")), "agent"),
        pending=_number_of(Proposal.objects.filter(agent=OuterRef("pk"), state=Proposal.State.PENDING), "agent"),
        places=_number_of(Grant.objects.filter(user=OuterRef("user"), right=Right.PROPOSE), "user"),
        version=Subquery(PolicyVersion.objects.filter(policy=OuterRef("policy")).order_by("-number").values("number")[:1]),
        used_at=Subquery(AgentKey.objects.filter(agent=OuterRef("pk")).order_by().values("agent").annotate(at=Max("last_used_at")).values("at")),
        is_stopped=Exists(Stop.objects.in_force().filter(Q(agent=OuterRef("user")) | Q(agent=None, account=None, conversation=""))),
    )
    complete: QuerySet[Any] = counted.prefetch_related(Prefetch("user__grants", queryset=seen, to_attr="seen_grants"))
    return complete


def _number_of(rows: QuerySet[Any], by: str) -> Coalesce:
    return Coalesce(Subquery(rows.order_by().values(by).annotate(number=Count("pk")).values("number"), output_field=IntegerField()), 0)


class AgentColumns(ModelAdmin):
    """What each column says; the rows come from `with_standing`."""

    @admin.display(description=gettext_lazy("agent"), ordering="user__name")
    def name(self, agent: Agent) -> str:
        return str(agent)

    @admin.display(description=gettext_lazy("state"), ordering="user__is_active")
    def state(self, agent: Any) -> str:
        if not agent.user.is_active:
            return badge(_("not active"), "quiet")
        return badge(_("stopped"), "bad") if agent.is_stopped else badge(_("active"), "good")

    @admin.display(description=gettext_lazy("owner"), ordering="owner__name")
    def answers_for(self, agent: Agent) -> str:
        return format_html("{} {}", agent.owner, owner_mark(agent))

    @admin.display(description=gettext_lazy("may propose on"), ordering="places")
    def where(self, agent: Any) -> str:
        names = [grant.account.name for grant in agent.user.seen_grants[:NAMED]]
        more = agent.places - len(names)
        if more:
            names.append(ngettext("%d more", "%d more", more) % more)
        return ", ".join(names) or badge(_("nowhere"), "care")

    @admin.display(description=gettext_lazy("keys in use"), ordering="keys_in_use")
    def keys_shown(self, agent: Any) -> str:
        if not agent.keys_in_use:
            return badge(_("none"), "care")
        return format_html('<a href="{}?agent__id__exact={}&amp;state=in-use">{}</a>', reverse("admin:agents_agentkey_changelist"), agent.pk, agent.keys_in_use)

    @admin.display(description=gettext_lazy("last used"), ordering="used_at")
    def used(self, agent: Any) -> str:
        return last_used(agent.used_at)

    @admin.display(description=gettext_lazy("wait for a decision"), ordering="pending")
    def waiting(self, agent: Any) -> str:
        if not agent.pending:
            return "0"
        address = reverse("admin:agents_proposal_changelist")
        return format_html('<a href="{}?agent__id__exact={}&amp;state__exact=pending">{}</a>', address, agent.pk, agent.pending)

    @admin.display(description=gettext_lazy("policy in force"), ordering="policy__name")
    def policy_shown(self, agent: Any) -> str:
        if agent.version is None:
            return badge(_("none: everything is denied"), "bad")
        return _("%(policy)s, version %(number)s") % {"policy": agent.policy, "number": agent.version}


def owner_mark(agent: Agent) -> str:
    """Nobody answers for an agent whose owner is gone."""
    return "" if agent.owner.is_active else badge(_("not active any more"), "bad")
