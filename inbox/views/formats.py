"""What a browser may show by itself. Bytes that strangers sent are never handed to it as a document."""

from graph.payloads import MediaKind

PICTURES = frozenset({"image/png", "image/jpeg", "image/gif", "image/webp"})
FILMS = frozenset({"video/mp4", "video/webm", "video/ogg", "video/quicktime"})
PDF = "application/pdf"
PLAIN = "application/octet-stream"


def shows_as(mime: str) -> MediaKind:
    """As what a page shows bytes of this type; whatever is no picture, film or sound is a file to be downloaded."""
    if mime in PICTURES:
        return MediaKind.IMAGE
    if mime in FILMS:
        return MediaKind.VIDEO
    return MediaKind.AUDIO if mime.startswith("audio/") else MediaKind.FILE


def served_type(mime: str) -> str:
    """The type with which bytes leave: their own, or none that a browser would open."""
    return mime if mime == PDF or shows_as(mime) is not MediaKind.FILE else PLAIN
