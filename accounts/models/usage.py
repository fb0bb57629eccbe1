"""How much of its limits an account has used, as Meta's answers tell."""

from datetime import datetime, timedelta

from django.db import models
from django.utils.translation import gettext_lazy as _

from accounts.models.account import Account

# Meta measures over an hour (app usage) or a day; an older word says nothing about now.
SPEAKS_FOR = timedelta(hours=1)


class AccountUsage(models.Model):
    """The newest word of Meta's about one kind of limit, in percent of what it allows.

    Source: Meta, Graph API, "Rate limits", headers `X-App-Usage`, `X-Page-Usage` and `X-Business-Use-Case-Usage`.
    """

    account = models.ForeignKey(Account, models.CASCADE, related_name="usage", verbose_name=_("account"))
    kind = models.CharField(_("limit"), max_length=40)
    business_id = models.CharField(_("counted for"), max_length=40, blank=True)
    calls = models.PositiveSmallIntegerField(_("calls, %"), default=0)
    time = models.PositiveSmallIntegerField(_("time, %"), default=0)
    cpu = models.PositiveSmallIntegerField(_("processor time, %"), default=0)
    regained_at = models.DateTimeField(_("access regained"), null=True, blank=True)
    at = models.DateTimeField(_("told"))

    class Meta:
        verbose_name = _("usage of a limit")
        verbose_name_plural = _("usage of limits")
        ordering = ("kind", "business_id")
        constraints = (models.UniqueConstraint(fields=("account", "kind", "business_id"), name="one_usage_per_account_and_limit"),)

    def __str__(self) -> str:
        return f"{self.kind} · {self.used} %"

    @property
    def used(self) -> int:
        """The limit that is nearest decides."""
        return max(self.calls, self.time, self.cpu)

    @property
    def left(self) -> int:
        return max(0, 100 - self.used)

    def is_current(self, at: datetime) -> bool:
        return at < self.at + SPEAKS_FOR
