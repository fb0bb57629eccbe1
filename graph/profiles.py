"""What Meta tells about an account, a contact and the Pages of a person."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from graph.readers import items, mapping, text_id, words


@dataclass(frozen=True)
class AccountProfile:
    """The account a token belongs to.

    Args:
        id: the one that webhooks carry as their entry's.
        scoped_id: the second id that an account has under Instagram Login, made for one app.
    """

    id: str
    name: str
    username: str
    scoped_id: str = ""

    @classmethod
    def read(cls, answer: Mapping[str, Any], *, key: str) -> "AccountProfile":
        """`key` names the field that holds the id."""
        id, other = text_id(answer.get(key)), text_id(answer.get("id"))
        return cls(id, words(answer.get("name")), words(answer.get("username")), scoped_id=other if other != id else "")


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
class ManagedPage:
    """A Page that a person looks after.

    Args:
        token: speaks for the Page, and is never shown. It lives as long as the person's own is long-lived
            (Meta, "Long-lived access tokens").
        tasks: what the person may do: MESSAGING to send, MODERATE to subscribe.
        instagram_id: the Instagram account behind the Page; empty where there is none.
    """

    id: str
    name: str
    token: str = field(repr=False)
    tasks: tuple[str, ...] = ()
    instagram_id: str = ""
    instagram_username: str = ""

    @classmethod
    def read(cls, page: Mapping[str, Any]) -> "ManagedPage":
        linked = mapping(page.get("instagram_business_account"))
        return cls(
            id=text_id(page.get("id")),
            name=words(page.get("name")),
            token=words(page.get("access_token")),
            tasks=tuple(filter(None, map(words, items(page.get("tasks"))))),
            instagram_id=text_id(linked.get("id")),
            instagram_username=words(linked.get("username")),
        )
