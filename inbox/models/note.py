"""What colleagues tell each other in a conversation."""

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from core.fields import PublicIdField


class Note(models.Model):
    """Words for colleagues. No contact and no agent ever gets to see them."""

    public_id = PublicIdField()
    conversation = models.ForeignKey("inbox.Conversation", models.PROTECT, related_name="notes", verbose_name=_("conversation"))
    by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+", verbose_name=_("written by"))
    at = models.DateTimeField(_("when"))
    # Emptied when it is taken away: a line that it was there stays.
    text = models.TextField(_("text"), blank=True)
    removed_at = models.DateTimeField(_("taken away"), null=True, blank=True)

    class Meta:
        verbose_name = _("note")
        verbose_name_plural = _("notes")
        ordering = ("at", "pk")
        indexes = (models.Index(fields=("conversation", "-at", "-id"), name="notes_newest_first"),)

    def __str__(self) -> str:
        return self.text[:80] or str(_("Note taken away"))


class Mention(models.Model):
    """A note names a colleague, who has seen it or not yet."""

    note = models.ForeignKey(Note, models.CASCADE, related_name="mentions", verbose_name=_("note"))
    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="mentions", verbose_name=_("who"))
    # Repeated from the note: the list asks by it.
    conversation = models.ForeignKey("inbox.Conversation", models.PROTECT, related_name="mentions", verbose_name=_("conversation"))
    seen_at = models.DateTimeField(_("seen"), null=True, blank=True)

    class Meta:
        verbose_name = _("mention")
        verbose_name_plural = _("mentions")
        indexes = (models.Index(fields=("user", "conversation"), condition=models.Q(seen_at=None), name="mentions_unseen"),)
        constraints = (models.UniqueConstraint(fields=("note", "user"), name="one_mention_per_note_and_user"),)

    def __str__(self) -> str:
        return f"@{self.user}"
