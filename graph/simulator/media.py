"""Files: what the bytes are, where they are kept, and the signed URLs under which others fetch them."""

import hashlib
import hmac
import secrets
from dataclasses import dataclass
from urllib.parse import parse_qs, urlsplit

from graph.simulator import ids, samples
from graph.simulator.errors import invalid
from graph.simulator.samples import picture as picture  # also had from here
from graph.simulator.store import Store

UPLOAD_LIFE_MS = 90 * 24 * 3600 * 1000
SIGNED_URL_LIFE_MS = 24 * 3600 * 1000
KINDS = ("image", "video", "audio", "file")
MAGIC = (
    (0, b"\x89PNG\r\n\x1a\n", "image/png"), (0, b"\xff\xd8\xff", "image/jpeg"), (0, b"GIF8", "image/gif"),
    (8, b"WEBP", "image/webp"), (0, b"%PDF-", "application/pdf"), (8, b"WAVE", "audio/wav"), (8, b"AVI ", "video/x-msvideo"),
    (0, b"ID3", "audio/mpeg"), (0, b"\xff\xfb", "audio/mpeg"), (0, b"\xff\xf1", "audio/aac"), (0, b"\xff\xf9", "audio/aac"),
    (0, b"OggS", "video/ogg"), (0, b"\x1aE\xdf\xa3", "video/webm"), (4, b"ftypqt", "video/quicktime"),
    (4, b"ftypM4A", "audio/mp4"), (4, b"ftyp", "video/mp4"),
)  # fmt: skip
ENDINGS = {"image/jpeg": "jpg", "video/quicktime": "mov", "video/x-msvideo": "avi", "audio/mpeg": "mp3", "audio/mp4": "m4a", "": "bin"}
SAMPLES = {"picture.png": "image", "voice.wav": "audio", "film.mp4": "video", "document.pdf": "file"}


@dataclass(frozen=True)
class Media:
    id: str
    account: str
    content: bytes
    mime: str
    sha256: str
    signature: str
    at: int
    kind: str
    name: str


class Shelf:
    """Keeps bytes by attachment id. A URL with a signature ages as Meta's do; the plain one is for the phone page."""

    def __init__(self, store: Store, public_url: str) -> None:
        self.store = store
        self.public_url = public_url

    def keep(self, content: bytes, *, account: str, at: int, kind: str = "image", name: str = "") -> Media:
        media = Media(
            ids.attachment_id(),
            account,
            bytes(content),
            mime_of(content) or "application/octet-stream",
            hashlib.sha256(content).hexdigest(),
            secrets.token_urlsafe(18),
            at,
            kind,
            name or f"{kind}.{ending(mime_of(content))}",
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

    def url(self, media: Media, *, now: int) -> str:
        """Signed anew each time somebody is told of the file, as Meta does."""
        return f"{self.public_url}/sim/media/{media.id}?at={now}&signature={_signature(media, str(now))}"

    def sample_url(self, kind: str) -> str:
        name = next(name for name, each in SAMPLES.items() if each == kind)
        return f"{self.public_url}/sim/{name}"

    def forget(self, media_id: str) -> None:
        self.store.run("DELETE FROM media WHERE id = ?", media_id)

    def status(self, media: Media | None, *, at: str, signature: str | None, now: int) -> int:
        """Signed media URLs die: 404 once the message was unsent, 403 after a day."""
        if media is None:
            return 404
        if signature is None:
            return 200
        right = hmac.compare_digest(signature.encode(), _signature(media, at).encode())
        return 200 if right and now - int(at) <= SIGNED_URL_LIFE_MS else 403

    def own_content(self, url: str, *, now: int) -> bytes | None:
        """What a URL of the simulator itself holds, without a network."""
        parts = urlsplit(url)
        _, found, name = parts.path.partition("/sim/")
        if found and name in SAMPLES:
            return samples.sample(SAMPLES[name])
        media = self.find(name.removeprefix("media/")) if name.startswith("media/") else None
        query = parse_qs(parts.query)
        at, signature = query.get("at", [""])[0], query.get("signature", [None])[0]
        return media.content if media and self.status(media, at=at, signature=signature, now=now) == 200 else None


def mime_of(content: bytes) -> str:
    """What the bytes are counts, not what they are called."""
    return next((mime for at, magic, mime in MAGIC if content[at : at + len(magic)] == magic), "")


def kind_of(mime: str) -> str:
    kind = mime.partition("/")[0]
    return kind if kind in KINDS else "file"


def ending(mime: str) -> str:
    return ENDINGS.get(mime) or mime.rpartition("/")[2]


def _signature(media: Media, at: str) -> str:
    return hmac.new(media.signature.encode(), f"{media.id}.{at}".encode(), hashlib.sha256).hexdigest()[:32]
