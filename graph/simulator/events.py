"""What happens in a conversation, as Meta writes it in `messaging`: shapes and the order of their keys as observed."""

import json
from typing import Any

from graph.simulator.messages import more
from graph.simulator.store import Row
from graph.simulator.world import Account

Event = dict[str, Any]

PAGE_INBOX_APP = 263902037430900


def message(account: Account, row: Row, attachments: list[Event]) -> Event:
    """What a contact wrote."""
    content: Event = {"mid": row["mid"]} | _words(account, row)
    if reply := _reply(row):
        content["reply_to"] = reply
    if attachments:
        content["attachments"] = attachments
    extra = more(row)
    content |= {name: extra[name] for name in ("referral", "is_unsupported", "is_self") if name in extra}
    return _from_contact(row, row["at"]) | {"message": content}


def echo(account: Account, row: Row, attachments: list[Event], *, app_id: int | None) -> Event:
    """Messenger names the sending app and returns our metadata; no captured Instagram echo has either."""
    content: Event = {"mid": row["mid"]}
    if row["text"] and not row["template"]:
        content["text"] = row["text"]
    content["is_echo"] = True
    if not account.is_instagram:
        content |= _sender_marks(row, app_id)
    if row["reply_to"]:
        content["reply_to"] = {"mid": row["reply_to"]}
    if echoed := _card(row) or attachments:
        content["attachments"] = echoed
    return {"sender": {"id": row["account"]}, "recipient": {"id": row["contact"]}, "timestamp": row["at"], "message": content}


def unsent(row: Row, *, at: int) -> Event:
    return _from_contact(row, at) | {"message": {"mid": row["mid"], "is_deleted": True}}


def edited(row: Row, *, text: str | None, number: int, at: int) -> Event:
    """Observed on Instagram in 2026: `num_edit` 0 without a text, which says nothing."""
    content: Event = {"mid": row["mid"]} | ({} if text is None else {"text": text}) | {"num_edit": number}
    return _from_contact(row, at) | {"message_edit": content}


def edited_by_nobody(row: Row, *, at: int) -> Event:
    """The same, as some accounts get it: without sender and recipient."""
    return {"timestamp": at, "message_edit": {"mid": row["mid"], "num_edit": 0}}


def reaction(account: Account, row: Row, *, emoji: str, name: str, at: int) -> Event:
    """An empty emoji takes the reaction back. The two products order the keys differently."""
    content = {"mid": row["mid"], "action": "react" if emoji else "unreact"}
    if emoji:
        content |= {"reaction": name, "emoji": emoji} if account.is_instagram else {"emoji": emoji, "reaction": name}
    return _from_contact(row, at) | {"reaction": content}


def postback(row: Row, *, payload: str, referral: Event | None = None) -> Event:
    content: Event = {"mid": row["mid"], "title": row["title"], "payload": payload}
    return _from_contact(row, row["at"]) | {"postback": content | ({"referral": referral} if referral else {})}


def delivery(row: Row) -> Event:
    """Messenger only. It carries no timestamp of its own."""
    event = _from_contact(row, row["at"])
    del event["timestamp"]
    return event | {"delivery": {"mids": [row["mid"]], "watermark": row["at"]}}


def read(account: Account, row: Row, *, at: int) -> Event:
    """Messenger reports a watermark in milliseconds, Instagram the mid that was seen."""
    seen = {"mid": row["mid"]} if account.is_instagram else {"watermark": row["at"]}
    return _from_contact(row, at) | {"read": seen}


def of_contact(account: Account, contact: str, *, at: int, **content: Any) -> Event:
    """Any event that has a contact as its sender."""
    return {"sender": {"id": contact}, "recipient": {"id": account.id}, "timestamp": at} | content


def of_account(account: Account, *, at: int, **content: Any) -> Event:
    """Policy and roles have no sender."""
    return {"recipient": {"id": account.id}, "timestamp": at} | content


def in_standby(event: Event) -> Event:
    """Meta, Conversation Routing: who only stands by is not told the payload of a tap."""
    if "postback" not in event:
        return event
    return event | {"postback": {name: value for name, value in event["postback"].items() if name != "payload"}}


def _from_contact(row: Row, at: int) -> Event:
    return {"sender": {"id": row["contact"]}, "recipient": {"id": row["account"]}, "timestamp": at}


def _words(account: Account, row: Row) -> Event:
    """A Page names the quick reply first, Instagram the text."""
    text = {"text": row["text"]} if row["text"] else {}
    payload = more(row).get("quick_reply")
    quick = {"quick_reply": {"payload": payload}} if payload else {}
    return text | quick if account.is_instagram else quick | text


def _reply(row: Row) -> Event | None:
    if story := more(row).get("story"):
        return {"story": {"url": story["url"], "id": story["id"]}}
    if not row["reply_to"]:
        return None
    return {"mid": row["reply_to"], "is_self_reply": bool(more(row).get("is_self_reply"))}


def _sender_marks(row: Row, app_id: int | None) -> Event:
    marks: Event = {"app_id": app_id} if app_id else {}
    return marks | ({"metadata": row["metadata"]} if row["metadata"] else {})


def _card(row: Row) -> list[Event]:
    if not row["template"]:
        return []
    return [{"title": row["title"], "url": None, "type": "template", "payload": json.loads(row["template"]) | {"sharable": False}}]
