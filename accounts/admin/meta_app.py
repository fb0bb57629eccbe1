"""Apps at Meta: their ids, and their secrets, which can be stored and never read. Only superusers come here."""

from typing import Any

from django.conf import settings
from django.contrib import admin
from django.http import HttpRequest
from django.urls import reverse
from django.utils.functional import Promise
from django.utils.html import format_html
from django.utils.translation import gettext_lazy as _

from accounts.admin.base import ProductAdmin
from accounts.admin.secrets import KeepsSecretsForm
from accounts.admin.show import badge, stored
from accounts.models import MetaApp


class MetaAppForm(KeepsSecretsForm):
    class Meta:
        model = MetaApp
        fields = ("kind", "name", "app_id", "secret", "verify_token")
        help_texts = {
            "secret": _("Kept encrypted and never shown again. It checks that webhooks come from Meta. Leave blank to keep the stored one."),
            "verify_token": _("Any phrase; write the same one at Meta beside the callback address. Leave blank to keep the stored one."),
        }


@admin.register(MetaApp)
class MetaAppAdmin(ProductAdmin):
    form = MetaAppForm
    list_display = ("name_or_id", "kind", "app_id", "secret_stored", "handshake")
    list_filter = ("kind",)
    search_fields = ("name", "app_id")
    readonly_fields = ("callback", "deauthorisation", "deletion", "secret_stored", "verify_token_stored", "handshake_at")
    fieldsets = (
        (None, {"fields": ("kind", "name", "app_id")}),
        (_("Secrets"), {"fields": ("secret_stored", "secret", "verify_token_stored", "verify_token")}),
        (_("At Meta"), {"fields": ("callback", "deauthorisation", "deletion", "handshake_at")}),
    )
    add_fieldsets = (*fieldsets[:2], (_("At Meta"), {"fields": ("callback",)}))

    def get_fieldsets(self, request: HttpRequest, obj: Any = None) -> Any:
        # Two of the addresses name the app, so they are there once it is.
        return super().get_fieldsets(request, obj) if obj else self.add_fieldsets

    @admin.display(description=_("app"), ordering="name")
    def name_or_id(self, app: MetaApp) -> str:
        return str(app)

    @admin.display(description=_("app secret"))
    def secret_stored(self, app: MetaApp) -> str:
        return stored(app.secret)

    @admin.display(description=_("verify token"))
    def verify_token_stored(self, app: MetaApp) -> str:
        return stored(app.verify_token)

    @admin.display(description=_("handshake"), ordering="handshake_at")
    def handshake(self, app: MetaApp) -> str:
        return badge(_("seen"), "good") if app.handshake_at else badge(_("not seen yet"), "care")

    @admin.display(description=_("callback address"))
    def callback(self, app: MetaApp) -> str:
        return _to_copy(
            "/webhooks/meta/",
            _("Write it at Meta under Webhooks, with the verify token above, and subscribe to messages, message echoes, reads and reactions."),
        )

    @admin.display(description=_("deauthorise callback"))
    def deauthorisation(self, app: MetaApp) -> str:
        note = _("Write it at Meta in the settings of the login (Facebook Login or Instagram Login). Somebody who removes the app then loses their token here.")
        return _to_copy(reverse("inbox:deauthorisation", args=[app.public_id]), note)

    @admin.display(description=_("data deletion request"))
    def deletion(self, app: MetaApp) -> str:
        note = _("Write it at Meta beside the one above, as a callback address. Whoever asks is forgotten by themselves, and gets an address that says so.")
        return _to_copy(reverse("inbox:deletions", args=[app.public_id]), note)


def _to_copy(path: str, note: str | Promise) -> str:
    return format_html('<code class="copy">{}{}</code><div class="help">{}</div>', settings.PUBLIC_URL.rstrip("/"), path, note)
