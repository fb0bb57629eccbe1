"""What Meta sent us, as it arrived. One body may speak of several accounts, so only superusers see it."""

import json
from typing import Any

from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.html import format_html
from django.utils.translation import gettext_lazy as _

from accounts.admin.deeds import Deed, WithDeeds
from accounts.admin.permissions import person
from accounts.admin.readonly import ReadOnlyAdmin
from accounts.admin.show import as_json, badge, masked
from core.clock import now
from inbox.admin.kept_event import KeptEventInline
from inbox.admin.replaying import MOST, progress_address, question_address
from inbox.models import WebhookDelivery
from inbox.replaying import can_be_replayed, replay_these

TONES = {"received": "quiet", "applied": "good", "failed": "bad"}


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
    list_filter = ("state", "meta_app", ("redacted_at", admin.EmptyFieldListFilter))
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
        if delivery.emptied_at:
            return str(_("Deleted, because its time was over. The events below were kept."))
        note = _("Words of it were taken out, because somebody unsent a message or asked to be forgotten.") if delivery.redacted_at else ""
        return format_html('{}<div class="help">{}</div>', as_json(readable(bytes(delivery.body))), note)

    @admin.action(description=_("Apply again"))
    def replay_selected(self, request: HttpRequest, deliveries: QuerySet[WebhookDelivery]) -> HttpResponse:
        if deliveries.count() > MOST:
            sentence = _("These are the first %d of them. All that failed can be applied again from the page Ingestion.")
            self.message_user(request, sentence % MOST, messages.WARNING)
        return redirect(question_address(deliveries.order_by("pk").values_list("public_id", flat=True)))

    def do_replay(self, request: HttpRequest, delivery: WebhookDelivery) -> HttpResponse:
        return redirect(progress_address(replay_these([delivery], by=person(request), at=now()), at=now()))


def readable(body: bytes) -> Any:
    """The body as JSON without what lets its reader act; where it is none, nothing of it."""
    try:
        return masked(json.loads(body))
    except ValueError:
        return str(_("This is not JSON."))
