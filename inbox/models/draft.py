"""A person's unsent words."""

from urllib.parse import urlencode

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _


class DraftQuerySet(models.QuerySet["Draft"]):
    def named_files(self) -> set[str]:
        """Public ids of the files that are chosen in these, and of the pictures of their cards."""
        rows = self.exclude(chosen=[], typed__picture__isnull=True).values_list("chosen", "typed__picture")
        return {public_id for chosen, picture in rows.iterator() for public_id in (*chosen, picture) if public_id}


class Draft(models.Model):
    """What one person has typed in one conversation and not sent. It belongs to this conversation and to nobody else."""

    conversation = models.ForeignKey("inbox.Conversation", models.CASCADE, related_name="drafts", verbose_name=_("conversation"))
    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="+", verbose_name=_("who"))
    # The boxes of the composer by name, beside them which page saved it, and the public ids of the files that were chosen.
    typed = models.JSONField(default=dict)
    chosen = models.JSONField(default=list, blank=True)
    saved_at = models.DateTimeField(_("saved"))

    objects = DraftQuerySet.as_manager()

    class Meta:
        verbose_name = _("draft")
        verbose_name_plural = _("drafts")
        constraints = (models.UniqueConstraint(fields=("conversation", "user"), name="one_draft_per_conversation_and_user"),)

    def __str__(self) -> str:
        return f"{self.user} · {self.conversation}"

    @property
    def version(self) -> str:
        """Names what it says now; another save is another version."""
        return self.saved_at.isoformat()

    @property
    def words(self) -> dict[str, str]:
        """What stands in the boxes of the composer, by their names."""
        return {name: value for name, value in self.typed.items() if name not in ("writer", "number")}

    @property
    def files(self) -> list[str]:
        """The public ids of all files in it, that of the card's picture included."""
        return [*self.chosen, *filter(None, [self.typed.get("picture")])]

    @property
    def writer(self) -> str:
        """The page in a browser that saved it."""
        return str(self.typed.get("writer", ""))

    @property
    def number(self) -> int:
        """Counts the saves of that page."""
        return int(self.typed.get("number", 0))

    @property
    def as_form(self) -> str:
        """All of it, as a browser sends a form."""
        return urlencode([*self.words.items(), *(("media", each) for each in self.chosen)])
