"""Somebody asked that we forget them."""

from typing import Any

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from core.fields import PublicIdField


class DeletionRequest(models.Model):
    """One request to erase what we hold about a person, and what became of it. Its public id is the confirmation code.

    Meta hands on whoever asks there; a colleague may ask for one contact. What said who it was is erased with the rest.
    Source: Meta, App Development, "Data deletion request callback".
    """

    public_id = PublicIdField()
    meta_app = models.ForeignKey("accounts.MetaApp", models.PROTECT, related_name="+", verbose_name=_("app"))
    user_id = models.CharField(_("their id at Meta"), max_length=40, blank=True)
    contact = models.ForeignKey("inbox.Contact", models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("only this contact"))
    by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("asked by"))
    received_at = models.DateTimeField(_("received"))
    lease_until = models.DateTimeField(null=True, blank=True, editable=False)
    finished_at = models.DateTimeField(_("finished"), null=True, blank=True)
    # How many of what: {"contacts": 1, "messages": 12, "files": 3, "accounts": 0, "deliveries": 9}.
    erased: Any = models.JSONField(_("erased"), default=dict, blank=True)

    class Meta:
        verbose_name = _("deletion request")
        verbose_name_plural = _("deletion requests")
        ordering = ("-pk",)
        constraints = (
            models.UniqueConstraint(
                fields=("meta_app", "user_id"), condition=Q(finished_at=None, contact=None), name="one_unfinished_request_per_person"
            ),
            models.UniqueConstraint(fields=("contact",), condition=Q(finished_at=None), name="one_unfinished_request_per_contact"),
        )

    def __str__(self) -> str:
        return f"{self.received_at:%Y-%m-%d} · {self.public_id}"

    def get_absolute_url(self) -> str:
        """The status page that whoever asked may look at."""
        return reverse("inbox:deletion", args=[self.public_id])
