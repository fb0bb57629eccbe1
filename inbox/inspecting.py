"""What bytes are, by their content and not by their name."""

import io
import re
import warnings
from dataclasses import dataclass

from django.utils.translation import gettext as _
from PIL import Image

from inbox.errors import ContentRefused

# Telephones write JPEG files that hold a second view; Pillow calls these MPO.
MIME = {"PNG": "image/png", "JPEG": "image/jpeg", "MPO": "image/jpeg", "GIF": "image/gif", "WEBP": "image/webp"}
# What Meta takes or shows is all that Pillow may read: each further reader is one more that a stranger's bytes could break.
READERS = ("PNG", "JPEG", "GIF", "WEBP")
# How the other types begin that Meta takes, or that people send. A general library of signatures was tried: it calls every ZIP a Word
# document and has no type for MP3, so the few that matter stand here. The first that fits counts.
BEGINNINGS: tuple[tuple[str, bytes], ...] = (
    ("application/pdf", rb"%PDF-"),
    ("image/heic", rb".{4}ftyp(heic|heix|mif1|msf1)"),
    ("image/avif", rb".{4}ftypavi[fs]"),
    ("image/tiff", rb"II\*\0|MM\0\*"),
    ("audio/mp4", rb".{4}ftypM4[AB] "),
    ("video/quicktime", rb".{4}ftypqt  "),
    ("video/3gpp", rb".{4}ftyp3g"),
    ("video/mp4", rb".{4}ftyp"),
    ("video/ogg", rb"OggS"),
    ("video/webm", rb"\x1aE\xdf\xa3"),
    ("video/x-msvideo", rb"RIFF.{4}AVI "),
    ("audio/wav", rb"RIFF.{4}WAVE"),
    ("audio/aac", rb"\xff[\xf0\xf1\xf8\xf9]"),
    ("audio/mpeg", rb"ID3|\xff[\xe2-\xef\xf2-\xf7\xfa-\xff]"),
    ("audio/amr", rb"#!AMR"),
)
# These hold sound alone or pictures too: whoever sent them knows which.
EITHER = {"video/mp4": "audio/mp4", "video/ogg": "audio/ogg", "video/webm": "audio/webm"}
MOST_PIXELS = 85_000_000
UNKNOWN = "application/octet-stream"
_FILE_TYPE = re.compile(r"application/[a-z0-9.+-]{1,100}")


@dataclass(frozen=True)
class Found:
    """What some bytes are. Width and height, in pixels, are 0 for what is no picture."""

    mime: str
    width: int = 0
    height: int = 0


def looks_like(content: bytes, claimed: str = "") -> Found:
    """What these bytes are. They may come from anybody: what cannot be told is a file of no type.

    Args:
        claimed: the type that came with them. It decides only between sound and moving pictures, and what a document is called.
    """
    try:
        return picture(content)
    except ContentRefused:
        return Found(_other(content, claimed))


def picture(content: bytes) -> Found:
    """The picture in these bytes.

    Raises:
        ContentRefused: there is none that can be read, or it unpacks to too much.
    """
    try:
        with warnings.catch_warnings():
            # Pillow warns of pictures that unpack to very much; for us that is a refusal.
            warnings.simplefilter("error", Image.DecompressionBombWarning)
            with Image.open(io.BytesIO(content), formats=READERS) as image:
                kind, width, height = image.format or "", *image.size
                image.verify()
    except Exception as error:  # Broken bytes lead Pillow's readers into almost any error.
        raise ContentRefused([_("This is not a picture that can be read.")]) from error
    if width * height > MOST_PIXELS:
        raise ContentRefused([_("This picture has too many pixels.")])
    return Found(MIME.get(kind, f"image/{kind.lower()}"), width, height)


def _other(content: bytes, claimed: str) -> str:
    found = next((mime for mime, beginning in BEGINNINGS if re.match(beginning, content, re.DOTALL)), "")
    if found in EITHER and claimed.startswith("audio/"):
        return EITHER[found]
    return found or (claimed if _FILE_TYPE.fullmatch(claimed) else UNKNOWN)
