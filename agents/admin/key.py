"""Keys: where they are used and since when. Their text is nowhere; what can be done with one is to put another in its place, or to revoke it."""

from datetime import timedelta
from typing import Any

from django import forms
from django.contrib import admin
from django.core.exceptions import ValidationError
from django.db.models import F, Q, QuerySet
from django.http import HttpRequest, HttpResponse
from django.utils.html import format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _

from accounts.admin.deeds import Deed, WithDeeds
from accounts.admin.permissions import person
from accounts.admin.readonly import ReadOnlyAdmin, ReadOnlyInline
from accounts.admin.show import badge, link, moment
from accounts.models import User
from agents.admin.client import client_lines
from agents.models import AgentKey, NotInUse
from agents.models.agent import ENDS_SOON, IDLE_AFTER
from core.clock import now

OVERLAPS = (("0", _("now")), ("1", _("in an hour")), ("24", _("in a day")), ("168", _("in 7 days")))


class RotateForm(forms.Form):
    """How long the old key still lets its client in."""

    hours = forms.TypedChoiceField(
        label=_("The old key ends"), choices=OVERLAPS, coerce=int, initial="24", widget=forms.RadioSelect,
        help_text=_("Until then both keys work, so that the client can be changed without a gap. End it now where somebody else may have it."),
    )  # fmt: skip


def key_state(key: AgentKey) -> str:
    """What the key is now, in a word or two, and what about it wants attention."""
    at = now()
    if key.revoked_at:
        return badge(_("revoked"), "quiet")
    if key.has_ended(at):
        return badge(_("expired"), "quiet")
    if not key.agent.user.is_active:
        return badge(_("refused: the agent is not active"), "quiet")
    if key.replaced_by_id:
        return badge(_("replaced, still works"), "care")
    return format_html_join(" ", "{}", ((each,) for each in _marks(key) or [badge(_("in use"), "good")]))


def _marks(key: AgentKey) -> list[SafeString]:
    at = now()
    soon = [badge(_("expires soon"), "care")] if key.ends_soon(at) else []
    return soon + ([badge(_("unused for 90 days"), "care")] if key.is_idle(at) else [])


def last_used(at: Any) -> str:
    return moment(at) if at else str(_("never"))


def is_in_use(key: AgentKey) -> bool:
    return not key.has_ended(now())


def can_be_rotated(key: AgentKey) -> bool:
    return is_in_use(key) and key.replaced_by_id is None and key.agent.user.is_active


def can_be_revoked(key: AgentKey) -> bool:
    return key.revoked_at is None


def issued(key: AgentKey, text: str, *, title: str, old: AgentKey | None = None) -> dict[str, Any]:
    """What the page shows on which a new key is seen for the only time."""
    return {"key": key, "text": text, "clients": client_lines(text), "title": title, "old": old, "old_ended": bool(old and old.has_ended(now()))}


class StateFilter(admin.SimpleListFilter):
    """By what a key is now."""

    title = _("state")
    parameter_name = "state"

    def lookups(self, request: HttpRequest, model_admin: Any) -> Any:
        return (
            ("in-use", _("in use")), ("ends", _("expires soon")), ("idle", _("unused for 90 days")), ("ended", _("expired or revoked")),
        )  # fmt: skip

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        at = now()
        ended = Q(revoked_at__isnull=False) | Q(expires_at__lte=at)
        if self.value() == "ended":
            return queryset.filter(ended)
        among = {
            "in-use": Q(),
            "ends": Q(expires_at__lte=at + ENDS_SOON),
            "idle": Q(last_used_at__lte=at - IDLE_AFTER) | Q(last_used_at=None, created_at__lte=at - IDLE_AFTER),
        }.get(self.value() or "")
        # What has ended is excluded by key: "not before" is not true of a time that is not there.
        return queryset if among is None else queryset.filter(among).exclude(pk__in=AgentKey.objects.filter(ended))


class AgentKeyInline(ReadOnlyInline):
    model = AgentKey
    fk_name = "agent"
    fields = ("name", "hint", "state", "created_at", "expires_at", "used")
    ordering = (F("revoked_at").asc(nulls_first=True), "-pk")
    verbose_name_plural = _("keys")

    def scope(self, user: User) -> Q:
        return Q(agent__owner=user)

    @admin.display(description=_("state"))
    def state(self, key: AgentKey) -> str:
        return key_state(key)

    @admin.display(description=_("last used"))
    def used(self, key: AgentKey) -> str:
        return last_used(key.last_used_at)


@admin.register(AgentKey)
class AgentKeyAdmin(WithDeeds, ReadOnlyAdmin):
    deeds = (
        Deed(
            "rotate", _("Rotate this key"), _("Another key takes its place. Its text is shown once, on the next page; the old one goes on until it ends."),
            form=RotateForm, offered=can_be_rotated,
        ),
        Deed(
            "revoke", _("Revoke this key"), _("Whoever uses it is refused from the next call on. This cannot be undone; issue another key instead."),
            offered=can_be_revoked, grave=True,
        ),
    )  # fmt: skip
    list_display = ("name", "agent_link", "state", "hint", "created_at", "created_by", "expires_at", "used")
    list_filter = (StateFilter, ("agent", admin.RelatedOnlyFieldListFilter))
    list_select_related = ("agent__user", "created_by")
    search_fields = ("name", "agent__user__name", "=hint")
    ordering = ("-pk",)
    fields = ("agent_link", "name", "hint", "state", "created_at", "created_by", "expires_at", "used", "revoked_at", "successor", "predecessor")

    def scope(self, user: User) -> Q:
        return Q(agent__owner=user)

    @admin.display(description=_("agent"), ordering="agent__user__name")
    def agent_link(self, key: AgentKey) -> str:
        return link(key.agent)

    @admin.display(description=_("state"))
    def state(self, key: AgentKey) -> str:
        return key_state(key)

    @admin.display(description=_("last used"), ordering="last_used_at")
    def used(self, key: AgentKey) -> str:
        return last_used(key.last_used_at)

    @admin.display(description=_("replaced by"))
    def successor(self, key: AgentKey) -> str:
        return link(key.replaced_by)

    @admin.display(description=_("took the place of"))
    def predecessor(self, key: AgentKey) -> str:
        return link(getattr(key, "replaces", None))

    def do_rotate(self, request: HttpRequest, key: AgentKey, *, hours: int) -> HttpResponse:
        try:
            new, text = key.rotate(by=person(request), at=now(), overlap=timedelta(hours=hours))
        except NotInUse:
            raise ValidationError(_("It has ended, or somebody put another in its place before you.")) from None
        key.refresh_from_db()
        shown = issued(new, text, title=_("The new key of %(agent)s") % {"agent": key.agent}, old=key)
        return self.deed_page(request, key, self.deeds[0], shown, template="admin/agents/agent/issued.html")

    def do_revoke(self, request: HttpRequest, key: AgentKey, **form: Any) -> str:
        if not key.revoke(by=person(request), at=now()):
            raise ValidationError(_("Somebody revoked it before you."))
        return _("“%(key)s” is revoked.") % {"key": key.name}
