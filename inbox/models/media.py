"""Bytes of our own: what we send, as it was shown, and copies of what contacts sent, because Meta's addresses die."""

from typing import Any

from django.conf import settings
from django.core.files.storage import storages
from django.db import models
from django.utils.translation import gettext_lazy as _

from core.fields import PublicIdField
from graph.limits import media_kind_of
from graph.payloads import MediaKind


def private_storage() -> Any:
    """Where media lies: never under a public URL; a view that checks grants serves it."""
    return storages["default"]


def media_path(media: "MediaFile", filename: str) -> str:
    return f"{media.account.public_id}/{media.public_id}"


class MediaFile(models.Model):
    """A picture, video, voice message or file: its bytes, kept from the moment it was chosen, proposed or received, and their digest.

    One that nobody of ours chose (`by` is empty) is a copy of what a contact sent, or of what was sent to them elsewhere.
    """

    class State(models.TextChoices):
        FETCHING = "fetching", _("being fetched")
        READY = "ready", _("ready")
        FAILED = "failed", _("could not be fetched")
        GONE = "gone", _("no longer at Meta")

    class Turn(models.IntegerChoices):
        """What comes in is copied before what was read back."""

        NEWS = 0, _("at once")
        HISTORY = 1, _("after what comes in")

    public_id = PublicIdField()
    account = models.ForeignKey("accounts.Account", models.PROTECT, related_name="media", verbose_name=_("account"))
    by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("chosen by"))
    at = models.DateTimeField(_("chosen"))
    state = models.CharField(_("state"), max_length=10, choices=State, default=State.READY)
    turn = models.PositiveSmallIntegerField(_("copied"), choices=Turn, default=Turn.NEWS, editable=False)
    source_url = models.TextField(_("address"), blank=True)
    error = models.TextField(_("error"), blank=True)
    lease_until = models.DateTimeField(null=True, blank=True)
    attempts = models.PositiveSmallIntegerField(_("attempts"), default=0, editable=False)
    not_before = models.DateTimeField(null=True, blank=True, editable=False)
    file = models.FileField(_("file"), upload_to=media_path, storage=private_storage, blank=True)
    name = models.CharField(_("file name"), max_length=120, blank=True)
    mime = models.CharField(_("type"), max_length=127, blank=True)
    size = models.PositiveIntegerField(_("bytes"), default=0)
    width = models.PositiveIntegerField(default=0)
    height = models.PositiveIntegerField(default=0)
    sha256 = models.CharField(_("SHA-256"), max_length=64, blank=True, db_index=True)
    # Meta's id for our upload, good for 90 days (Meta, "Saving assets").
    attachment_id = models.CharField(_("id at Meta"), max_length=40, blank=True)
    attachment_expires_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        verbose_name = _("media file")
        verbose_name_plural = _("media files")

        indexes = (
            models.Index(fields=("state", "id"), name="media_by_state"),
            models.Index(fields=("state", "turn", "id"), name="media_by_turn"),
        )

    def __str__(self) -> str:
        return self.name or self.public_id

    @property
    def kind(self) -> MediaKind:
        """What a messenger shows it as."""
        return media_kind_of(self.mime)
