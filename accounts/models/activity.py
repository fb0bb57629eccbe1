"""One line of who did what to what, when."""

from datetime import datetime
from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

if TYPE_CHECKING:
    from accounts.models.user import User


class Activity(models.Model):
    """Who did what to what, written in the transaction of the verb itself. Never changed, and deleted only where somebody is forgotten."""

    at = models.DateTimeField(_("when"), db_index=True)
    by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("who"))
    verb = models.CharField(_("did"), max_length=60)
    target_type = models.CharField(_("to a"), max_length=40)
    target_id = models.CharField(_("which"), max_length=40)
    account = models.ForeignKey("accounts.Account", models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("account"))
    details = models.JSONField(_("details"), default=dict, blank=True)

    class Meta:
        verbose_name = _("activity")
        verbose_name_plural = _("activity")
        ordering = ("-at", "-pk")
        indexes = (models.Index(fields=("target_type", "target_id", "-at"), name="activity_of_one_thing"),)

    def __str__(self) -> str:
        return f"{self.by or _('Countersign')} {self.verb} {self.target_type} {self.target_id}"

    @classmethod
    def record(cls, verb: str, target: Any, *, by: "User | None", at: datetime, account: Any = None, **details: Any) -> "Activity":
        """Write one line. `target` is the row it is about; `details` must be JSON and hold no secret."""
        target_id = getattr(target, "public_id", None) or str(target.pk)
        return cls.objects.create(
            verb=verb, target_type=target._meta.model_name, target_id=target_id, by=by, at=at, account=account, details=details
        )
