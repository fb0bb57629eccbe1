"""Asking Meta from time to time what is new on an account."""

from django.db import models
from django.utils.translation import gettext_lazy as _

from inbox.models.backfill import PART


class Reading(models.Model):
    """How far the reading of an account is for which nothing can come by webhook. When it is next due, the account itself says.

    A round reads what changed since the round before, part by part; its place in Meta's list is kept after every part.
    """

    account = models.OneToOneField("accounts.Account", models.PROTECT, related_name="reading", verbose_name=_("account"))
    # When the present round began; None between rounds.
    began_at = models.DateTimeField(_("round begun"), null=True, blank=True)
    # What changed since then is read in this round.
    since = models.DateTimeField(_("since"), null=True, blank=True)
    # Where Meta's list goes on. Empty at its beginning.
    cursor = models.TextField(blank=True, editable=False)
    part = models.PositiveSmallIntegerField(default=PART, editable=False)
    # All rounds since webhooks stopped.
    rounds = models.PositiveIntegerField(_("rounds"), default=0)
    messages = models.PositiveIntegerField(_("messages read"), default=0)
    # How many in a row failed, and why the last one did.
    tries = models.PositiveSmallIntegerField(_("failed in a row"), default=0)
    trouble = models.CharField(_("trouble"), max_length=40, blank=True)

    class Meta:
        verbose_name = _("reading without webhooks")
        verbose_name_plural = _("readings without webhooks")

    def __str__(self) -> str:
        return str(self.account)
