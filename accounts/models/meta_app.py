"""One app at Meta."""

from django.db import models
from django.utils.translation import gettext_lazy as _

from core.fields import EncryptedField, PublicIdField


class MetaApp(models.Model):
    """One app at Meta: its id, and the secrets that sign what Meta sends us.

    An Instagram app has its own id and secret beside the Facebook app's (Meta, Instagram API with Instagram Login, "Get started").
    """

    class Kind(models.TextChoices):
        FACEBOOK = "facebook", _("Facebook app")
        INSTAGRAM = "instagram", _("Instagram app")

    public_id = PublicIdField()
    kind = models.CharField(_("kind"), max_length=12, choices=Kind)
    app_id = models.CharField(_("app id"), max_length=40, help_text=_("The number that Meta's dashboard shows as App ID."))
    name = models.CharField(_("name"), max_length=120, blank=True)
    secret = EncryptedField(_("app secret"), help_text=_("Kept encrypted and never shown again. It checks that webhooks come from Meta."))
    verify_token = EncryptedField(_("verify token"), help_text=_("Any phrase; write the same one at Meta beside the callback address."))
    handshake_at = models.DateTimeField(_("handshake seen"), null=True, blank=True, editable=False)

    class Meta:
        verbose_name = _("Meta app")
        verbose_name_plural = _("Meta apps")
        constraints = (models.UniqueConstraint(fields=("kind", "app_id"), name="one_row_per_meta_app"),)

    def __str__(self) -> str:
        return self.name or f"{self.get_kind_display()} {self.app_id}"
