"""Messages as rows: what every one of them has, and how one is shown to whoever holds the phone."""

import json
from typing import Any

from graph.simulator import attachments
from graph.simulator.attachments import Attachment
from graph.simulator.media import Shelf
from graph.simulator.store import Row

TEXTS = ("text", "url", "title", "subtitle", "image_url", "button", "media", "metadata", "tag", "reply_to", "template", "sent_by", "reaction")
EMPTY: dict[str, Any] = dict.fromkeys(TEXTS, "") | {"kind": "text", "unsent": 0, "attachments": "[]", "more": "{}"}
SHOWN = (
    "mid", "account", "contact", "direction", "kind", "text", "url", "title", "subtitle", "image_url", "button", "metadata",
    "tag", "reply_to", "sent_by", "at",
)  # fmt: skip


def with_attachments(listed: list[Attachment], *, kind: str = "") -> dict[str, Any]:
    """The columns of a message with attachments. The first file also stands in columns of its own."""
    if not listed:
        return {}
    first = listed[0]
    url = (first.raw.get("payload") or {}).get("url", "")
    return {"kind": kind or first.kind, "media": first.media, "url": url or "", "attachments": attachments.packed(listed)}


def more(row: Row) -> dict[str, Any]:
    """What only some messages have: quick replies, a story, a referral, edits."""
    return dict(json.loads(row["more"]))


def shown(shelf: Shelf, row: Row) -> dict[str, Any]:
    """For tests and the phone page; the first file also in fields of its own."""
    files = [_file(shelf, each) for each in attachments.of_row(row)] if not row["unsent"] else []
    first = next((each for each in [*files, *_of_card(shelf, row)] if each["sha256"]), {"sha256": "", "mime": "", "picture": ""})
    return {name: row[name] for name in SHOWN} | {
        "sha256": first["sha256"],
        "mime": first["mime"],
        "picture": first["picture"],
        "attachments": files,
        "reaction": json.loads(row["reaction"] or "null"),
        "unsent": bool(row["unsent"]),
        "more": more(row),
    }


def _of_card(shelf: Shelf, row: Row) -> list[dict[str, Any]]:
    """A card has no attachment of its own, but may show a picture."""
    return [_file(shelf, Attachment("image", media=row["media"]))] if row["kind"] == "link" and row["media"] and not row["unsent"] else []


def _file(shelf: Shelf, attachment: Attachment) -> dict[str, Any]:
    media = shelf.find(attachment.media) if attachment.media else None
    known = {"type": attachment.kind, "payload": attachment.raw.get("payload"), "sha256": "", "mime": "", "size": 0, "name": "", "picture": ""}
    if media is None:
        return known
    return known | {"sha256": media.sha256, "mime": media.mime, "size": len(media.content), "name": media.name, "picture": f"/sim/media/{media.id}"}
