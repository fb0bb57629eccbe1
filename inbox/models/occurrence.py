"""What happened in a conversation beside something being said."""

from datetime import datetime

from django.db import models
from django.utils.translation import gettext_lazy as _


class Occurrence(models.Model):
    """The contact came by a link or an advertisement, or control of the thread went to another app: told by Meta, shown between messages.

    Told twice it is one row: `key` says what makes two the same.
    """

    class Kind(models.TextChoices):
        REFERRAL = "referral", _("came by a link")
        AD = "ad", _("came by an advertisement")
        CONTROL = "control", _("thread control")
        REACTION = "reaction", _("reacted to a message that is not here")

    conversation = models.ForeignKey("inbox.Conversation", models.PROTECT, related_name="occurrences", verbose_name=_("conversation"))
    kind = models.CharField(_("kind"), max_length=10, choices=Kind)
    at = models.DateTimeField(_("when"))
    key = models.TextField()
    about = models.JSONField(_("context"), default=dict, blank=True)

    class Meta:
        verbose_name = _("occurrence")
        verbose_name_plural = _("occurrences")
        ordering = ("at", "pk")
        constraints = (models.UniqueConstraint(fields=("conversation", "key"), name="one_occurrence_per_key"),)
        indexes = (models.Index(fields=("conversation", "kind", "-at"), name="occurrences_newest_first"),)

    def __str__(self) -> str:
        return self.get_kind_display()

    @classmethod
    def note(cls, conversation: models.Model, kind: str, *, at: datetime, key: str, **about: object) -> bool:
        """Write it down once. False where it was known."""
        _row, is_new = cls.objects.get_or_create(conversation=conversation, key=key, defaults={"kind": kind, "at": at, "about": _told(about)})
        return is_new

    @classmethod
    def note_newest(cls, conversation: models.Model, kind: str, *, at: datetime, key: str, **about: object) -> None:
        """Write it down, or let it take the place of an earlier one with the same key. Of two at one moment the same one always stays."""
        if not cls.note(conversation, kind, at=at, key=key, **about):
            known = cls.objects.get(conversation=conversation, key=key)
            if (at, sorted(_told(about).items(), key=str)) > (known.at, sorted(known.about.items(), key=str)):
                cls.objects.filter(pk=known.pk).update(at=at, about=_told(about))


def _told(about: dict[str, object]) -> dict[str, object]:
    return {name: value for name, value in about.items() if value}
