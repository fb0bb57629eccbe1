"""What Meta sent us, and what of it is not understood yet. One body may speak of several accounts, so only superusers see it."""

import json
from typing import Any

from django.contrib import admin
from django.db import transaction
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext

from accounts.admin.deeds import Deed, WithDeeds
from accounts.admin.permissions import person
from accounts.admin.readonly import ReadOnlyAdmin, ReadOnlyInline
from accounts.admin.show import as_json, badge
from accounts.models import Activity
from core.clock import now
from inbox.ingesting import replay
from inbox.models import KeptEvent, WebhookDelivery

TONES = {"received": "quiet", "applied": "good", "failed": "bad"}


class KeptEventInline(ReadOnlyInline):
    model = KeptEvent
    fields = ("position", "kind", "reason")


def can_be_replayed(delivery: WebhookDelivery) -> bool:
    return delivery.state != WebhookDelivery.State.RECEIVED


@admin.register(WebhookDelivery)
class WebhookDeliveryAdmin(WithDeeds, ReadOnlyAdmin):
    inlines = (KeptEventInline,)
    actions = ("replay_selected",)
    deeds = (
        Deed(
            "replay", _("Apply again"), _("The worker tries once more to apply this body. What it applied before is not applied twice."),
            offered=can_be_replayed,
        ),
    )  # fmt: skip
    list_display = ("received_at", "state_badge", "meta_app", "events", "applied_at", "first_line_of_error")
    list_filter = ("state", "meta_app")
    list_select_related = ("meta_app",)
    search_fields = ("=public_id", "=digest", "error")
    date_hierarchy = "received_at"
    fields = ("received_at", "meta_app", "state_badge", "error", "events", "applied_at", "digest", "what_came")

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        rows = super().get_queryset(request)
        is_list = request.resolver_match is not None and str(request.resolver_match.url_name).endswith("_changelist")
        return rows.defer("body") if is_list else rows

    @admin.display(description=_("state"), ordering="state")
    def state_badge(self, delivery: WebhookDelivery) -> str:
        return badge(delivery.get_state_display(), TONES[delivery.state])

    @admin.display(description=_("error"))
    def first_line_of_error(self, delivery: WebhookDelivery) -> str:
        return delivery.error.strip().splitlines()[-1][:120] if delivery.error.strip() else "–"

    @admin.display(description=_("body"))
    def what_came(self, delivery: WebhookDelivery) -> str:
        text = bytes(delivery.body).decode("utf-8", "replace")
        try:
            return as_json(json.loads(text))
        except ValueError:
            return as_json(text)

    @admin.action(description=_("Apply again"))
    def replay_selected(self, request: HttpRequest, deliveries: QuerySet[WebhookDelivery]) -> None:
        chosen = [delivery for delivery in deliveries if can_be_replayed(delivery)]
        for delivery in chosen:
            self._replay(request, delivery)
        self.message_user(request, ngettext("%d delivery is applied again.", "%d deliveries are applied again.", len(chosen)) % len(chosen))

    def do_replay(self, request: HttpRequest, delivery: WebhookDelivery) -> str:
        self._replay(request, delivery)
        return str(_("The delivery is applied again."))

    def _replay(self, request: HttpRequest, delivery: WebhookDelivery) -> None:
        with transaction.atomic():
            replay(delivery)
            Activity.record("delivery.replayed", delivery, by=person(request), at=now())


@admin.register(KeptEvent)
class KeptEventAdmin(ReadOnlyAdmin):
    list_display = ("kind", "reason", "delivery")
    list_select_related = ("delivery",)
    search_fields = ("kind", "reason")
    fields = ("delivery", "position", "kind", "reason", "event")

    @admin.display(description=_("event"))
    def event(self, kept: KeptEvent) -> str:
        return as_json(kept.body)
