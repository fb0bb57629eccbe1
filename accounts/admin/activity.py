"""Activity can be read, and nothing else."""

from django.contrib import admin
from django.utils.translation import gettext_lazy as _

from accounts.admin.filters import AccountFilter
from accounts.admin.readonly import ReadOnlyAdmin
from accounts.admin.show import as_json
from accounts.models import Activity


@admin.register(Activity)
class ActivityAdmin(ReadOnlyAdmin):
    account_path = "account"
    list_display = ("at", "by", "verb", "target_type", "target_id", "account")
    list_display_links = ("at", "verb")
    list_filter = (("account", AccountFilter),)
    list_select_related = ("by", "account")
    search_fields = ("verb", "target_type", "=target_id", "by__name", "by__email")
    date_hierarchy = "at"
    fields = ("at", "by", "verb", "target_type", "target_id", "account", "what")

    @admin.display(description=_("details"))
    def what(self, activity: Activity) -> str:
        return as_json(activity.details)
