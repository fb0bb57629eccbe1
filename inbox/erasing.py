"""Takes content away where it has to go: out of rows, files, and the bodies that brought it. What is left is a tombstone.

Source: Meta, Platform Terms, and Instagram Platform, "Webhooks", message deletion: the business has to delete its copy.
"""

import json
from collections.abc import Iterable, Mapping
from datetime import datetime
from functools import partial
from typing import Any

from django.db import transaction

from core.clock import now
from graph.readers import parse_json, text_id
from inbox.models import Attachment, Conversation, MediaFile, Message, ParkedEcho, WebhookDelivery


def erase(message: Message, at: datetime) -> None:
    """Take the content of a message away and leave a tombstone."""
    erase_attachments(message)
    Message.objects.filter(pk=message.pk).update(text="", link=None, about={}, removed_at=at)
    redact(message)


def erase_attachments(message: Message) -> None:
    """Forget what was attached; copies of what was received go with it. What we sent ourselves may have been sent elsewhere too."""
    attachments = message.attachments.all()
    copies = list(MediaFile.objects.filter(pk__in=attachments.values("media"), by=None))
    attachments.delete()
    forget(copies)


def forget(files: Iterable[MediaFile]) -> None:
    """Delete rows now and bytes once that is certain."""
    for media in files:
        if not Attachment.objects.filter(media=media).exists():
            name, storage = media.file.name, media.file.storage
            media.delete()
            if name:
                transaction.on_commit(partial(storage.delete, name))


def erase_parked(conversation: Conversation, mid: str) -> None:
    """Take the content of an echo away that waits to be told apart."""
    ParkedEcho.objects.filter(conversation=conversation, mid=mid).update(text="", attachments=[], about={})


def redact(message: Message) -> None:
    """Take the words of a message out of the bodies that brought them. Replayed, such a body makes a tombstone."""
    for delivery in WebhookDelivery.objects.select_for_update().filter(pk__in=message.brought_by).order_by("pk"):
        body = without_words(bytes(delivery.body), message.mid)
        if body != bytes(delivery.body):
            WebhookDelivery.objects.filter(pk=delivery.pk).update(body=body, redacted_at=now())


def without_words(body: bytes, mid: str) -> bytes:
    """The body with every message and edit of this id reduced to the fact that it was unsent; unchanged where it is not JSON."""
    try:
        envelope = parse_json(body)
    except ValueError:
        return body
    return json.dumps(_without(envelope, mid), separators=(",", ":")).encode() if mid in body.decode("utf-8", "replace") else body


def _without(value: Any, mid: str) -> Any:
    if isinstance(value, list):
        return [_without(each, mid) for each in value]
    if not isinstance(value, Mapping):
        return value
    return {key: _reduced(key, each, mid) for key, each in value.items()}


def _reduced(key: str, value: Any, mid: str) -> Any:
    if key in ("message", "message_edit", "postback") and isinstance(value, Mapping) and text_id(value.get("mid")) == mid:
        return {name: value[name] for name in ("mid", "is_echo", "app_id", "num_edit") if name in value} | {"is_deleted": True}
    return _without(value, mid)
