"""What each look at an account found. It can be read, and nothing else."""

from django.contrib import admin
from django.utils.translation import gettext_lazy as _

from accounts.admin.filters import AccountFilter
from accounts.admin.readonly import ReadOnlyAdmin
from accounts.admin.show import as_json, badge
from accounts.models import AccountCheck

TONES = {AccountCheck.Verdict.WELL: "good", AccountCheck.Verdict.CARE: "care", AccountCheck.Verdict.BAD: "bad", AccountCheck.Verdict.UNKNOWN: "quiet"}


@admin.register(AccountCheck)
class AccountCheckAdmin(ReadOnlyAdmin):
    account_path = "account"
    list_display = ("at", "account", "verdict_badge")
    list_filter = ("verdict", ("account", AccountFilter))
    list_select_related = ("account",)
    search_fields = ("account__name", "account__username")
    date_hierarchy = "at"
    fields = ("account", "at", "verdict_badge", "found")

    @admin.display(description=_("verdict"), ordering="verdict")
    def verdict_badge(self, check: AccountCheck) -> str:
        return badge(check.get_verdict_display(), TONES[AccountCheck.Verdict(check.verdict)])

    @admin.display(description=_("findings"))
    def found(self, check: AccountCheck) -> str:
        return as_json(check.findings)
