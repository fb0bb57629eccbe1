"""The admin in the product's own words: our sign-in, and an index in the order in which an admin thinks."""

from functools import wraps
from typing import Any

from django.contrib import admin
from django.contrib.auth.decorators import login_not_required
from django.contrib.auth.views import redirect_to_login
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.decorators import method_decorator
from django.utils.translation import gettext_lazy as _

from config.admin_index import GROUPS
from core.clock import now


class CountersignAdminSite(admin.AdminSite):
    """Where admins configure: the stock admin with our header, colours and sign-in."""

    site_header = site_title = "Countersign"
    index_title = _("Configuration")

    def get_urls(self) -> list[Any]:
        """With our own pages, and without the stock redirect to any object's page: it asks nobody, and our "View on site" needs no detour."""
        # It knows the apps' admins, which register themselves with this site; at the top it would go round in a circle.
        from accounts.admin.connect import ConnectPages
        from accounts.admin.overview import HealthPages
        from accounts.admin.people import PeoplePages
        from inbox.admin.ingestion import Ingestion
        from inbox.admin.test_send import TestMessagePages

        own = [url for pages in (ConnectPages, HealthPages, PeoplePages, TestMessagePages, Ingestion) for url in pages(self).urls]
        return own + [url for url in super().get_urls() if getattr(url, "name", "") != "view_on_site"]

    def admin_view(self, view: Any, cacheable: bool = False) -> Any:
        """Whoever is signed in and may not configure anything is told so; sending them to sign in again would go round in a circle."""
        inner = super().admin_view(view, cacheable)

        @wraps(inner)
        def guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
            if request.user.is_authenticated and not self.has_permission(request):
                raise PermissionDenied
            return inner(request, *args, **kwargs)  # type: ignore[no-any-return]

        return guarded

    @method_decorator(login_not_required)
    def login(self, request: HttpRequest, extra_context: Any = None) -> HttpResponse:
        """Sign-in is the product's own."""
        index = reverse("admin:index", current_app=self.name)
        if request.user.is_authenticated:
            return redirect(index)
        return redirect_to_login(request.GET.get("next") or index, reverse("login"))

    def get_app_list(self, request: HttpRequest, app_label: str | None = None) -> list[Any]:
        """The models in groups; what stands in no group (Django's and procrastinate's own) comes last."""
        apps = self._build_app_dict(request, app_label)
        models = {f"{app['app_label']}.{model['object_name']}": model for app in apps.values() for model in app["models"]}
        groups = [group.entry(models) for group in GROUPS]
        rest = [app | {"models": left} for app in apps.values() if (left := [model for model in app["models"] if "about" not in model])]
        return [group for group in groups if group["models"]] + rest

    def index(self, request: HttpRequest, extra_context: Any = None) -> TemplateResponse:
        # It knows the apps' admins, which register themselves with this site; at the top it would go round in a circle.
        from config.attention import attention
        from config.attention.first_steps import first_steps

        lines = {"attention": attention(request), "steps": first_steps(request.user, now())}  # type: ignore[arg-type]
        return super().index(request, (extra_context or {}) | lines)
