"""Who is looking at which conversation."""

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _


class Presence(models.Model):
    """The conversation that one person looks at, as of their browser's last word. What is old counts no more."""

    user = models.OneToOneField(settings.AUTH_USER_MODEL, models.CASCADE, related_name="presence", verbose_name=_("who"))
    conversation = models.ForeignKey("inbox.Conversation", models.CASCADE, related_name="presences", verbose_name=_("conversation"))
    seen_at = models.DateTimeField(_("last seen"))
    typed_at = models.DateTimeField(_("last typed"), null=True, blank=True)

    class Meta:
        verbose_name = _("presence")
        verbose_name_plural = _("presences")

    def __str__(self) -> str:
        return f"{self.user} · {self.conversation}"
