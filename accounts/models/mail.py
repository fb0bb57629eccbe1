"""One e-mail to somebody."""

from datetime import datetime
from typing import Self

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from accounts.models.account import Account
from core.fields import EncryptedField
from core.lease import is_free


class MailQuerySet(models.QuerySet["Mail"]):
    def due(self, at: datetime) -> Self:
        """Those that may leave now, and that no other worker is at."""
        return self.filter(is_free(at), sent_at=None, given_up_at=None, not_before__lte=at)


class Mail(models.Model):
    """One e-mail to somebody, written in the transaction of what it tells and sent by a worker. Its words go once it is sent."""

    address = models.EmailField(_("to"), max_length=254)
    to = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("person"))
    account = models.ForeignKey(Account, models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("account"))
    kind = models.CharField(_("about"), max_length=40)
    # What makes two the same: nobody is told one thing twice.
    key = models.CharField(max_length=120)
    subject = models.CharField(_("subject"), max_length=200)
    # Encrypted, because an invitation's link lets somebody in.
    body = EncryptedField(_("words"), blank=True)
    at = models.DateTimeField(_("written"))
    not_before = models.DateTimeField(_("not before"))
    tries = models.PositiveSmallIntegerField(_("tries"), default=0)
    sent_at = models.DateTimeField(_("sent"), null=True, blank=True)
    given_up_at = models.DateTimeField(_("given up"), null=True, blank=True)
    trouble = models.CharField(_("trouble"), max_length=80, blank=True)
    lease_until = models.DateTimeField(null=True, blank=True, editable=False)

    objects = MailQuerySet.as_manager()

    class Meta:
        verbose_name = _("e-mail")
        verbose_name_plural = _("e-mails")
        ordering = ("-pk",)
        constraints = (models.UniqueConstraint(fields=("address", "key"), name="one_mail_per_address_and_key"),)
        indexes = (models.Index(fields=("not_before",), condition=Q(sent_at=None, given_up_at=None), name="mails_due"),)

    def __str__(self) -> str:
        return f"{self.subject} · {self.address}"
