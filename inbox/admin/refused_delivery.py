"""What was turned away at Meta's doors, hour by hour. It belongs to no account, so only superusers see it."""

from django.contrib import admin
from django.template.defaultfilters import filesizeformat
from django.utils.translation import gettext_lazy as _

from accounts.admin.readonly import ReadOnlyAdmin
from accounts.admin.show import badge
from inbox.models import RefusedDelivery

Reason = RefusedDelivery.Reason
# What Meta itself must have sent, what may be Meta's, and what is somebody's who only tries.
TONES = {
    Reason.UNSIGNED: "quiet", Reason.MIS_SIGNED: "care", Reason.TOO_LARGE: "care", Reason.NOT_JSON: "bad", Reason.BROKEN_OFF: "quiet",
    Reason.WRONG_TOKEN: "care", Reason.CALLBACK: "care",
}  # fmt: skip


@admin.register(RefusedDelivery)
class RefusedDeliveryAdmin(ReadOnlyAdmin):
    list_display = ("hour", "reason_badge", "number", "weight", "last_at")
    list_filter = ("reason",)
    date_hierarchy = "hour"
    search_fields = ("=reason",)
    fields = ("hour", "reason_badge", "number", "weight", "last_at")

    @admin.display(description=_("reason"), ordering="reason")
    def reason_badge(self, row: RefusedDelivery) -> str:
        return badge(row.get_reason_display(), TONES[Reason(row.reason)])

    @admin.display(description=_("largest"), ordering="largest")
    def weight(self, row: RefusedDelivery) -> str:
        return filesizeformat(row.largest)
