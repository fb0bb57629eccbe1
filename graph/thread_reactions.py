"""Reactions as a thread tells them: what stands on a message now, and who put it there.

Source: Meta, Graph API reference, "Message", reactions; Instagram Platform, "Conversations".
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from graph.readers import items, mapping, text_id, words

# Webhooks tell the sign beside Meta's word for it, threads one of the two (Messenger Platform webhooks, "message_reactions").
_SIGNS = {
    "love": "❤️", "like": "👍", "dislike": "👎", "smile": "😆", "laugh": "😆", "wow": "😮", "sad": "😢", "angry": "😠",
}  # fmt: skip
_OTHER = "other"


@dataclass(frozen=True)
class ThreadReaction:
    """A reaction, and everybody who gave it.

    Args:
        emoji: the sign, also where Meta told its word.
        name: Meta's word: love, like, sad …; `other` for a sign that has none.
        by_ids: who gave it.
    """

    emoji: str
    name: str
    by_ids: tuple[str, ...]

    @classmethod
    def read(cls, told: Mapping[str, Any]) -> "ThreadReaction":
        given = words(told.get("reaction"))
        by = (text_id(mapping(each).get("id")) for each in _listed(told.get("users")))
        emoji = _SIGNS.get(given, "" if given.isascii() else given)
        name = given if given.isascii() else next((name for name, sign in _SIGNS.items() if sign == given), _OTHER)
        return cls(emoji=emoji, name=name, by_ids=tuple(filter(None, by)))


def message_reactions(message: Mapping[str, Any]) -> tuple[ThreadReaction, ...]:
    return tuple(ThreadReaction.read(mapping(each)) for each in items(mapping(message.get("reactions")).get("data")))


def _listed(users: object) -> list[Any]:
    """A list, or one inside `data` as edges have it."""
    return items(users) or items(mapping(users).get("data"))
