"""Every address of the product. `/webhooks/meta/`, `/events` and `/mcp` have doors of their own, in `config.asgi`."""

from django.contrib import admin
from django.contrib.auth.decorators import login_not_required
from django.urls import include, path
from django.views.generic import RedirectView

from config.health import health

urlpatterns = [
    path("", RedirectView.as_view(pattern_name="inbox:conversations")),
    path("health/", health, name="health"),
    path("", include("inbox.urls")),
    path("", include("agents.urls")),
    path("", include("accounts.urls")),
    # One sign-in for everything: the admin's own would look and behave differently.
    path("admin/login/", login_not_required(RedirectView.as_view(pattern_name="login", query_string=True))),
    path("admin/", admin.site.urls),
]
