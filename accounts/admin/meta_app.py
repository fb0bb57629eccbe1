"""Apps at Meta: their ids, their secrets, which can be stored and never read, and how they stand at Meta. Only superusers come here."""

from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.contrib import admin
from django.core.exceptions import ValidationError
from django.http import HttpRequest
from django.shortcuts import redirect
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _

from accounts.admin.base import ProductAdmin
from accounts.admin.copying import to_copy
from accounts.admin.deeds import Deed, WithDeeds
from accounts.admin.permissions import person
from accounts.admin.secrets import KeepsSecretsForm
from accounts.admin.show import badge, moment, stored
from accounts.connecting.setup import Entry, setup_of
from accounts.lines.door import callback_url, is_here
from accounts.models import MetaApp
from accounts.reasons import trouble_sentence
from accounts.tending.asking import ask_app_check, ask_app_subscription
from core.clock import now
from core.wake import wake
from graph.networks import Login
from graph.scopes import ASKED_SCOPES

Door = MetaApp.Door
DOOR_TONES = {Door.UNTOLD: "quiet", Door.OPEN: "good", Door.NOT_PUBLIC: "care"}
# What Meta says of a permission (Graph API reference, "Application permissions").
LIVE = {"live": (_("live"), "good"), "unapproved": (_("not approved"), "care")}
SUBSCRIBE = _(
    "Meta is told to send this app's webhooks to this installation, with the verify token that is stored here, instead of wherever it sends them "
    "now. It calls the address at once to see whether it answers, so this installation has to be reachable."
)


class MetaAppForm(KeepsSecretsForm):
    class Meta:
        model = MetaApp
        fields = ("kind", "name", "app_id", "secret", "verify_token", "config_id", "access_level")
        help_texts = {
            "kind": _("An Instagram app has an id and a secret of its own, which Meta shows beside those of the Facebook app that it belongs to."),
            "secret": _("Kept encrypted and never shown again. It checks that webhooks come from Meta. Leave blank to keep the stored one."),
            "verify_token": _("Any phrase; write the same one at Meta beside the callback address. Leave blank to keep the stored one."),
        }

    def clean_app_id(self) -> str:
        text = str(self.cleaned_data["app_id"]).strip()
        # What is stored already is left to whoever brought it in.
        if not text.isdecimal() and "app_id" in self.changed_data:
            raise ValidationError(_("The App ID is a number. Copy it from Meta's dashboard."))
        return text


@admin.register(MetaApp)
class MetaAppAdmin(WithDeeds, ProductAdmin):
    form = MetaAppForm
    change_form_template = "admin/connect/meta_app.html"
    deeds = (
        Deed("check", _("Check now"), _("Asks Meta for the permissions of the app and where its webhooks go, and tries our own public address.")),
        Deed("subscribe", _("Send webhooks here"), SUBSCRIBE),
    )
    list_display = ("name_or_id", "kind", "app_id", "secret_stored", "handshake", "webhooks_here", "access_level", "checked")
    list_filter = ("kind", "access_level")
    search_fields = ("name", "app_id")
    ordering = ("name", "pk")
    readonly_fields = (
        "secret_stored", "verify_token_stored", "return_address", "callback", "webhook_fields", "permissions_asked", "deauthorisation", "deletion",
        "standing", "handshake", "destinations", "public_address", "checked",
    )  # fmt: skip
    fieldsets = (
        (None, {"fields": ("kind", "name", "app_id", "config_id", "access_level")}),
        (_("Secrets"), {"fields": ("secret_stored", "secret", "verify_token_stored", "verify_token")}),
        (_("How it stands at Meta"), {"fields": ("standing", "destinations", "handshake", "public_address", "checked")}),
        (
            _("To write down at Meta"),
            {"fields": ("return_address", "callback", "webhook_fields", "permissions_asked", "deauthorisation", "deletion")},
        ),
    )
    add_fieldsets = (
        (None, {"fields": ("kind", "name", "app_id", "config_id")}),
        (_("Secrets"), {"fields": ("secret", "verify_token")}),
        (_("To write down at Meta"), {"fields": ("callback",)}),
    )

    def get_fieldsets(self, request: HttpRequest, obj: Any = None) -> Any:
        # What depends on the kind, and two addresses that name the app, are there once it is.
        return super().get_fieldsets(request, obj) if obj else self.add_fieldsets

    # Columns ------------------------------------------------------------------------------------------------------
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
        """Meta asked for our address, and heard the right word."""
        if app.handshake_at:
            return format_html("{} {}", badge(_("seen"), "good"), moment(app.handshake_at))
        return badge(_("not seen yet"), "care")

    @admin.display(description=_("webhooks"))
    def webhooks_here(self, app: MetaApp) -> str:
        if app.subscriptions is None:
            return badge(_("not told"), "quiet")
        if not app.subscriptions:
            return badge(_("nowhere"), "bad")
        return badge(_("here"), "good") if all(map(_is_here, app.subscriptions)) else badge(_("elsewhere"), "bad")

    @admin.display(description=_("checked"), ordering="checked_at")
    def checked(self, app: MetaApp) -> str:
        if app.trouble:
            return format_html("{} {}", badge(_("trouble"), "care"), trouble_sentence(app.trouble))
        return moment(app.checked_at)

    # How it stands ------------------------------------------------------------------------------------------------
    @admin.display(description=_("permissions"))
    def standing(self, app: MetaApp) -> str:
        """What Meta says of each permission that the login asks for."""
        if app.permissions is None:
            return badge(_("not told yet"), "quiet")
        rows = ((scope, _standing(app.permissions.get(scope, ""))) for scope in ASKED_SCOPES[Login(app.kind)])
        return format_html('<ul class="limits">{}</ul>', format_html_join("", "<li><code>{}</code> {}</li>", rows))

    @admin.display(description=_("webhooks go to"))
    def destinations(self, app: MetaApp) -> str:
        if app.subscriptions is None:
            return badge(_("not told yet"), "quiet")
        if not app.subscriptions:
            return format_html("{} {}", badge(_("nowhere"), "bad"), _("Meta sends this app nothing."))
        rows = format_html_join("", "<li><strong>{}</strong> {} <code>{}</code><span>{}</span></li>", map(_destination, app.subscriptions))
        return format_html('<ul class="limits">{}</ul>', rows)

    @admin.display(description=_("our public address"))
    def public_address(self, app: MetaApp) -> str:
        if settings.DEMO:
            return badge(_("the try-out needs none"), "quiet")
        tone = DOOR_TONES.get(Door(app.door), "bad")
        return format_html("{} <code>{}</code> {}", badge(app.get_door_display(), tone), callback_url(), moment(app.door_at) if app.door_at else "")

    # To write down ------------------------------------------------------------------------------------------------
    @admin.display(description=_("return address of the login"))
    def return_address(self, app: MetaApp) -> str:
        return _entries(app, "return")

    @admin.display(description=_("callback address"))
    def callback(self, app: MetaApp) -> str:
        return _entries(app, "callback")

    @admin.display(description=_("webhook fields"))
    def webhook_fields(self, app: MetaApp) -> str:
        return _entries(app, "fields")

    @admin.display(description=_("permissions of the login"))
    def permissions_asked(self, app: MetaApp) -> str:
        return _entries(app, "permissions")

    @admin.display(description=_("deauthorise callback"))
    def deauthorisation(self, app: MetaApp) -> str:
        return _entries(app, "deauthorise")

    @admin.display(description=_("data deletion request"))
    def deletion(self, app: MetaApp) -> str:
        return _entries(app, "deletion")

    # What it does -------------------------------------------------------------------------------------------------
    def save_model(self, request: HttpRequest, obj: MetaApp, form: Any, change: bool) -> None:
        super().save_model(request, obj, form, change)
        if change and form.changed_data:
            # What Meta told of another id or another secret says nothing of these.
            MetaApp.objects.filter(pk=obj.pk).update(check_due_at=now())
            wake("tend")

    def response_post_save_add(self, request: HttpRequest, obj: MetaApp) -> Any:
        # What comes next is on its page: the addresses to write down, and the way to connect.
        return redirect("admin:accounts_metaapp_change", obj.pk)

    def do_check(self, request: HttpRequest, app: MetaApp) -> str:
        ask_app_check(app, by=person(request), at=now())
        return str(_("Meta is being asked. What it says stands here in a moment."))

    def do_subscribe(self, request: HttpRequest, app: MetaApp) -> str:
        ask_app_subscription(app, by=person(request), at=now())
        return str(_("Meta is being told. Whether it took it stands here in a moment."))


def _standing(told: str) -> SafeString:
    words, tone = LIVE.get(told, (_("never asked for in App Review"), "quiet"))
    return badge(words, tone)


def _is_here(subscription: dict[str, Any]) -> bool:
    return is_here(str(subscription.get("callback_url") or "")) and bool(subscription.get("is_active", True))


def _destination(subscription: dict[str, Any]) -> tuple[Any, ...]:
    """The address without what may be somebody's secret behind it."""
    parts = urlsplit(str(subscription.get("callback_url") or ""))
    where = badge(_("here"), "good") if _is_here(subscription) else badge(_("elsewhere"), "bad")
    return subscription.get("object", ""), where, f"{parts.scheme}://{parts.netloc}{parts.path}", ", ".join(map(str, subscription.get("fields") or []))


def _entries(app: MetaApp, name: str) -> str:
    """What has to be written down under this name, each with its button and where it belongs."""
    shown = [entry for entry in setup_of(app) if entry.name.partition("-")[0] == name]
    return format_html_join("", '<div class="entry">{}</div>', ((_entry(entry, is_alone=len(shown) == 1),) for entry in shown))


def _entry(entry: Entry, *, is_alone: bool) -> SafeString:
    label = "" if is_alone else format_html("<strong>{}</strong> ", entry.label)
    return format_html('{}{}<div class="help">{}</div>', label, to_copy(entry.text, id=entry.name, label=entry.label), entry.note)
