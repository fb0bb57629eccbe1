"""Reading back what was said before an account was connected."""

from datetime import datetime
from typing import Self

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.formats import date_format
from django.utils.timezone import localtime
from django.utils.translation import gettext_lazy as _

from core.fields import PublicIdField
from core.lease import is_free

PART = 20


class BackfillQuerySet(models.QuerySet["Backfill"]):
    def unfinished(self) -> Self:
        return self.filter(finished_at=None)

    def due(self, at: datetime) -> Self:
        """Those that a worker may go on with, and that no other is at."""
        return self.unfinished().filter(is_free(at), not_before__lte=at)


class Backfill(models.Model):
    """Reading back what was said before an account was connected: a job whose place in Meta's list is kept after every part."""

    class State(models.TextChoices):
        COUNTING = "counting", _("counting conversations")
        READING = "reading", _("reading conversations")
        DONE = "done", _("done")
        FAILED = "failed", _("failed")
        CANCELLED = "cancelled", _("stopped")

    public_id = PublicIdField()
    account = models.ForeignKey("accounts.Account", models.PROTECT, related_name="backfills", verbose_name=_("account"))
    by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("asked by"))
    at = models.DateTimeField(_("asked"))
    # Conversations without a word since then are left out; None is everything that Meta lists.
    since = models.DateTimeField(_("back to"), null=True, blank=True)
    state = models.CharField(_("state"), max_length=10, choices=State, default=State.COUNTING)
    # Where Meta's list goes on. Empty at its beginning.
    cursor = models.TextField(blank=True, editable=False)
    # How many conversations Meta lists; None where it did not let us count.
    total = models.PositiveIntegerField(_("conversations at Meta"), null=True, blank=True)
    counted = models.PositiveIntegerField(default=0, editable=False)
    conversations = models.PositiveIntegerField(_("conversations read"), default=0)
    messages = models.PositiveIntegerField(_("messages taken over"), default=0)
    # Conversations that Meta lists and does not open, that are with nobody in particular, or that we could not apply.
    left_out = models.PositiveIntegerField(_("conversations left out"), default=0)
    oldest_at = models.DateTimeField(_("oldest message"), null=True, blank=True)
    # When the newest part was read; a place in Meta's list that is older than that may be forgotten there.
    read_at = models.DateTimeField(_("last read"), null=True, blank=True)
    # How many conversations a part asks for: fewer where Meta found more too large.
    part = models.PositiveSmallIntegerField(default=PART, editable=False)
    # How many in a row failed, and why the last one did.
    tries = models.PositiveSmallIntegerField(default=0, editable=False)
    trouble = models.CharField(_("trouble"), max_length=40, blank=True)
    not_before = models.DateTimeField(_("goes on"), db_index=True)
    lease_until = models.DateTimeField(null=True, blank=True, editable=False)
    finished_at = models.DateTimeField(_("ended"), null=True, blank=True)

    objects = BackfillQuerySet.as_manager()

    class Meta:
        verbose_name = _("reading of history")
        verbose_name_plural = _("readings of history")
        ordering = ("-pk",)
        constraints = (
            models.UniqueConstraint(
                fields=("account",), condition=Q(finished_at=None), name="one_unfinished_backfill_per_account",
                violation_error_message=_("The history of this account is being read already."),
            ),
        )  # fmt: skip

    def __str__(self) -> str:
        return f"{self.account} · {date_format(localtime(self.at))}"
