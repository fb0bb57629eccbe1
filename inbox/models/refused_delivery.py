"""What came to the webhook's address and was turned away."""

from django.db import models
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy


class RefusedDelivery(models.Model):
    """How often, in one hour, bodies were turned away for one reason.

    Counted and not kept: anybody on the internet can send them, and what is not signed is not Meta's word.
    """

    class Reason(models.TextChoices):
        UNSIGNED = "unsigned", _("without a signature")
        MIS_SIGNED = "mis_signed", _("with a wrong signature")
        TOO_LARGE = "too_large", _("too large")
        NOT_JSON = "not_json", _("signed, but not JSON")
        BROKEN_OFF = "broken_off", _("broken off on the way")
        WRONG_TOKEN = "wrong_token", _("handshake with a wrong verify token")
        CALLBACK = "callback", _("deauthorisation or deletion not signed by the app")

    hour = models.DateTimeField(_("hour"))
    reason = models.CharField(_("reason"), max_length=12, choices=Reason)
    number = models.PositiveIntegerField(pgettext_lazy("how many", "number"), default=0)
    largest = models.PositiveIntegerField(_("largest, bytes"), default=0)
    last_at = models.DateTimeField(_("last"))

    class Meta:
        verbose_name = _("refused delivery")
        verbose_name_plural = _("refused deliveries")
        ordering = ("-hour", "reason")
        constraints = (models.UniqueConstraint(fields=("hour", "reason"), name="one_count_per_hour_and_reason"),)

    def __str__(self) -> str:
        return f"{self.hour:%Y-%m-%d %H:00} · {self.get_reason_display()}"
