"""Images: what Meta accepts, where the bytes are kept, and one built-in picture to try things with."""

import functools
import hashlib
import secrets
import struct
import zlib
from dataclasses import dataclass
from urllib.parse import parse_qs, urlsplit

from graph.simulator import ids
from graph.simulator.errors import MetaError, invalid
from graph.simulator.store import Store

LARGEST_IMAGE = 8 * 1024 * 1024
UPLOAD_LIFE_MS = 90 * 24 * 3600 * 1000
SIGNED_URL_LIFE_MS = 24 * 3600 * 1000
MAGIC = {b"\x89PNG\r\n\x1a\n": "image/png", b"\xff\xd8\xff": "image/jpeg", b"GIF8": "image/gif"}


@dataclass(frozen=True)
class Media:
    id: str
    account: str
    content: bytes
    mime: str
    sha256: str
    signature: str
    at: int


class Shelf:
    """Keeps bytes by attachment id. A URL with a signature ages as Meta's do; the plain one is for the phone page."""

    def __init__(self, store: Store, public_url: str) -> None:
        self.store = store
        self.public_url = public_url

    def keep(self, content: bytes, *, account: str, at: int) -> Media:
        media = Media(
            ids.attachment_id(),
            account,
            bytes(content),
            image_type(content) or "application/octet-stream",
            hashlib.sha256(content).hexdigest(),
            secrets.token_urlsafe(18),
            at,
        )
        self.store.insert("media", **media.__dict__)
        return media

    def find(self, media_id: str) -> Media | None:
        row = self.store.row("SELECT * FROM media WHERE id = ?", media_id)
        return Media(**row) if row else None

    def owned(self, media_id: str, *, account: str, now: int) -> Media:
        """Meta, Attachment Upload API: an id lasts 90 days and serves only the account that uploaded it."""
        media = self.find(media_id)
        if media is None or media.account != account or now - media.at > UPLOAD_LIFE_MS:
            raise invalid("Invalid attachment id", 2018074)
        return media

    def url(self, media: Media) -> str:
        return f"{self.public_url}/sim/media/{media.id}?signature={media.signature}"

    def forget(self, media_id: str) -> None:
        self.store.run("DELETE FROM media WHERE id = ?", media_id)

    def status(self, media: Media | None, signature: str | None, *, now: int) -> int:
        """Signed media URLs die: 404 once the message was unsent, 403 after a day."""
        if media is None:
            return 404
        if signature is None:
            return 200
        return 200 if signature == media.signature and now - media.at <= SIGNED_URL_LIFE_MS else 403

    def own_content(self, url: str) -> bytes | None:
        """What a URL of the simulator itself holds, without a network."""
        parts = urlsplit(url)
        if parts.path.endswith("/sim/picture.png"):
            return picture()
        if "/sim/media/" in parts.path and (media := self.find(parts.path.rsplit("/", 1)[1])):
            given = parse_qs(parts.query).get("signature", [media.signature])[0]
            return media.content if given == media.signature else None
        return None


def image_type(content: bytes) -> str:
    return next((mime for magic, mime in MAGIC.items() if content.startswith(magic)), "")


def check_image(content: bytes) -> None:
    """Meta, Send API reference: 8 MB, PNG, JPEG or GIF. What the bytes are counts, not what they are called."""
    if len(content) > LARGEST_IMAGE:
        raise invalid("The attachment is too large", 2018109)
    if not image_type(content):
        raise MetaError(100, "Failed to upload the attachment: the type does not match the file", subcode=2018047)


@functools.cache
def picture(width: int = 320, height: int = 200) -> bytes:
    """A soft two-colour PNG, drawn here so that nothing has to be downloaded."""
    rows = b"".join(b"\0" + b"".join(_pixel(x / width, y / height) for x in range(width)) for y in range(height))
    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    chunks = (_chunk(b"IHDR", header), _chunk(b"IDAT", zlib.compress(rows, 9)), _chunk(b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(chunks)


def _pixel(x: float, y: float) -> bytes:
    return bytes((int(90 + 140 * x), int(120 + 60 * y), int(200 - 90 * x * y)))


def _chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
