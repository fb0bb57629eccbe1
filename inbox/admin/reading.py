"""How the reading of accounts goes of which nothing can come by webhook."""

from django.contrib import admin
from django.utils.translation import gettext_lazy as _

from accounts.admin.filters import AccountFilter
from accounts.admin.readonly import ReadOnlyAdmin
from accounts.admin.show import badge, moment
from accounts.reasons import trouble_sentence
from inbox.models import Reading


@admin.register(Reading)
class ReadingAdmin(ReadOnlyAdmin):
    account_path = "account"
    list_display = ("account", "state", "last_round", "next_round", "messages", "trouble_now")
    list_filter = (("account", AccountFilter),)
    list_select_related = ("account",)
    search_fields = ("account__name",)
    ordering = ("account__name",)
    fields = ("account", "state", "last_round", "next_round", "messages", "tries", "trouble_now")

    @admin.display(description=_("state"))
    def state(self, reading: Reading) -> str:
        return badge(_("delayed"), "care") if reading.account.is_delayed else badge(_("webhooks come again"), "good")

    @admin.display(description=_("last read"))
    def last_round(self, reading: Reading) -> str:
        return moment(reading.account.polled_at)

    @admin.display(description=_("next reading"))
    def next_round(self, reading: Reading) -> str:
        return moment(reading.account.poll_due_at)

    @admin.display(description=_("trouble"))
    def trouble_now(self, reading: Reading) -> str:
        return trouble_sentence(reading.trouble) if reading.trouble else "–"
