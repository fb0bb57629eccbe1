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
    received_at = models.DateTimeField(_("received"))
    meta_app = models.ForeignKey("accounts.MetaApp", models.PROTECT, related_name="+", verbose_name=_("signed by"))
    body = models.BinaryField(_("body"))
    # Meta repeats a body until it hears 200; the same bytes are the same events.
    digest = models.CharField(_("SHA-256"), max_length=64, unique=True)
    state = models.CharField(_("state"), max_length=10, choices=State, default=State.RECEIVED)
    error = models.TextField(_("error"), blank=True)
    events = models.PositiveIntegerField(_("events"), default=0)
    applied_at = models.DateTimeField(_("applied"), null=True, blank=True)
    lease_until = models.DateTimeField(null=True, blank=True)
    # How often the database itself broke while it was applied.
    tries = models.PositiveSmallIntegerField(default=0, editable=False)
    # Its body is not quite what Meta sent any more: the words of an unsent message were taken out of it.
    redacted_at = models.DateTimeField(_("words removed"), null=True, blank=True)
    # Its time was over while an event of it is still kept: the body is gone, and with it the way to apply it again.
    emptied_at = models.DateTimeField(_("body deleted"), null=True, blank=True)
    # Raised by everybody who wants it applied once more; a worker that is applying it sees that it has to stay open.
    replays_wanted = models.PositiveIntegerField(default=0, editable=False)

    class Meta:
        verbose_name = _("webhook delivery")
        verbose_name_plural = _("webhook deliveries")
        ordering = ("-pk",)
        indexes = (
            models.Index(fields=("id",), condition=models.Q(state="received"), name="deliveries_to_apply"),
            models.Index(fields=("id",), condition=models.Q(state="failed"), name="deliveries_failed"),
            models.Index(fields=("received_at", "state"), name="deliveries_by_time"),
            models.Index(fields=("redacted_at",), condition=models.Q(redacted_at__isnull=False), name="deliveries_redacted"),
        )

    def __str__(self) -> str:
        return f"{self.received_at:%Y-%m-%d %H:%M:%S} · {self.get_state_display()}"


class KeptEvent(models.Model):
    """An event that is not understood yet, or belongs to an account that is not connected: kept, never lost."""

    delivery = models.ForeignKey(WebhookDelivery, models.PROTECT, related_name="kept_events", verbose_name=_("delivery"))
    position = models.PositiveIntegerField()
    account = models.ForeignKey("accounts.Account", models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("account"))
    kind = models.TextField(_("kind"))
    # The same for every telling of one event, by which they are counted once.
    key = models.TextField(blank=True)
    at = models.DateTimeField(_("when"), null=True, blank=True)
    reason = models.TextField(_("why kept"))
    body = models.JSONField(_("event"))
    # What had not arrived when this did: once it has, the delivery is applied once more.
    waits_for = models.TextField(_("waits for"), blank=True)

    class Meta:
        verbose_name = _("kept event")
        verbose_name_plural = _("kept events")
        ordering = ("-pk",)
        constraints = (models.UniqueConstraint(fields=("delivery", "position"), name="one_kept_event_per_position"),)
        indexes = (
            models.Index(fields=("waits_for",), name="kept_events_waiting"),
            models.Index(fields=("kind", "key"), name="kept_events_counted"),
        )

    def __str__(self) -> str:
        return self.kind
