"""Conversations and messages as Meta's own thread has them.

Source: Meta, Conversations API reference; Instagram Platform, "Conversations"; Graph API reference, "Message".
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from graph.events import MediaReceived
from graph.readers import flag, items, mapping, moment, text_id, whole, words
from graph.thread_media import message_media

NEWEST = 20
_SHARED = ("link", "post")


@dataclass(frozen=True)
class ThreadMessage:
    """One message as the thread itself has it.

    Args:
        from_id: who wrote it; empty where Meta does not say.
        story_url, story_id: the account's own story that it answers. The address dies with the story.
        is_unsupported: Meta shows the content only in its own apps.
    """

    mid: str
    sent_at: datetime
    from_id: str
    text: str
    attachments: tuple[MediaReceived, ...] = ()
    reply_to_mid: str = ""
    story_url: str = ""
    story_id: str = ""
    is_unsupported: bool = False

    @property
    def attachment_count(self) -> int:
        """Without what Meta finds in the text itself: a text with an address in it has no attachment."""
        return sum(media.kind not in _SHARED for media in self.attachments)

    @classmethod
    def read(cls, message: Mapping[str, Any]) -> "ThreadMessage | None":
        """None where it has no id or no time."""
        mid, sent_at = text_id(message.get("id")), moment(message.get("created_time"))
        if not mid or not sent_at:
            return None
        answered = mapping(mapping(message.get("story")).get("reply_to"))
        return cls(
            mid=mid,
            sent_at=sent_at,
            from_id=text_id(mapping(message.get("from")).get("id")),
            text=words(message.get("message")),
            attachments=message_media(message),
            reply_to_mid=text_id(mapping(message.get("reply_to")).get("mid")),
            story_url=words(answered.get("link")),
            story_id=text_id(answered.get("id")),
            is_unsupported=flag(message.get("is_unsupported")),
        )


@dataclass(frozen=True)
class ConversationSummary:
    """A conversation in the list of an account.

    Args:
        updated_at: when something last happened in it; None where Meta does not say.
        contact_id: empty where Meta does not say with whom it is.
        unread_count, can_reply: None on graph.instagram.com, which does not tell.
    """

    id: str
    updated_at: datetime | None
    contact_id: str
    contact_name: str
    contact_username: str
    unread_count: int | None = None
    can_reply: bool | None = None

    @classmethod
    def read(cls, thread: Mapping[str, Any], contact: Mapping[str, Any]) -> "ConversationSummary":
        return cls(
            id=text_id(thread.get("id")),
            updated_at=moment(thread.get("updated_time")),
            contact_id=text_id(contact.get("id")),
            contact_name=words(contact.get("name")),
            contact_username=words(contact.get("username")),
            unread_count=whole(thread.get("unread_count")),
            can_reply=flag(thread["can_reply"]) if "can_reply" in thread else None,
        )


@dataclass(frozen=True)
class ConversationPage:
    """A part of the list, newest first.

    Args:
        after: where the next part begins; empty after the last.
        limit: how many were asked for in the end.
    """

    conversations: tuple[ConversationSummary, ...]
    after: str
    limit: int


def participants(thread: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    return [person for person in map(mapping, items(mapping(thread.get("participants")).get("data"))) if person]


def listed_messages(thread: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    return map(mapping, items(mapping(thread.get("messages")).get("data")))


def is_bare(message: Mapping[str, Any]) -> bool:
    """Meta lists some messages without opening them: it tells their id and time, and nothing else."""
    return set(message) <= {"id", "created_time"}
