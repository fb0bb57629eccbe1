"""What Meta sent us, as it arrived."""

from django.db import models
from django.utils.translation import gettext_lazy as _

from core.fields import PublicIdField


class WebhookDelivery(models.Model):
    """One raw body as it arrived. What cannot be applied keeps its error and can be replayed."""

    class State(models.TextChoices):
        RECEIVED = "received", _("received")
        APPLIED = "applied", _("applied")
        FAILED = "failed", _("failed")

    public_id = PublicIdField()
    received_at = models.DateTimeField(_("received"), db_index=True)
    meta_app = models.ForeignKey("accounts.MetaApp", models.PROTECT, related_name="+", verbose_name=_("signed by"))
    body = models.BinaryField(_("body"))
    # Meta repeats a body until it hears 200; the same bytes are the same events.
    digest = models.CharField(_("SHA-256"), max_length=64, unique=True)
    state = models.CharField(_("state"), max_length=10, choices=State, default=State.RECEIVED)
    error = models.TextField(_("error"), blank=True)
    events = models.PositiveIntegerField(_("events"), default=0)
    applied_at = models.DateTimeField(_("applied"), null=True, blank=True)
    lease_until = models.DateTimeField(null=True, blank=True)
    # Raised by everybody who wants it applied once more; a worker that is applying it sees that it has to stay open.
    replays_wanted = models.PositiveIntegerField(default=0, editable=False)

    class Meta:
        verbose_name = _("webhook delivery")
        verbose_name_plural = _("webhook deliveries")
        ordering = ("-pk",)
        indexes = (models.Index(fields=("id",), condition=models.Q(state="received"), name="deliveries_to_apply"),)

    def __str__(self) -> str:
        return f"{self.received_at:%Y-%m-%d %H:%M:%S} · {self.get_state_display()}"


class KeptEvent(models.Model):
    """An event that is not understood yet, or belongs to an account that is not connected: kept, never lost."""

    delivery = models.ForeignKey(WebhookDelivery, models.PROTECT, related_name="kept_events", verbose_name=_("delivery"))
    position = models.PositiveIntegerField()
    kind = models.TextField(_("kind"))
    reason = models.TextField(_("why kept"))
    body = models.JSONField(_("event"))
    # What had not arrived when this did: once it has, the delivery is applied once more.
    waits_for = models.TextField(_("waits for"), blank=True)

    class Meta:
        verbose_name = _("kept event")
        verbose_name_plural = _("kept events")
        ordering = ("-pk",)
        constraints = (models.UniqueConstraint(fields=("delivery", "position"), name="one_kept_event_per_position"),)
        indexes = (models.Index(fields=("waits_for",), condition=~models.Q(waits_for=""), name="kept_events_waiting"),)

    def __str__(self) -> str:
        return self.kind
