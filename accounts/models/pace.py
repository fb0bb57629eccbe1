"""How fast an account may speak: one row for all workers on all machines."""

from django.db import models
from django.utils.translation import gettext_lazy as _

from accounts.models.account import Account


class AccountPace(models.Model):
    """When the next message of one kind may leave, by Meta's limits of calls a second (`graph.limits`)."""

    class Kind(models.TextChoices):
        TEXT = "text", _("text, pictures, files and cards")
        MEDIA = "media", _("sound and film")

    account = models.ForeignKey(Account, models.CASCADE, related_name="paces", verbose_name=_("account"))
    kind = models.CharField(_("kind"), max_length=8, choices=Kind)
    next_at = models.DateTimeField(_("next"))
    # The latest place for which somebody was woken: for each one only once.
    woken_at = models.DateTimeField(null=True, editable=False)

    class Meta:
        verbose_name = _("pace")
        verbose_name_plural = _("paces")
        constraints = (models.UniqueConstraint(fields=("account", "kind"), name="one_pace_per_account_and_kind"),)

    def __str__(self) -> str:
        return f"{self.account} · {self.get_kind_display()}"
