"""Words that people send again and again."""

from django.db import models
from django.db.models import Q
from django.db.models.functions import Lower
from django.utils.translation import gettext_lazy as _

from core.fields import PublicIdField


class CannedReply(models.Model):
    """Words that people send again and again, called by a short name after `/`. `{{ … }}` names what is filled in."""

    public_id = PublicIdField()
    account = models.ForeignKey(
        "accounts.Account", models.CASCADE, null=True, blank=True, related_name="canned_replies", verbose_name=_("account"),
        help_text=_("Left empty: on every account."),
    )  # fmt: skip
    shortcut = models.SlugField(_("short name"), max_length=40, help_text=_("What is typed after “/”: letters, digits and hyphens."))
    text = models.TextField(_("text"))

    class Meta:
        verbose_name = _("canned reply")
        verbose_name_plural = _("canned replies")
        ordering = ("shortcut", "pk")
        constraints = (
            models.UniqueConstraint(
                Lower("shortcut"), "account", name="one_canned_reply_per_shortcut_and_account",
                violation_error_message=_("This account has a canned reply of this name already."),
            ),
            models.UniqueConstraint(
                Lower("shortcut"), condition=Q(account=None), name="one_canned_reply_per_shortcut_everywhere",
                violation_error_message=_("There is a canned reply of this name for every account already."),
            ),
        )  # fmt: skip

    def __str__(self) -> str:
        return f"/{self.shortcut}"
