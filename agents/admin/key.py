"""Keys: where they are used and since when. Their text is nowhere; what can be done with one is to revoke it."""

from typing import Any

from django.contrib import admin
from django.core.exceptions import ValidationError
from django.db.models import Q
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from accounts.admin.deeds import Deed, WithDeeds
from accounts.admin.permissions import person
from accounts.admin.readonly import ReadOnlyAdmin, ReadOnlyInline
from accounts.admin.show import badge
from accounts.models import User
from agents.models import AgentKey
from core.clock import now


def key_state(key: AgentKey) -> str:
    if key.revoked_at:
        return badge(_("revoked"), "quiet")
    return badge(_("expired"), "quiet") if key.expires_at and key.expires_at <= now() else badge(_("in use"), "good")


def can_be_revoked(key: AgentKey) -> bool:
    return key.revoked_at is None


class AgentKeyInline(ReadOnlyInline):
    model = AgentKey
    fields = ("name", "hint", "state", "created_at", "expires_at", "last_used_at", "revoked_at")

    def scope(self, user: User) -> Q:
        return Q(agent__owner=user)

    @admin.display(description=_("state"))
    def state(self, key: AgentKey) -> str:
        return key_state(key)


@admin.register(AgentKey)
class AgentKeyAdmin(WithDeeds, ReadOnlyAdmin):
    deeds = (
        Deed(
            "revoke", _("Revoke this key"), _("Whoever uses it is refused from the next call on. This cannot be undone; issue another key instead."),
            offered=can_be_revoked, grave=True,
        ),
    )  # fmt: skip
    list_display = ("name", "agent", "state", "created_at", "created_by", "expires_at", "last_used_at")
    list_select_related = ("agent__user", "created_by")
    search_fields = ("name", "agent__user__name", "=hint")
    ordering = ("-pk",)
    fields = ("agent", "name", "hint", "state", "created_at", "created_by", "expires_at", "last_used_at", "revoked_at")

    def scope(self, user: User) -> Q:
        return Q(agent__owner=user)

    @admin.display(description=_("state"))
    def state(self, key: AgentKey) -> str:
        return key_state(key)

    def do_revoke(self, request: HttpRequest, key: AgentKey, **form: Any) -> str:
        if not key.revoke(by=person(request), at=now()):
            raise ValidationError(_("Somebody revoked it before you."))
        return _("“%(key)s” is revoked.") % {"key": key.name}
