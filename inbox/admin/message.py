"""Messages with their media and reactions."""

from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from accounts.admin.filters import AccountFilter
from accounts.admin.readonly import ReadOnlyAdmin, ReadOnlyInline
from accounts.admin.show import as_json, badge, link
from inbox.admin.dispatch import TONES
from inbox.models import Attachment, Message, Reaction

OPENERS = {"message": _("as a message"), "postback": _("as a tapped button")}


class AttachmentInline(ReadOnlyInline):
    model = Attachment
    account_path = "message__account"
    fields = ("position", "kind", "media", "title", "url")


class ReactionInline(ReadOnlyInline):
    model = Reaction
    account_path = "message__account"
    fields = ("emoji", "contact", "at", "removed_at")


@admin.register(Message)
class MessageAdmin(ReadOnlyAdmin):
    account_path = "account"
    inlines = (AttachmentInline, ReactionInline)
    list_display = ("at", "preview", "direction", "source", "conversation_link", "written_by", "standing")
    list_display_links = ("at", "preview")
    list_filter = (("account", AccountFilter), "direction", "source", "is_history", ("removed_at", admin.EmptyFieldListFilter))
    list_select_related = ("account", "conversation__contact", "conversation__account", "written_by", "dispatch")
    search_fields = ("text", "=mid", "=public_id", "conversation__contact__name")
    search_help_text = _("Words of the message, the name of the contact, or the id at Meta.")
    ordering = ("-pk",)
    date_hierarchy = "at"
    fields = (
        "account", "conversation", "direction", "source", "at", "received_at", "text", "card", "context", "opened", "written_by", "edited_by", "sending",
        "is_history", "removed_at", "mid", "reply_to_mid",
    )  # fmt: skip

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        return super().get_queryset(request).prefetch_related("attachments")

    def lookup_allowed(self, lookup: str, value: Any, request: Any = None) -> bool:
        return lookup == "conversation__id__exact" or super().lookup_allowed(lookup, value, request)

    @admin.display(description=_("conversation"))
    def conversation_link(self, message: Message) -> str:
        return link(message.conversation)

    @admin.display(description=_("dispatch"))
    def standing(self, message: Message) -> str:
        """How far an outgoing message of ours is."""
        dispatch = getattr(message, "dispatch", None)
        return badge(dispatch.get_state_display(), TONES[dispatch.state]) if dispatch else "–"

    @admin.display(description=_("message"))
    def preview(self, message: Message) -> str:
        return message.preview

    @admin.display(description=_("link card"))
    def card(self, message: Message) -> str:
        return as_json(message.link) if message.link else "–"

    @admin.display(description=_("opens the window"))
    def opened(self, message: Message) -> str:
        """As which of Meta's openers it counts."""
        return str(OPENERS.get(message.opens_as, _("no")))

    @admin.display(description=_("context"))
    def context(self, message: Message) -> str:
        return as_json(message.about) if message.about else "–"

    @admin.display(description=_("dispatch"))
    def sending(self, message: Message) -> str:
        return link(getattr(message, "dispatch", None))


@admin.register(Attachment)
class AttachmentAdmin(ReadOnlyAdmin):
    account_path = "message__account"
    list_display = ("label", "kind", "message_link", "media_link")
    list_filter = ("kind", ("media", admin.EmptyFieldListFilter), ("message__account", AccountFilter))
    list_select_related = ("message", "media")
    search_fields = ("title", "url", "message__text", "=message__mid")
    ordering = ("-pk",)
    fields = ("message", "position", "kind", "media", "title", "url", "details")

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        return super().get_queryset(request).prefetch_related("message__attachments")

    @admin.display(description=_("message"))
    def message_link(self, attachment: Attachment) -> str:
        return link(attachment.message)

    @admin.display(description=_("our copy"))
    def media_link(self, attachment: Attachment) -> str:
        return link(attachment.media)

    @admin.display(description=_("attachment"))
    def label(self, attachment: Attachment) -> str:
        return attachment.label

    @admin.display(description=_("details"))
    def details(self, attachment: Attachment) -> str:
        return as_json(attachment.payload) if attachment.payload else "–"


@admin.register(Reaction)
class ReactionAdmin(ReadOnlyAdmin):
    account_path = "message__account"
    list_display = ("emoji", "contact", "message_link", "at", "removed_at")
    list_filter = (("message__account", AccountFilter), ("removed_at", admin.EmptyFieldListFilter))
    list_select_related = ("message", "contact")
    search_fields = ("=emoji", "contact__name", "contact__username", "message__text")
    date_hierarchy = "at"
    ordering = ("-pk",)
    fields = ("emoji", "contact", "message", "at", "removed_at")

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        return super().get_queryset(request).prefetch_related("message__attachments")

    @admin.display(description=_("message"))
    def message_link(self, reaction: Reaction) -> str:
        return link(reaction.message)
