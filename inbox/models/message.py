"""One thing said, in or out, its media and what people felt about it."""

from typing import Self

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from core.fields import PublicIdField
from core.json_rows import ModelRows
from inbox.models.media import MediaFile

# How the ids begin that we made up ourselves, for what Meta tells without one.
MADE_UP = "postback:"


class MessageQuerySet(models.QuerySet["Message"]):
    def answerable(self) -> Self:
        """What a reply can name: Meta knows it by an id, and it is still there."""
        return self.filter(removed_at=None).exclude(mid="").exclude(mid__startswith=MADE_UP)

    def answers(self) -> Self:
        """What was said from our side, or is about to be: what was taken back or did not get through is no answer."""
        return self.filter(direction=Message.Direction.OUT).exclude(dispatch__state__in=("cancelled", "failed"))


class Message(models.Model):
    """One thing said. Its content never changes; an unsend takes the content away and leaves a tombstone."""

    class Direction(models.TextChoices):
        IN = "in", _("from the contact")
        OUT = "out", _("to the contact")

    class Source(models.TextChoices):
        CONTACT = "contact", _("the contact")
        COUNTERSIGN = "countersign", _("Countersign")
        ELSEWHERE = "elsewhere", _("another app of the account")

    public_id = PublicIdField()
    # Repeated from the conversation so that the database can promise one message per Meta id and account.
    account = models.ForeignKey("accounts.Account", models.PROTECT, related_name="+", verbose_name=_("account"))
    conversation = models.ForeignKey("inbox.Conversation", models.PROTECT, related_name="messages", verbose_name=_("conversation"))
    direction = models.CharField(_("direction"), max_length=3, choices=Direction)
    source = models.CharField(_("written in"), max_length=12, choices=Source)
    mid = models.TextField(_("id at Meta"), blank=True)
    at = models.DateTimeField(_("when"))
    received_at = models.DateTimeField(_("stored"))
    text = models.TextField(_("text"), blank=True)
    link = models.JSONField(_("link card"), null=True, blank=True)
    about = models.JSONField(_("context"), default=dict, blank=True)
    reply_to_mid = models.TextField(blank=True)
    # Which of Meta's openers of the window it is: "message", "postback", or "" for what opens nothing. An unsend does not undo it.
    opens_as = models.CharField(max_length=10, blank=True, editable=False)
    # The deliveries that brought its words: an unsend takes the words out of them too.
    brought_by = models.JSONField(default=list, blank=True, editable=False)
    # Said before we listened and answered since, or too old to be: nobody has to read it any more.
    is_history = models.BooleanField(_("history"), default=False, editable=False)
    written_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("written by"))
    edited_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("edited by"))
    removed_at = models.DateTimeField(_("unsent"), null=True, blank=True)
    idempotency_key = models.CharField(max_length=64, blank=True)

    objects = MessageQuerySet.as_manager()

    class Meta:
        verbose_name = _("message")
        verbose_name_plural = _("messages")
        ordering = ("at", "pk")
        indexes = (
            models.Index(fields=("conversation", "-at", "-id"), name="messages_newest_first"),
            # SQLite does not see that `mid = ?` implies the condition of the constraint below, so its index is no help there.
            models.Index(fields=("account", "mid"), name="messages_by_mid"),
            # What somebody has not seen is counted from here alone. The boolean stands last: SQLite finds nothing by `NOT is_history`.
            models.Index(fields=("conversation", "direction", "received_at", "is_history"), name="messages_unseen"),
        )
        constraints = (
            models.UniqueConstraint(fields=("account", "mid"), condition=~Q(mid=""), name="one_message_per_account_and_mid"),
            models.UniqueConstraint(
                fields=("conversation", "idempotency_key"), condition=~Q(idempotency_key=""), name="one_message_per_idempotency_key"
            ),
        )

    def __str__(self) -> str:
        return self.preview

    @property
    def is_inbound(self) -> bool:
        return self.direction == self.Direction.IN

    @property
    def is_by_agent(self) -> bool:
        """Whether an agent wrote it, whoever let it out."""
        return self.written_by is not None and self.written_by.is_agent

    @property
    def words(self) -> str:
        """The text as it stands now: the newest edit where there is one."""
        return str(self.about.get("edit", {}).get("text") or self.text)

    @property
    def preview(self) -> str:
        """One line that stands for it in a list."""
        if self.removed_at:
            return str(_("Message erased") if self.about.get("erased") else _("Message unsent"))
        if self.words:
            return " ".join(self.words.split())[:140]
        if self.link:
            return str(self.link.get("title") or self.link.get("url", ""))
        attached = list(self.attachments.all()) if self.pk else []
        if len(attached) > 1 and {each.kind for each in attached} == {"image"}:
            return str(_("%s pictures") % len(attached))
        return attached[0].label if attached else str(self.about.get("title") or _("Message without text"))


class Attachment(models.Model):
    """Media of one message: ours by file, a contact's by the address that Meta gave."""

    message = models.ForeignKey(Message, models.PROTECT, related_name="attachments", verbose_name=_("message"))
    position = models.PositiveSmallIntegerField(default=0)
    kind = models.TextField(_("kind"))
    media = models.ForeignKey(MediaFile, models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("our copy"))
    url = models.TextField(_("address at Meta"), blank=True)
    title = models.TextField(_("title"), blank=True)
    payload = models.JSONField(default=dict, blank=True)

    class Meta:
        verbose_name = _("attachment")
        verbose_name_plural = _("attachments")
        ordering = ("position", "pk")
        constraints = (models.UniqueConstraint(fields=("message", "position"), name="one_attachment_per_position"),)

    def __str__(self) -> str:
        return self.label

    @property
    def label(self) -> str:
        words = {
            "image": _("Picture"), "video": _("Video"), "audio": _("Voice message"), "file": _("File"), "sticker": _("Sticker"),
            "post": _("Shared post"), "reel": _("Shared reel"), "story": _("Shared story"), "story_mention": _("Mentioned you in a story"),
            "heart": "♥", "location": _("Location"), "view_once": _("View-once picture"), "card": _("Card"), "link": _("Shared link"),
            "booking": _("Appointment"),
        }  # fmt: skip
        return str(words.get(self.kind, _("Attachment")))


def told_along(message: str = "pk") -> ModelRows:
    """What a preview says of attachments, to be fetched along with messages, or with what points to one by this name."""
    rows = Attachment.objects.filter(message=models.OuterRef(message)).order_by("position", "pk")
    return ModelRows(rows, "id", "message_id", "position", "kind", known_as="attachments" if message == "pk" else "")


class Reaction(models.Model):
    """What a contact felt about one message. It makes nothing stale."""

    message = models.ForeignKey(Message, models.PROTECT, related_name="reactions", verbose_name=_("message"))
    contact = models.ForeignKey("inbox.Contact", models.PROTECT, related_name="+", verbose_name=_("contact"))
    emoji = models.TextField(_("emoji"))
    at = models.DateTimeField(_("when"))
    removed_at = models.DateTimeField(_("taken back"), null=True, blank=True)

    class Meta:
        verbose_name = _("reaction")
        verbose_name_plural = _("reactions")
        constraints = (models.UniqueConstraint(fields=("message", "contact"), name="one_reaction_per_message_and_contact"),)

    def __str__(self) -> str:
        return self.emoji
