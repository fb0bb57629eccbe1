"""Files on their way in: the Attachment Upload API, and files named by URL, by id or sent as `filedata`."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from graph.simulator import attached
from graph.simulator.attached import Wanted
from graph.simulator.call import Call
from graph.simulator.errors import MetaError, invalid, invalid_for
from graph.simulator.media import Media, mime_of
from graph.simulator.world import Account

if TYPE_CHECKING:
    from graph.simulator.simulator import Simulator

MB = 1024 * 1024


@dataclass(frozen=True)
class Limit:
    """Meta, Send API reference, attachments. No types: any."""

    most: int
    types: tuple[str, ...] = ()


IMAGES = ("image/png", "image/jpeg", "image/gif")
SOUNDS = ("audio/aac", "audio/mp4", "audio/wav", "video/mp4")
FILMS = ("video/mp4", "video/ogg", "video/x-msvideo", "video/quicktime", "video/webm")
LIMITS = {
    "messenger": {
        "image": Limit(8 * MB, IMAGES),
        "audio": Limit(25 * MB, (*SOUNDS, "audio/mpeg", "video/ogg")),
        "video": Limit(25 * MB, FILMS),
        "file": Limit(25 * MB),
    },
    "instagram": {
        "image": Limit(8 * MB, IMAGES),
        "audio": Limit(25 * MB, SOUNDS),
        "video": Limit(25 * MB, FILMS),
        "file": Limit(25 * MB, ("application/pdf",)),
    },
}


def upload(simulator: "Simulator", call: Call, account: Account) -> dict[str, Any]:
    wanted = attached.wanted(account, call.thing("message").get("attachment"))
    if wanted.attachment_id:
        raise invalid("Give a url or filedata.")
    return {"attachment_id": have(simulator, call, account, wanted).id}


def have(simulator: "Simulator", call: Call, account: Account, wanted: Wanted) -> Media:
    """The file itself, fetched and checked, or the error that Meta answers."""
    if wanted.attachment_id:
        return _owned(simulator, account, wanted)
    content, name = _fetched(simulator, account, wanted) if wanted.url else _filedata(call, account)
    _check(account, wanted.kind, content)
    return simulator.shelf.keep(content, account=account.id, at=simulator.now_ms(), kind=wanted.kind, name=name)


def _owned(simulator: "Simulator", account: Account, wanted: Wanted) -> Media:
    media = simulator.shelf.owned(wanted.attachment_id, account=account.id, now=simulator.now_ms())
    if wanted.kind not in ("", media.kind):
        raise _mismatch()
    return media


def _filedata(call: Call, account: Account) -> tuple[bytes, str]:
    """On Instagram multipart is documented for the upload edge only, and names must be ASCII."""
    file = call.files.get("filedata")
    if file is None or (account.is_instagram and call.edge == "messages"):
        raise invalid_for(account, "An attachment needs a url, an attachment_id or filedata.")
    if account.is_instagram and not file.name.isascii():
        raise invalid_for(account, "The name of the file must be ASCII.")
    return file.content, file.name


def _fetched(simulator: "Simulator", account: Account, wanted: Wanted) -> tuple[bytes, str]:
    if not wanted.url.startswith(("https://", "http://")):
        raise invalid_for(account, "An attachment needs a url, an attachment_id or filedata.")
    status, content = simulator.fetch(wanted.url)
    if status == 0 and wanted.kind == "video":
        raise MetaError(100, "(#100) The video took too long to fetch, or is corrupt.", subcode=2018294)
    if status != 200:
        raise MetaError(100, "(#100) Failed to fetch the file from the url.", subcode=2018008)
    return content, wanted.url.rpartition("/")[2].partition("?")[0][:80]


def _check(account: Account, kind: str, content: bytes) -> None:
    """What the bytes are counts, not what they are called."""
    limit = LIMITS[account.network][kind]
    if len(content) > limit.most:
        raise invalid("The attachment is too large", 2018109)
    if limit.types and mime_of(content) not in limit.types:
        raise _mismatch()


def _mismatch() -> MetaError:
    return MetaError(100, "Failed to upload the attachment: the type does not match the file", subcode=2018047)
