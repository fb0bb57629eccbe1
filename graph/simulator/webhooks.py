"""What Meta posts to a callback: event shapes as observed, the exact bytes, and both signatures."""

import hashlib
import hmac
import json
from typing import Any

from graph.simulator.store import Row
from graph.simulator.world import Account

Event = dict[str, Any]

PAGE_INBOX_APP = 263902037430900


def wire(body: dict[str, Any]) -> bytes:
    """Compact, ASCII only, `/` written `\\/`: the signature covers exactly these bytes."""
    return json.dumps(body, separators=(",", ":"), ensure_ascii=True).replace("/", "\\/").encode("ascii")


def headers(secret: str, body: bytes) -> dict[str, str]:
    key = secret.encode()
    return {
        "Content-Type": "application/json",
        "User-Agent": "facebookexternalua",
        "X-Hub-Signature": "sha1=" + hmac.new(key, body, hashlib.sha1).hexdigest(),
        "X-Hub-Signature-256": "sha256=" + hmac.new(key, body, hashlib.sha256).hexdigest(),
    }


def envelope(account: Account, event: Event, *, time: int) -> dict[str, Any]:
    """Observed: Instagram writes time before id, a Page id before time."""
    if account.is_instagram:
        return {"object": "instagram", "entry": [{"time": time, "id": account.id, "messaging": [event]}]}
    return {"object": "page", "entry": [{"id": account.id, "time": time, "messaging": [event]}]}


def message(row: Row, *, image_url: str) -> Event:
    """What a contact wrote."""
    content: Event = {"mid": row["mid"]}
    if row["text"]:
        content["text"] = row["text"]
    if row["reply_to"]:
        content["reply_to"] = {"mid": row["reply_to"], "is_self_reply": False}
    if image_url:
        content["attachments"] = [_image(image_url)]
    return _from_contact(row, row["at"]) | {"message": content}


def echo(account: Account, row: Row, *, image_url: str, app_id: int | None) -> Event:
    """Messenger names the sending app and returns our metadata; no captured Instagram echo has either."""
    content: Event = {"mid": row["mid"]}
    if row["text"]:
        content["text"] = row["text"]
    content["is_echo"] = True
    if not account.is_instagram:
        content |= _sender_marks(row, app_id)
    if row["reply_to"]:
        content["reply_to"] = {"mid": row["reply_to"]}
    if attachment := _echoed_attachment(row, image_url):
        content["attachments"] = [attachment]
    return {
        "sender": {"id": row["account"]},
        "recipient": {"id": row["contact"]},
        "timestamp": row["at"],
        "message": content,
    }


def unsent(row: Row, *, at: int) -> Event:
    return _from_contact(row, at) | {"message": {"mid": row["mid"], "is_deleted": True}}


def reaction(account: Account, row: Row, *, emoji: str, name: str, at: int) -> Event:
    """An empty emoji takes the reaction back. The two products order the keys differently."""
    content = {"mid": row["mid"], "action": "react" if emoji else "unreact"}
    if emoji:
        content |= {"reaction": name, "emoji": emoji} if account.is_instagram else {"emoji": emoji, "reaction": name}
    return _from_contact(row, at) | {"reaction": content}


def postback(row: Row, *, payload: str) -> Event:
    return _from_contact(row, row["at"]) | {"postback": {"mid": row["mid"], "title": row["title"], "payload": payload}}


def delivery(row: Row) -> Event:
    """Messenger only. It carries no timestamp of its own."""
    event = _from_contact(row, row["at"])
    del event["timestamp"]
    return event | {"delivery": {"mids": [row["mid"]], "watermark": row["at"]}}


def read(account: Account, row: Row, *, at: int) -> Event:
    """Messenger reports a watermark in milliseconds, Instagram the mid that was seen."""
    seen = {"mid": row["mid"]} if account.is_instagram else {"watermark": row["at"]}
    return _from_contact(row, at) | {"read": seen}


def _from_contact(row: Row, at: int) -> Event:
    return {"sender": {"id": row["contact"]}, "recipient": {"id": row["account"]}, "timestamp": at}


def _sender_marks(row: Row, app_id: int | None) -> Event:
    marks: Event = {"app_id": app_id} if app_id else {}
    return marks | ({"metadata": row["metadata"]} if row["metadata"] else {})


def _echoed_attachment(row: Row, image_url: str) -> Event | None:
    if row["template"]:
        payload = json.loads(row["template"])
        return {"title": row["title"], "url": None, "type": "template", "payload": payload | {"sharable": False}}
    return _image(image_url) if image_url else None


def _image(url: str) -> Event:
    return {"type": "image", "payload": {"url": url}}
