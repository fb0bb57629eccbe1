"""The pictures that we hold."""

from django.contrib import admin
from django.template.defaultfilters import filesizeformat
from django.utils.translation import gettext_lazy as _

from accounts.admin.filters import AccountFilter
from accounts.admin.readonly import ReadOnlyAdmin
from accounts.admin.show import badge
from inbox.models import MediaFile

TONES = {"fetching": "quiet", "ready": "good", "failed": "bad"}


@admin.register(MediaFile)
class MediaFileAdmin(ReadOnlyAdmin):
    account_path = "account"
    list_display = ("__str__", "state_badge", "mime", "weight", "account", "by", "at")
    list_filter = ("state", ("account", AccountFilter))
    list_select_related = ("account", "by")
    search_fields = ("name", "=sha256", "=public_id", "source_url")
    ordering = ("-pk",)
    # Not the file itself: its address would go round the view that checks grants.
    fields = ("account", "name", "state_badge", "error", "source_url", "mime", "weight", "width", "height", "sha256", "by", "at", "attachment_id")

    @admin.display(description=_("state"), ordering="state")
    def state_badge(self, media: MediaFile) -> str:
        return badge(media.get_state_display(), TONES[media.state])

    @admin.display(description=_("size"), ordering="size")
    def weight(self, media: MediaFile) -> str:
        return filesizeformat(media.size)
