"""What hangs on a message: a file of the shelf, or something that Meta describes without bytes."""

import json
from dataclasses import dataclass, field
from typing import Any

from graph.simulator.media import Media, Shelf
from graph.simulator.store import Row


@dataclass(frozen=True)
class Attachment:
    """Either `media`, or `raw`: the object as it stands in a webhook."""

    kind: str
    media: str = ""
    raw: dict[str, Any] = field(default_factory=dict)


def of_media(media: Media) -> Attachment:
    return Attachment(media.kind, media=media.id)


def of_raw(raw: dict[str, Any]) -> Attachment:
    return Attachment(str(raw.get("type", "")), raw=raw)


def of_url(kind: str, url: str) -> Attachment:
    return of_raw({"type": kind, "payload": {"url": url}})


def packed(attachments: list[Attachment]) -> str:
    return json.dumps([{"kind": each.kind, "media": each.media, "raw": each.raw} for each in attachments])


def of_row(row: Row) -> list[Attachment]:
    """Messages of older state files name one image in columns of their own."""
    listed = [Attachment(**each) for each in json.loads(row["attachments"])]
    if listed or row["kind"] != "image":
        return listed
    return [Attachment("image", media=row["media"])] if row["media"] else [of_url("image", row["url"])]


def wire(shelf: Shelf, row: Row, *, now: int) -> list[dict[str, Any]]:
    """As in a webhook, with URLs signed now; a file that is gone has no URL."""
    return [_wired(shelf, each, now) for each in of_row(row)]


def _wired(shelf: Shelf, attachment: Attachment, now: int) -> dict[str, Any]:
    if not attachment.media:
        return attachment.raw
    media = shelf.find(attachment.media)
    return {"type": attachment.kind, "payload": {"url": shelf.url(media, now=now)} if media else {}}
