"""The attachments of an incoming message.

Source: Meta, Messenger Platform webhooks, "messages"; Instagram Platform, "Webhooks", "Examples".
"""

from collections.abc import Iterable, Mapping
from typing import Any

from graph.events import MediaReceived
from graph.readers import items, mapping, text_id, words

# While Meta moves to a new kind it sends the same thing twice, in the old kind and the new, with one id.
_TWINS = (("share", "ig_post", "ig_post_media_id"), ("image", "sticker", "sticker_id"))


def received_media(message: Mapping[str, Any]) -> tuple[MediaReceived, ...]:
    """Each attachment once, in Meta's order."""
    found = [_media(mapping(attachment)) for attachment in items(message.get("attachments"))]
    return tuple(media for media in found if not _is_old_twin(media, found))


def _media(attachment: Mapping[str, Any]) -> MediaReceived:
    payload = mapping(attachment.get("payload"))
    return MediaReceived(
        kind=words(attachment.get("type")) or "unknown",
        url=_first(payload.get("url"), payload.get("story_media_url"), attachment.get("url"), attachment.get("URL")),
        title=_first(payload.get("title"), attachment.get("title")),
        payload=payload,
    )


def _first(*values: object) -> str:
    return next(filter(None, map(words, values)), "")


def _is_old_twin(media: MediaReceived, found: Iterable[MediaReceived]) -> bool:
    pairs = [(new, key) for old, new, key in _TWINS if old == media.kind]
    return any(other.kind == new and _shares(media, other, key) for new, key in pairs for other in found)


def _shares(media: MediaReceived, other: MediaReceived, key: str) -> bool:
    shared = text_id(media.payload.get(key))
    return bool(shared) and shared == text_id(other.payload.get(key))
