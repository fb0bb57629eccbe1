"""The bytes that we hold: what we chose ourselves, and copies of what contacts sent."""

from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.template.defaultfilters import filesizeformat
from django.utils.html import format_html_join
from django.utils.translation import gettext_lazy as _

from accounts.admin.filters import AccountFilter
from accounts.admin.readonly import ReadOnlyAdmin
from accounts.admin.show import badge, link
from inbox.models import MediaFile, Message

TONES = {"fetching": "quiet", "ready": "good", "failed": "bad", "gone": "care"}


class OriginFilter(admin.SimpleListFilter):
    """Whether one of us chose it, or it is a copy of what a contact sent."""

    title = _("origin")
    parameter_name = "origin"

    def lookups(self, request: HttpRequest, model_admin: Any) -> Any:
        return (("contact", _("sent by contacts")), ("us", _("chosen by us")))

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        return queryset.filter(by__isnull=self.value() == "contact") if self.value() in ("contact", "us") else queryset


@admin.register(MediaFile)
class MediaFileAdmin(ReadOnlyAdmin):
    account_path = "account"
    list_display = ("__str__", "state_badge", "mime", "weight", "account", "origin", "at")
    list_filter = ("state", OriginFilter, ("account", AccountFilter))
    list_select_related = ("account", "by")
    search_fields = ("name", "mime", "=sha256", "=public_id", "source_url", "error")
    search_help_text = _("A file name, a type such as image/png, an address, or what went wrong.")
    date_hierarchy = "at"
    ordering = ("-pk",)
    # Not the file itself: its address would go round the view that checks grants.
    fields = (
        "account", "name", "messages", "origin", "state_badge", "error", "attempts", "not_before", "source_url", "mime", "weight", "width", "height",
        "sha256", "at", "attachment_id", "attachment_expires_at",
    )  # fmt: skip

    @admin.display(description=_("state"), ordering="state")
    def state_badge(self, media: MediaFile) -> str:
        return badge(media.get_state_display(), TONES[media.state])

    @admin.display(description=_("in the messages"))
    def messages(self, media: MediaFile) -> str:
        found = Message.objects.filter(attachments__media=media).prefetch_related("attachments")[:5]
        return format_html_join(", ", "{}", ((link(message),) for message in found)) or "–"

    @admin.display(description=_("origin"), ordering="by")
    def origin(self, media: MediaFile) -> str:
        return _("chosen by %s") % media.by if media.by else str(_("sent by a contact"))

    @admin.display(description=_("size"), ordering="size")
    def weight(self, media: MediaFile) -> str:
        return filesizeformat(media.size)
