"""What one look at a connected account found."""

from datetime import datetime
from typing import Self

from django.db import models
from django.utils.translation import gettext_lazy as _

from accounts.models.account import Account


class AccountCheckQuerySet(models.QuerySet["AccountCheck"]):
    def since(self, at: datetime) -> Self:
        return self.filter(at__gte=at)


class AccountCheck(models.Model):
    """What one look at a connected account found: a verdict, and the state of each line of its checklist."""

    class Verdict(models.TextChoices):
        WELL = "well", _("well")
        CARE = "care", _("needs care")
        BAD = "bad", _("broken")
        UNKNOWN = "unknown", _("not known")

    account = models.ForeignKey(Account, models.CASCADE, related_name="checks", verbose_name=_("account"))
    at = models.DateTimeField(_("when"))
    verdict = models.CharField(_("verdict"), max_length=8, choices=Verdict)
    # By line of the checklist its state, and the codes of what went wrong; never a token, never a sentence of Meta's.
    findings = models.JSONField(_("findings"), default=dict)

    objects = AccountCheckQuerySet.as_manager()

    class Meta:
        verbose_name = _("check of an account")
        verbose_name_plural = _("checks of accounts")
        ordering = ("-at", "-pk")
        indexes = (models.Index(fields=("account", "-at"), name="checks_of_account"),)

    def __str__(self) -> str:
        return f"{self.account} · {self.get_verdict_display()}"
