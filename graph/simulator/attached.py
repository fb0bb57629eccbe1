"""The attachments of a send: files to be fetched, cards, stickers and shared posts."""

from dataclasses import dataclass, field
from typing import Any

from graph.simulator import attachments, messages, templates
from graph.simulator.errors import invalid, invalid_for
from graph.simulator.media import KINDS
from graph.simulator.world import Account

FEWEST_IMAGES, MOST_IMAGES = 2, 10


@dataclass(frozen=True)
class Wanted:
    """A file of a send: by URL, by attachment id or, with neither, as `filedata`. An empty kind takes what the id has."""

    kind: str
    url: str = ""
    attachment_id: str = ""
    is_reusable: bool = False


@dataclass
class Content:
    """Columns of the message, and files that are yet to be had."""

    values: dict[str, Any] = field(default_factory=dict)
    files: list[Wanted] = field(default_factory=list)


def read(account: Account, message: dict[str, Any]) -> Content:
    if message.get("sticker_id"):
        return _sticker(account, message["sticker_id"])
    if message.get("attachments"):
        return _album(account, message["attachments"])
    return _one(account, message["attachment"])


def wanted(account: Account, attachment: Any, *, kinds: tuple[str, ...] = KINDS) -> Wanted:
    """Type and payload of an attachment that is a file."""
    kind, payload = _parts(account, attachment)
    if kind not in kinds:
        raise invalid_for(account, f"The type of an attachment is one of {', '.join(kinds)}.")
    url, attachment_id = payload.get("url", ""), payload.get("attachment_id", "")
    if url and attachment_id:
        raise invalid_for(account, "Give a url or an attachment_id.")
    if not isinstance(url, str):
        raise invalid_for(account, "A url is a text.")
    return Wanted(kind, url, str(attachment_id), bool(payload.get("is_reusable")))


def _one(account: Account, attachment: Any) -> Content:
    kind = attachment.get("type") if isinstance(attachment, dict) else ""
    if kind == "like_heart" and account.is_instagram:
        return Content(messages.with_attachments([attachments.of_raw({"type": "like_heart"})]))
    if kind == "MEDIA_SHARE" and account.is_instagram:
        return _media_share(account, attachment)
    if kind == "template":
        return Content(templates.read(account, _parts(account, attachment)[1]), _template_files(account, attachment))
    file = wanted(account, attachment)
    return Content({"kind": file.kind}, [file])


def _sticker(account: Account, sticker_id: Any) -> Content:
    """Messenger, since 1 June 2026."""
    if account.is_instagram:
        raise invalid_for(account, "Instagram takes no sticker_id.")
    if not str(sticker_id).isdigit():
        raise invalid("Param message[sticker_id] must be a number.")
    return Content(messages.with_attachments([attachments.of_raw({"type": "sticker", "payload": {"sticker_id": int(sticker_id)}})]))


def _album(account: Account, listed: Any) -> Content:
    """Several images in one message exist on Instagram only."""
    if not account.is_instagram:
        raise invalid("Param message[attachments] is not supported: send one attachment per message.")
    if not isinstance(listed, list) or not FEWEST_IMAGES <= len(listed) <= MOST_IMAGES:
        raise invalid_for(account, f"There are {FEWEST_IMAGES} to {MOST_IMAGES} images in one message.")
    return Content({"kind": "image"}, [wanted(account, each, kinds=("image",)) for each in listed])


def _media_share(account: Account, attachment: Any) -> Content:
    """An uploaded file by its id, as one page of the documents has it, or one of the account's own posts."""
    payload = _parts(account, attachment)[1]
    if payload.get("attachment_id"):
        return Content({}, [Wanted("", attachment_id=str(payload["attachment_id"]))])
    if not payload.get("id"):
        raise invalid_for(account, "A MEDIA_SHARE needs an attachment_id or the id of a post.")
    post = {"type": "ig_post", "payload": {"ig_post_media_id": str(payload["id"])}}
    return Content(messages.with_attachments([attachments.of_raw(post)], kind="share"))


def _template_files(account: Account, attachment: Any) -> list[Wanted]:
    """The media template shows an uploaded picture or film."""
    payload = attachment["payload"]
    if payload.get("template_type") != "media":
        return []
    element = payload["elements"][0]
    return [Wanted(element["media_type"], attachment_id=str(element["attachment_id"]))] if element.get("attachment_id") else []


def _parts(account: Account, attachment: Any) -> tuple[str, dict[str, Any]]:
    if not isinstance(attachment, dict) or not isinstance(attachment.get("payload", {}), dict):
        raise invalid_for(account, "An attachment needs a type and a payload.")
    return str(attachment.get("type", "")), attachment.get("payload", {})
