"""Apps at Meta: their ids, and their secrets, which can be stored and never read. Only superusers come here."""

from django.conf import settings
from django.contrib import admin
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
    readonly_fields = ("callback", "secret_stored", "verify_token_stored", "handshake_at")
    fieldsets = (
        (None, {"fields": ("kind", "name", "app_id")}),
        (_("Secrets"), {"fields": ("secret_stored", "secret", "verify_token_stored", "verify_token")}),
        (_("At Meta"), {"fields": ("callback", "handshake_at")}),
    )

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
        note = _("Write it at Meta under Webhooks, with the verify token above, and subscribe to messages, message echoes, reads and reactions.")
        return format_html('<code class="copy">{}/webhooks/meta/</code><div class="help">{}</div>', settings.PUBLIC_URL.rstrip("/"), note)
