"""The attachments of an incoming message.

Source: Meta, Messenger Platform webhooks, "messages"; Instagram Platform, "Webhooks", "Examples".
"""

from collections.abc import Iterable, Mapping
from typing import Any

from graph.events import MediaReceived
from graph.readers import items, mapping, text_id, words

# Meta's types in our words; one thing has several types there, by network and by year.
_KINDS = {
    "template": "card", "fallback": "link", "share": "post", "ig_post": "post", "post": "post", "ig_reel": "reel", "ig_story": "story",
    "like_heart": "heart", "ephemeral": "view_once", "appointment_booking": "booking", "unsupported_type": "unsupported",
}  # fmt: skip
# While Meta moves to a new kind it sends the same thing twice, in the old kind and the new, with one id.
_TWINS = (("share", "ig_post", "ig_post_media_id"), ("image", "sticker", "sticker_id"))


def received_media(message: Mapping[str, Any]) -> tuple[MediaReceived, ...]:
    """Each attachment once, in Meta's order."""
    found = [mapping(attachment) for attachment in items(message.get("attachments"))]
    return tuple(_media(attachment) for attachment in found if not _is_old_twin(attachment, found))


def _media(attachment: Mapping[str, Any]) -> MediaReceived:
    payload = mapping(attachment.get("payload"))
    return MediaReceived(
        kind=_kind(attachment, payload),
        url=_first(payload.get("url"), payload.get("story_media_url"), attachment.get("url"), attachment.get("URL")),
        title=_first(payload.get("title"), attachment.get("title"), _first_element(payload).get("title")),
        payload=payload,
    )


def _first_element(payload: Mapping[str, Any]) -> Mapping[str, Any]:
    """Cards hold a list of elements, products one of their own inside."""
    elements = items(payload.get("elements")) or items(mapping(payload.get("product")).get("elements"))
    return mapping(next(iter(elements), None))


def _first(*values: object) -> str:
    return next(filter(None, map(words, values)), "")


def _kind(attachment: Mapping[str, Any], payload: Mapping[str, Any]) -> str:
    """Until June 2026 a sticker was an image with the sticker's id."""
    kind = words(attachment.get("type"))
    if kind == "image" and text_id(payload.get("sticker_id")):
        return "sticker"
    return _KINDS.get(kind, kind) or "unsupported"


def _is_old_twin(attachment: Mapping[str, Any], found: Iterable[Mapping[str, Any]]) -> bool:
    pairs = [(new, key) for old, new, key in _TWINS if old == attachment.get("type")]
    return any(other.get("type") == new and _shares(attachment, other, key) for new, key in pairs for other in found)


def _shares(attachment: Mapping[str, Any], other: Mapping[str, Any], key: str) -> bool:
    shared = text_id(mapping(attachment.get("payload")).get(key))
    return bool(shared) and shared == text_id(mapping(other.get("payload")).get(key))
