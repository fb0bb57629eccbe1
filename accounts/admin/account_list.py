"""The list of accounts: what an admin wants to know of each at a glance."""

from datetime import datetime, timedelta
from typing import Any

from django.contrib import admin
from django.db.models import Count, IntegerField, OuterRef, Q, QuerySet, Subquery
from django.db.models.functions import Coalesce
from django.http import HttpRequest
from django.urls import reverse
from django.utils.html import format_html, format_html_join
from django.utils.translation import gettext, ngettext, pgettext_lazy
from django.utils.translation import gettext_lazy as _

from accounts.admin.base import ProductAdmin
from accounts.admin.permissions import person
from accounts.admin.show import badge
from accounts.checklist import expiry_words
from accounts.models import Account
from accounts.moments import when
from core.clock import now
from graph.networks import Login

TONES = {Account.State.CONNECTED: "good", Account.State.NEEDS_RECONNECT: "bad", Account.State.RESTRICTED: "bad", Account.State.DISCONNECTED: "quiet"}
SOON = timedelta(days=14)
# What may be sent as a person's words once Meta's 24 hours are over, as short as a list wants it.
HUMAN_AGENT = {
    Account.HumanAgentText.OWN: _("people's own words"), Account.HumanAgentText.EDITED: _("also what people edited"),
    Account.HumanAgentText.APPROVED: _("also what people approved"),
}  # fmt: skip


def dispatches(state: str) -> Any:
    """How many of an account's dispatches are in this state; found by an index, however long the history is."""
    counted = Account.objects.filter(pk=OuterRef("pk"), dispatches__state=state).order_by().values("pk").annotate(number=Count("dispatches")).values("number")
    return Coalesce(Subquery(counted, output_field=IntegerField()), 0)


def pause_words(account: Account, at: datetime) -> str:
    """Until when nothing is sent, because somebody paused it or because Meta wants fewer calls; empty where it may be sent."""
    if account.is_held(at):
        return gettext("paused until %s") % when(account.held_until) if account.held_until else gettext("paused")
    if account.paused_until and account.paused_until > at:
        return gettext("waits for Meta until %s") % when(account.paused_until)
    return ""


class ByExpiry(admin.SimpleListFilter):
    title = _("token")
    parameter_name = "token"

    def lookups(self, request: HttpRequest, model_admin: Any) -> Any:
        return (
            ("expired", _("expired")), ("soon", _("expires within two weeks")), ("later", _("expires later")), ("never", _("does not expire")),
            ("missing", _("missing")),
        )  # fmt: skip

    def queryset(self, request: HttpRequest, queryset: Any) -> Any:
        at = now()
        return {
            "expired": lambda: queryset.filter(token_expires_at__lte=at),
            "soon": lambda: queryset.filter(token_expires_at__gt=at, token_expires_at__lte=at + SOON),
            "later": lambda: queryset.filter(token_expires_at__gt=at + SOON),
            "never": lambda: queryset.filter(token_expires_at=None, login=Login.FACEBOOK).exclude(checked_at=None).exclude(token=""),
            "missing": lambda: queryset.filter(token=""),
        }.get(self.value() or "", lambda: queryset)()


class ByComing(admin.SimpleListFilter):
    title = _("what comes in")
    parameter_name = "comes"

    def lookups(self, request: HttpRequest, model_admin: Any) -> Any:
        return (("webhook", _("by webhook")), ("delayed", _("delayed: read from time to time")), ("silent", _("no webhook yet")))

    def queryset(self, request: HttpRequest, queryset: Any) -> Any:
        delayed = ~Q(poll_due_at=None) & ~Q(state=Account.State.DISCONNECTED)
        asked = {"webhook": Q(poll_due_at=None), "delayed": delayed, "silent": Q(webhook_at=None)}.get(self.value() or "")
        return queryset.filter(asked) if asked else queryset


class IsPaused(admin.SimpleListFilter):
    title = pgettext_lazy("column", "sending")
    parameter_name = "sending"

    def lookups(self, request: HttpRequest, model_admin: Any) -> Any:
        return (("paused", _("paused")), ("waiting", _("something waits")), ("unknown", _("something is unknown")))

    def queryset(self, request: HttpRequest, queryset: Any) -> Any:
        held = Q(held_at__isnull=False) & (Q(held_until=None) | Q(held_until__gt=now()))
        asked = {"paused": held, "waiting": Q(queued__gt=0), "unknown": Q(unknown__gt=0)}.get(self.value() or "")
        return queryset.filter(asked) if asked else queryset


class ByApp(admin.RelatedFieldListFilter):
    """By Meta app, of which only superusers know the others."""

    def has_output(self) -> bool:
        return super().has_output() and self._is_asked_by_a_superuser

    def field_choices(self, field: Any, request: HttpRequest, model_admin: Any) -> Any:
        self._is_asked_by_a_superuser = person(request).is_superuser
        found: list[Any] = super().field_choices(field, request, model_admin) if self._is_asked_by_a_superuser else []
        return found


class AccountList(ProductAdmin):
    """The columns, filters and search of the list of accounts."""

    list_display = ("name_and_network", "state_badge", "expiry", "heard", "queue", "holds", "human_agent", "agents_send")
    list_filter = ("state", "network", ByExpiry, ByComing, IsPaused, "agents_may_send", "human_agent_feature", ("meta_app", ByApp))
    list_select_related = ("meta_app",)
    search_fields = ("name", "username", "=external_id", "=page_id", "=public_id")

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        rows: QuerySet[Any] = super().get_queryset(request)
        counted: QuerySet[Any] = rows.annotate(queued=dispatches("queued"), unknown=dispatches("unknown"))
        return counted

    @admin.display(description=_("account"), ordering="name")
    def name_and_network(self, account: Account) -> str:
        return format_html('{}<div class="help">{}</div>', account.name, account.get_network_display())

    @admin.display(description=_("state"), ordering="state")
    def state_badge(self, account: Account) -> str:
        shown = badge(account.get_state_display(), TONES[Account.State(account.state)])
        paused = pause_words(account, now())
        return format_html("{} {}", shown, badge(paused, "care")) if paused else shown

    @admin.display(description=_("token"), ordering="token_expires_at")
    def expiry(self, account: Account) -> str:
        if account.state == Account.State.DISCONNECTED:
            return "–"
        words, tone = expiry_words(account, now())
        return badge(words, tone)

    @admin.display(description=_("last webhook"), ordering="webhook_at")
    def heard(self, account: Account) -> str:
        shown = when(account.webhook_at) if account.webhook_at else gettext("none yet")
        return format_html("{} {}", shown, badge(gettext("delayed"), "care")) if account.is_delayed else shown

    @admin.display(description=_("queue"), ordering="queued")
    def queue(self, account: Account) -> str:
        """What waits to be sent, and what nobody knows of, each leading to its rows."""
        queued, unknown = (getattr(account, name, 0) for name in ("queued", "unknown"))
        numbers = (
            ("queued", queued, ngettext("%d waits", "%d wait", queued) % queued),
            ("unknown", unknown, ngettext("%d is unknown", "%d are unknown", unknown) % unknown),
        )
        rows = reverse("admin:inbox_dispatch_changelist")
        shown = [(rows, account.pk, state, words) for state, number, words in numbers if number]
        return format_html_join(", ", '<a href="{}?account__id__exact={}&amp;state__exact={}">{}</a>', shown) or gettext("empty")

    @admin.display(description=_("hold"))
    def holds(self, account: Account) -> str:
        """Of replies, then of approved proposals."""
        reply, approved = ((gettext("%d s") % seconds).replace(" ", "\N{NO-BREAK SPACE}") for seconds in (account.reply_hold, account.approval_hold))
        return f"{reply}\N{NO-BREAK SPACE}/ {approved}"

    @admin.display(description=_("after 24 hours"), ordering="human_agent_feature")
    def human_agent(self, account: Account) -> str:
        return str(HUMAN_AGENT[Account.HumanAgentText(account.human_agent_text)]) if account.human_agent_feature else gettext("nothing")

    @admin.display(description=_("agents send"), ordering="agents_may_send")
    def agents_send(self, account: Account) -> str:
        return badge(gettext("without review"), "care") if account.agents_may_send else badge(gettext("after review"), "quiet")
