"""One message as the Conversations API shows it. Keys appear only when set."""

import json
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from graph.simulator import attachments
from graph.simulator.attachments import Attachment
from graph.simulator.fields import Fields
from graph.simulator.messages import more
from graph.simulator.store import Row
from graph.simulator.world import Account, Contact

if TYPE_CHECKING:
    from graph.simulator.simulator import Simulator

Data = dict[str, Any]

FIELDS = (
    "id", "created_time", "from", "to", "message", "attachments", "reactions", "reply_to", "shares", "story", "is_unsupported",
    "sticker", "tags",
)  # fmt: skip
FILES = ("image", "video", "audio", "file")
SHARES = ("share", "ig_post", "post", "reel", "ig_reel", "fallback")


def show(simulator: "Simulator", account: Account, contact: Contact, row: Row, wanted: Fields) -> Data:
    wanted.check("Message", FIELDS)
    them, us = person(account, contact), business(account)
    incoming = row["direction"] == "in"
    every: Data = {
        "created_time": iso(row["at"]),
        "from": them if incoming else us,
        "to": {"data": [us if incoming else them]},
        "message": row["text"],
        "tags": {"data": [{"name": "inbox"}, {"name": "read" if not incoming or row["at"] <= contact.read_to else "unread"}]},
        "reactions": _reactions(account, row, them, us),
        "reply_to": {"mid": row["reply_to"], "is_self_reply": bool(more(row).get("is_self_reply"))} if row["reply_to"] else None,
        "is_unsupported": True if more(row).get("is_unsupported") else None,
    } | _hanging(simulator, row)
    return {name: _narrowed(every[name], inner) for name, inner in wanted.inner.items() if every.get(name) is not None} | {"id": row["mid"]}


def person(account: Account, contact: Contact) -> dict[str, str]:
    if account.is_instagram:
        return {"username": contact.username, "id": contact.id}
    return {"name": contact.name, "email": f"{contact.id}@facebook.com", "id": contact.id}


def business(account: Account) -> dict[str, str]:
    if account.is_instagram:
        return {"username": account.username, "id": account.id}
    return {"name": account.name, "email": f"{account.id}@facebook.com", "id": account.id}


def iso(at: int) -> str:
    """Meta writes +0000, not Z."""
    return datetime.fromtimestamp(at / 1000, UTC).strftime("%Y-%m-%dT%H:%M:%S+0000")


def _narrowed(value: Any, wanted: Fields) -> Any:
    """`attachments{id,image_data}`: those and the id, of each thing in the list."""
    if not wanted.inner or not isinstance(value, dict):
        return value
    if isinstance(value.get("data"), list):
        return {"data": [_narrowed(each, wanted) for each in value["data"]]}
    return {name: each for name, each in value.items() if name in wanted or name == "id"}


def _hanging(simulator: "Simulator", row: Row) -> Data:
    """Files and cards, shared posts, the story, and the sticker."""
    listed = attachments.of_row(row)
    files = [_file(simulator, row, each, number) for number, each in enumerate(listed, 1) if each.kind in FILES]
    cards = [_card(row)] if row["kind"] == "link" else []
    shares = {url: {"link": url} for each in listed if each.kind in SHARES and (url := _url(each))}
    sticker = next((_url(each) for each in listed if each.kind == "sticker"), None)
    return {
        "attachments": {"data": cards + files} if cards or files else None,
        "shares": {"data": list(shares.values())} if shares else None,
        "story": _story(row, listed),
        "sticker": sticker or None,
    }


def _url(attachment: Attachment) -> str:
    return str((attachment.raw.get("payload") or {}).get("url", ""))


def _file(simulator: "Simulator", row: Row, attachment: Attachment, number: int) -> Data:
    media = simulator.shelf.find(attachment.media) if attachment.media else None
    if media is None:
        return {"id": f"{row['number']}{number}"} | _data(attachment.kind, _url(attachment))
    url = simulator.shelf.url(media, now=simulator.now_ms())
    known = {"id": media.id, "mime_type": media.mime, "name": media.name, "size": len(media.content)}
    return known | _data(attachment.kind, url)


def _data(kind: str, url: str) -> Data:
    """Pictures and films have an object of their own, everything else a URL."""
    if kind == "image":
        return {"image_data": {"url": url, "preview_url": url, "image_type": 1, "render_as_sticker": False}}
    return {"video_data": {"url": url, "preview_url": url}} if kind == "video" else {"file_url": url}


def _card(row: Row) -> Data:
    cta = {"title": row["button"], "type": "web_url", "url": row["url"]}
    return {
        "id": f"{row['number']}",
        "generic_template": {"title": row["title"], "subtitle": row["subtitle"], "media_url": row["image_url"], "cta": cta},
    }


def _story(row: Row, listed: list[Attachment]) -> Data | None:
    if story := more(row).get("story"):
        return {"reply_to": {"link": story["url"], "id": story["id"]}}
    mention = next((_url(each) for each in listed if each.kind == "story_mention"), None)
    return {"mention": {"link": mention, "id": f"{row['number']}"}} if mention else None


def _reactions(account: Account, row: Row, them: dict[str, str], us: dict[str, str]) -> Data | None:
    """Instagram has words for them."""
    if not row["reaction"]:
        return None
    given = json.loads(row["reaction"])
    told = given.get("name") if account.is_instagram else ""
    return {"data": [{"reaction": told or given["emoji"], "users": [them if given["by"] == "contact" else us]}]}
