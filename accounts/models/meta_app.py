"""One app at Meta."""

from django.db import models
from django.utils.translation import gettext_lazy as _

from core.clock import now
from core.fields import EncryptedField, PublicIdField


class MetaApp(models.Model):
    """One app at Meta: its id, and the secrets that sign what Meta sends us.

    An Instagram app has its own id and secret beside the Facebook app's (Meta, Instagram API with Instagram Login, "Get started").
    """

    class Kind(models.TextChoices):
        FACEBOOK = "facebook", _("Facebook app")
        INSTAGRAM = "instagram", _("Instagram app")

    class AccessLevel(models.TextChoices):
        """For whom Meta lets the app work (Graph API, "Access levels"). No call of Meta's tells it for sure, so an admin says it."""

        UNTOLD = "", _("not told")
        STANDARD = "standard", _("Standard Access: only people with a role on the app")
        ADVANCED = "advanced", _("Advanced Access: everybody")

    class Door(models.TextChoices):
        """What became of our own call to our public address."""

        UNTOLD = "", _("not tried yet")
        OPEN = "open", _("answers over HTTPS")
        NOT_PUBLIC = "not_public", _("not a public HTTPS address")
        CERTIFICATE = "certificate", _("the certificate is not valid")
        SILENT = "silent", _("does not answer")
        SOMETHING_ELSE = "something_else", _("something else answers")

    public_id = PublicIdField()
    kind = models.CharField(_("kind"), max_length=12, choices=Kind)
    app_id = models.CharField(_("app id"), max_length=40, help_text=_("The number that Meta's dashboard shows as App ID."))
    name = models.CharField(_("name"), max_length=120, blank=True)
    secret = EncryptedField(_("app secret"), help_text=_("Kept encrypted and never shown again. It checks that webhooks come from Meta."))
    verify_token = EncryptedField(_("verify token"), help_text=_("Any phrase; write the same one at Meta beside the callback address."))
    config_id = models.CharField(
        _("login configuration"), max_length=40, blank=True, help_text=_("Only for Facebook Login for Business: the number of the configuration.")
    )
    access_level = models.CharField(
        _("access level"), max_length=10, choices=AccessLevel, blank=True, default=AccessLevel.UNTOLD,
        help_text=_("As Meta's dashboard shows it beside the messaging permissions. With Standard Access only people with a role on the app are heard."),
    )  # fmt: skip
    handshake_at = models.DateTimeField(_("handshake seen"), null=True, blank=True, editable=False)
    door = models.CharField(_("public address"), max_length=16, choices=Door, blank=True, default=Door.UNTOLD, editable=False)
    door_at = models.DateTimeField(_("public address tried"), null=True, blank=True, editable=False)
    # By name, what Meta tells of each: "live" or "unapproved" (Graph API reference, "Application permissions"). None is not told.
    permissions = models.JSONField(_("permissions"), null=True, blank=True, editable=False)
    # Where Meta sends webhooks: object, callback_url, fields, is_active. None is not told.
    subscriptions = models.JSONField(_("webhooks go to"), null=True, blank=True, editable=False)
    checked_at = models.DateTimeField(_("checked"), null=True, editable=False)
    check_due_at = models.DateTimeField(_("next check"), null=True, blank=True, default=now, db_index=True, editable=False)
    # The code of what went wrong at the last check, or "" (see `accounts.reasons`).
    trouble = models.CharField(_("trouble at the last check"), max_length=40, blank=True, editable=False)
    # What somebody asked for beside the check itself: "subscribe".
    wants = models.JSONField(default=list, blank=True, editable=False)

    class Meta:
        verbose_name = _("Meta app")
        verbose_name_plural = _("Meta apps")
        constraints = (models.UniqueConstraint(fields=("kind", "app_id"), name="one_row_per_meta_app"),)

    def __str__(self) -> str:
        return self.name or f"{self.get_kind_display()} {self.app_id}"
