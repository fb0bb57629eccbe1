"""Conversations and messages as Meta's own thread has them.

Source: Meta, Conversations API reference; Instagram Platform, "Conversations"; Graph API reference, "Message".
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from graph.events import MediaReceived, MessageEchoed, MessageReceived, Reacted
from graph.networks import Network
from graph.readers import flag, items, mapping, moment, text_id, whole, words
from graph.thread_media import message_media
from graph.thread_reactions import ThreadReaction, message_reactions

NEWEST = 20
_SHARED = ("link", "post")


@dataclass(frozen=True)
class ThreadMessage:
    """One message as the thread itself has it.

    Args:
        from_id: who wrote it; empty where Meta does not say.
        attachments: what was shared and a story that mentions the account are among them.
        story_url, story_id: the account's own story that it answers. The address dies with the story.
        is_unsupported: Meta shows the content only in its own apps.
        to_ids: who received it.
        reactions: what was put on it and not taken off again. Meta does not tell when.
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
    to_ids: tuple[str, ...] = ()
    reactions: tuple[ThreadReaction, ...] = ()

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
            to_ids=tuple(filter(None, (text_id(mapping(each).get("id")) for each in items(mapping(message.get("to")).get("data"))))),
            reactions=message_reactions(message),
        )

    def is_from(self, contact_id: str) -> bool | None:
        """Whether the contact wrote it, and not our side; None where nothing says so.

        An Instagram account may stand there under another of its ids, so whoever is not the contact is the account.
        """
        if self.from_id:
            return self.from_id == contact_id
        return contact_id not in self.to_ids if self.to_ids else None


@dataclass(frozen=True)
class Recent:
    """The end of one conversation.

    Args:
        messages: newest first, at most twenty. One that Meta lists and does not open has an id and a time only.
        is_whole: False where Meta listed something of which it tells neither id nor time.
    """

    messages: tuple[ThreadMessage, ...]
    is_whole: bool = True


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


@dataclass(frozen=True)
class Thread:
    """A conversation with what Meta opens of it.

    Args:
        messages: newest first, at most twenty.
        is_whole: False where Meta lists the conversation and cannot say what is in it: then there are no messages here, and may be some there.
    """

    summary: ConversationSummary
    messages: tuple[ThreadMessage, ...]
    is_whole: bool = True


@dataclass(frozen=True)
class ThreadPage:
    """A part of the list, newest first.

    Args:
        after: where the next part begins; empty after the last.
        limit: how many were asked for in the end. More than that in the next part would be too much again.
    """

    threads: tuple[Thread, ...]
    after: str
    limit: int


def events_of(message: ThreadMessage, account_id: str, network: Network, contact_id: str) -> MessageReceived | MessageEchoed | None:
    """What a webhook would have told of this message; None where Meta does not say who wrote it.

    What the read API does not tell stays empty: of an echo `app_id` and `metadata`, of what the contact wrote the quick reply, the way
    by which they came, and whether another app held the thread.

    Args:
        account_id: the id by which webhooks name the account.
        contact_id: the other side of the conversation.
    """
    from_contact = message.is_from(contact_id)
    if from_contact is None:
        return None
    sides = (contact_id, account_id) if from_contact else (account_id, contact_id)
    common: dict[str, Any] = {
        "network": network, "account_id": account_id, "contact_id": contact_id, "at": message.sent_at, "raw": _as_webhook(message, *sides, from_contact),
        "mid": message.mid, "text": message.text, "attachments": message.attachments, "reply_to_mid": message.reply_to_mid,
        "story_url": message.story_url, "story_id": message.story_id,
    }  # fmt: skip
    if not from_contact:
        return MessageEchoed(**common)
    return MessageReceived(**common, unsupported=message.is_unsupported or not (message.text or message.attachments))


def reactions_of(message: ThreadMessage, account_id: str, network: Network, contact_id: str) -> tuple[Reacted, ...]:
    """The contact's reactions to this message, as webhooks would have told them.

    Meta does not tell when they were given. The time of the message is the earliest that it can have been, so that no window is held open
    for longer than it is.
    """
    theirs = [reaction for reaction in message.reactions if contact_id in reaction.by_ids]
    raw = {"sender": {"id": contact_id}, "recipient": {"id": account_id}, "timestamp": _milliseconds(message.sent_at)}
    return tuple(
        Reacted(
            network=network, account_id=account_id, contact_id=contact_id, at=message.sent_at, mid=message.mid, emoji=each.emoji, name=each.name,
            raw=raw | {"reaction": {"mid": message.mid, "action": "react", "emoji": each.emoji, "reaction": each.name}},
        )
        for each in theirs
    )  # fmt: skip


def _as_webhook(message: ThreadMessage, sender: str, recipient: str, from_contact: bool) -> Mapping[str, Any]:
    """Whoever keeps events finds ids and words where webhooks have them, also to take them away again."""
    content = {"mid": message.mid} | ({"text": message.text} if message.text else {}) | ({} if from_contact else {"is_echo": True})
    return {"sender": {"id": sender}, "recipient": {"id": recipient}, "timestamp": _milliseconds(message.sent_at), "message": content}


def _milliseconds(at: datetime) -> int:
    return int(at.timestamp() * 1000)


def participants(thread: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    return [person for person in map(mapping, items(mapping(thread.get("participants")).get("data"))) if person]


def listed_messages(thread: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    return map(mapping, items(mapping(thread.get("messages")).get("data")))


def is_bare(message: Mapping[str, Any]) -> bool:
    """Meta lists some messages without opening them: it tells their id and time, and nothing else."""
    return set(message) <= {"id", "created_time"}
