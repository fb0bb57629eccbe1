"""An invitation to somebody who has no login yet."""

from datetime import datetime
from typing import Self

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from accounts.models.account import Account
from core.fields import PublicIdField

PRESETS = (("operator", _("Operator")), ("approver", _("Approver")), ("manager", _("Manager")))


class InvitationQuerySet(models.QuerySet["Invitation"]):
    def open(self, at: datetime) -> Self:
        """Those that can still be accepted."""
        return self.filter(accepted_at=None, revoked_at=None, expires_at__gt=at)


class Invitation(models.Model):
    """An invitation to somebody who has no login yet. Its link is shown once; only a digest of what it holds is kept."""

    public_id = PublicIdField()
    email = models.EmailField(_("e-mail"), max_length=254)
    name = models.CharField(_("name"), max_length=120, blank=True)
    digest = models.CharField(max_length=64, unique=True, editable=False)
    by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+", verbose_name=_("invited by"))
    at = models.DateTimeField(_("invited"))
    expires_at = models.DateTimeField(_("expires"))
    accepted_at = models.DateTimeField(_("accepted"), null=True, blank=True)
    accepted_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("as"))
    revoked_at = models.DateTimeField(_("revoked"), null=True, blank=True)

    objects = InvitationQuerySet.as_manager()

    class Meta:
        verbose_name = _("invitation")
        verbose_name_plural = _("invitations")
        ordering = ("-pk",)
        constraints = (models.CheckConstraint(condition=Q(accepted_at=None) | Q(revoked_at=None), name="an_invitation_is_accepted_or_revoked"),)

    def __str__(self) -> str:
        return self.email


class InvitedGrant(models.Model):
    """What the invited person will be on one account."""

    invitation = models.ForeignKey(Invitation, models.CASCADE, related_name="grants", verbose_name=_("invitation"))
    account = models.ForeignKey(Account, models.CASCADE, related_name="+", verbose_name=_("account"))
    preset = models.CharField(_("as"), max_length=10, choices=PRESETS)

    class Meta:
        verbose_name = _("invited as")
        verbose_name_plural = _("invited as")
        constraints = (models.UniqueConstraint(fields=("invitation", "account"), name="one_preset_per_invitation_and_account"),)

    def __str__(self) -> str:
        return f"{self.get_preset_display()} · {self.account}"
