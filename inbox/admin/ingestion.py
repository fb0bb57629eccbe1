"""One page that answers: is everything coming in? A superuser sees all of it, a manager the part of her accounts."""

from typing import Any

from django.conf import settings
from django.contrib.admin import AdminSite
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import path
from django.utils.translation import gettext as _

from accounts.admin.permissions import manages_something, person
from core.clock import now
from inbox import incoming
from inbox.admin.ingestion_now import Asked, Now
from inbox.admin.ingestion_page import Page
from inbox.admin.replaying import MOST, progress_address
from inbox.models import WebhookDelivery
from inbox.replaying import COUNTED, replay_failed, replay_these


class Ingestion:
    """The addresses of the page. Nouns: the page, its fresh part, and the repetition of what was delivered."""

    def __init__(self, site: AdminSite) -> None:
        self._site = site

    @property
    def urls(self) -> list[Any]:
        return [
            path("ingestion/", self._site.admin_view(self.page), name="ingestion"),
            path("ingestion/now/", self._site.admin_view(self.now), name="ingestion-now"),
            path("ingestion/replay/", self._site.admin_view(self.replay), name="ingestion-replay"),
        ]

    def page(self, request: HttpRequest) -> HttpResponse:
        _check_manages(request)
        shown = Page(person(request), Asked.by(request), now())
        days = {"webhook_days": settings.WEBHOOK_DAYS, "kept_event_days": settings.KEPT_EVENT_DAYS}
        return self._render(request, "admin/ingestion.html", {"title": _("Ingestion"), "page": shown, "now": shown, "searched": incoming.SEARCHED} | days)

    def now(self, request: HttpRequest) -> HttpResponse:
        """The fresh part; nothing where it would look the same."""
        _check_manages(request)
        fresh = Now(person(request), Asked.by(request), now())
        if request.GET.get("mark") == fresh.mark:
            return HttpResponse(status=204)
        return self._render(request, "admin/_ingestion_now.html", {"now": fresh})

    def replay(self, request: HttpRequest) -> HttpResponse:
        """Ask on GET, do on POST: some deliveries, or all that failed."""
        if not person(request).is_superuser:
            raise PermissionDenied
        given = request.POST if request.method == "POST" else request.GET
        wants_all, public_ids = given.get("which") == "failed", given.getlist("delivery")[:MOST]
        chosen = WebhookDelivery.objects.filter(public_id__in=public_ids, emptied_at=None).exclude(state=WebhookDelivery.State.RECEIVED).only("pk", "public_id")
        if request.method == "POST":
            by, at = person(request), now()
            return redirect(progress_address(replay_failed(by=by, at=at) if wants_all else replay_these(chosen, by=by, at=at), at=at))
        number = incoming.failed()[:COUNTED].count() if wants_all else chosen.count()
        context = {"title": _("Apply again"), "number": number, "wants_all": wants_all, "chosen": [delivery.public_id for delivery in chosen]}
        return self._render(request, "admin/ingestion_replay.html", context)

    def _render(self, request: HttpRequest, template: str, context: dict[str, Any]) -> TemplateResponse:
        request.current_app = self._site.name
        return TemplateResponse(request, template, self._site.each_context(request) | context)


def _check_manages(request: HttpRequest) -> None:
    if not (person(request).is_superuser or manages_something(request)):
        raise PermissionDenied
