"""What reaches us beside conversations: comments and mentions.

Source: Meta, Pages API webhooks, "feed"; Instagram Platform, "Webhooks", "comments", "live_comments", "mentions".
"""

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

from graph.events import Commented, Event, Mentioned
from graph.origin import Common, Origin
from graph.readers import mapping, moment, text_id, words

_Fields = Mapping[str, Any]


def change_event(origin: Origin, field: str, value: _Fields) -> Event:
    """The meaning of one change. What is neither a comment nor a mention is kept under the name of its field."""
    read = _READERS.get(field)
    found = read(origin, value) if read else None
    return found or origin.not_understood(_name(field, value), "It is no part of a conversation.")


def _name(field: str, value: _Fields) -> str:
    """Meta calls everything that happens on a Page its feed."""
    return f"{field} {words(value.get('item'))}".strip() if field == "feed" else field


def _feed(origin: Origin, value: _Fields) -> Event | None:
    comment_id, post_id, parent_id = text_id(value.get("comment_id")), text_id(value.get("post_id")), text_id(value.get("parent_id"))
    if value.get("item") != "comment" or not comment_id:
        return None
    author = mapping(value.get("from"))
    return Commented(
        **_common(origin, author, moment(value.get("created_time"))),
        comment_id=comment_id,
        verb=words(value.get("verb")) or "add",
        post_id=post_id,
        parent_id="" if parent_id == post_id else parent_id,  # a Page names the post as the parent of what stands right below it
        author=words(author.get("name")),
        text=words(value.get("message")),
        ours=text_id(author.get("id")) == origin.account_id,
    )


def _comment(origin: Origin, value: _Fields) -> Event | None:
    comment_id = text_id(value.get("id")) or text_id(value.get("comment_id"))
    if not comment_id:
        return None
    author, media = mapping(value.get("from")), mapping(value.get("media"))
    return Commented(
        **_common(origin, author, None),
        comment_id=comment_id,
        post_id=text_id(media.get("original_media_id")) or text_id(media.get("id")),
        parent_id=text_id(value.get("parent_id")),
        author=words(author.get("username")),
        text=words(value.get("text")),
        ours=text_id(author.get("id")) == origin.account_id or bool(author.get("self_ig_scoped_id")),
    )


def _mention(origin: Origin, value: _Fields) -> Event | None:
    media_id = text_id(value.get("media_id"))
    return Mentioned(**origin.common, media_id=media_id, comment_id=text_id(value.get("comment_id"))) if media_id else None


def _common(origin: Origin, author: _Fields, at: datetime | None) -> Common:
    return {**origin.common, "contact_id": text_id(author.get("id")) or None, "at": at or origin.at}


_READERS: dict[str, Callable[[Origin, _Fields], Event | None]] = {
    "feed": _feed,
    "comments": _comment,
    "live_comments": _comment,
    "mentions": _mention,
    "mention": _mention,
}
