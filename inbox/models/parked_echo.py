"""An echo that may be one of our own messages, waiting to be told apart."""

from django.db import models
from django.utils.translation import gettext_lazy as _


class ParkedEcho(models.Model):
    """Meta told us of a message from our side while one of ours was on its way, and nothing proves yet that they are the same."""

    conversation = models.ForeignKey("inbox.Conversation", models.PROTECT, related_name="parked_echoes", verbose_name=_("conversation"))
    mid = models.TextField(_("id at Meta"))
    at = models.DateTimeField(_("when"))
    text = models.TextField(_("text"), blank=True)
    attachments = models.JSONField(default=list)
    reply_to_mid = models.TextField(blank=True)
    about = models.JSONField(default=dict, blank=True)
    parked_at = models.DateTimeField(_("parked"))
    settled_at = models.DateTimeField(_("settled"), null=True, blank=True)
    outcome = models.CharField(_("outcome"), max_length=20, blank=True)

    class Meta:
        verbose_name = _("parked echo")
        verbose_name_plural = _("parked echoes")
        ordering = ("at", "pk")
        constraints = (models.UniqueConstraint(fields=("conversation", "mid"), name="one_parked_echo_per_mid"),)

    def __str__(self) -> str:
        return self.text[:60] or self.mid[:20]
