"""What Meta tells about an account, a contact and the messages between them."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from graph.readers import items, mapping, moment, text_id, words

NEWEST = 20


@dataclass(frozen=True)
class AccountProfile:
    """The account a token belongs to; `id` is the one that webhooks carry as their entry's."""

    id: str
    name: str
    username: str


@dataclass(frozen=True)
class ContactProfile:
    """A person as Meta shows them to us; empty where it tells nothing. The picture's address dies within days."""

    name: str
    username: str
    picture_url: str

    @classmethod
    def read(cls, answer: Mapping[str, Any]) -> "ContactProfile":
        whole_name = " ".join(filter(None, (words(answer.get("first_name")), words(answer.get("last_name")))))
        return cls(
            name=words(answer.get("name")) or whole_name,
            username=words(answer.get("username")),
            picture_url=words(answer.get("profile_pic")),
        )


@dataclass(frozen=True)
class ThreadMessage:
    """One message as the thread itself has it, for settling what became of ours."""

    mid: str
    sent_at: datetime
    from_id: str
    text: str
    attachment_count: int


def thread_messages(answer: Mapping[str, Any], *, contact_id: str) -> list[ThreadMessage]:
    """The messages with this contact, newest first. Meta opens no more than the newest twenty of a thread.

    Source: Meta, Conversations API reference.
    """
    threads = (mapping(thread) for thread in items(answer.get("data")))
    found = [message for thread in threads if _is_with(contact_id, thread) for message in _messages(thread)]
    return sorted(found, key=lambda message: message.sent_at, reverse=True)[:NEWEST]


def _is_with(contact_id: str, thread: Mapping[str, Any]) -> bool:
    """Another person's thread must never settle what became of a message to this one."""
    participants = items(mapping(thread.get("participants")).get("data"))
    return not participants or contact_id in (text_id(mapping(each).get("id")) for each in participants)


def _messages(thread: Mapping[str, Any]) -> Iterator[ThreadMessage]:
    for message in map(mapping, items(mapping(thread.get("messages")).get("data"))):
        mid, sent_at = text_id(message.get("id")), moment(message.get("created_time"))
        if mid and sent_at:
            yield ThreadMessage(
                mid=mid,
                sent_at=sent_at,
                from_id=text_id(mapping(message.get("from")).get("id")),
                text=words(message.get("message")),
                attachment_count=len(items(mapping(message.get("attachments")).get("data"))),
            )
