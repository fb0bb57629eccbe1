"""The bytes of one file over HTTP: whole or in part, and never as something that a browser would run.

Source: RFC 9110, "Range requests"; RFC 6266 for the name.
"""

import re
from dataclasses import dataclass
from typing import IO, Any

from django.http import FileResponse, Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.utils.cache import get_conditional_response
from django.utils.http import content_disposition_header

from graph.payloads import MediaKind
from inbox.models import MediaFile
from inbox.views.file_names import download_name
from inbox.views.formats import served_type, shows_as

_RANGE = re.compile(r"bytes=(\d{0,18})-(\d{0,18})", re.ASCII)
# What we send never changes. What was received may be unsent, and must not live on in a browser.
FOR_GOOD, ASK_EACH_TIME = "private, max-age=86400, immutable", "private, no-cache"


def serve(request: HttpRequest, media: MediaFile) -> HttpResponseBase:
    """This file, to somebody who may see it.

    Raises:
        Http404: its bytes are not here.
    """
    if media.state != MediaFile.State.READY:
        raise Http404
    headers = _headers(media)
    known = get_conditional_response(request, etag=headers["ETag"])
    if known is not None and known.status_code == 304:
        return _with(known, headers)
    part = _asked_part(request, media, headers["ETag"])
    if part and part.is_empty:
        return HttpResponse(status=416, content_type=served_type(media.mime), headers=headers | {"Content-Range": f"bytes */{media.size}"})
    return _Bytes(
        _Slice(_opened(media), part or _Part(0, media.size - 1)), status=206 if part else 200, content_type=served_type(media.mime),
        headers=headers | (part.headers(media.size) if part else {"Content-Length": str(media.size)}),
    )  # fmt: skip


def _opened(media: MediaFile) -> IO[Any]:
    try:
        file: IO[Any] = media.file.open("rb")
    except FileNotFoundError:
        raise Http404 from None
    return file


def _with(response: HttpResponse, headers: dict[str, str]) -> HttpResponse:
    for name in ("Cache-Control", "ETag"):
        response[name] = headers[name]
    return response


def _headers(media: MediaFile) -> dict[str, str]:
    as_attachment = shows_as(media.mime) is MediaKind.FILE
    return {
        "Content-Disposition": content_disposition_header(as_attachment, download_name(media)) or "attachment",
        "X-Content-Type-Options": "nosniff",
        "Content-Security-Policy": "sandbox; default-src 'none'",
        "Cache-Control": FOR_GOOD if media.by_id else ASK_EACH_TIME,
        "Accept-Ranges": "bytes",
        "ETag": f'"{media.sha256}"',
    }


@dataclass(frozen=True)
class _Part:
    """Bytes `first` to `last` inclusive."""

    first: int
    last: int

    @property
    def is_empty(self) -> bool:
        return self.first > self.last

    @property
    def length(self) -> int:
        return self.last - self.first + 1

    def headers(self, size: int) -> dict[str, str]:
        return {"Content-Range": f"bytes {self.first}-{self.last}/{size}", "Content-Length": str(self.length)}


def _asked_part(request: HttpRequest, media: MediaFile, etag: str) -> _Part | None:
    """The one part that is asked for; None for the whole, which also answers several parts, and a part of another version."""
    asked = _RANGE.fullmatch(request.headers.get("Range", "").strip())
    if asked is None or not any(asked.groups()) or request.headers.get("If-Range", etag) != etag:
        return None
    first, last = asked.groups()
    if not first:
        return _Part(max(0, media.size - int(last)), media.size - 1) if int(last) else _Part(1, 0)
    if last and int(last) < int(first):
        return None  # RFC 9110: not a range at all
    return _Part(int(first), min(int(last) if last else media.size, media.size - 1))


class _Bytes(FileResponse):
    block_size = 64 * 1024


class _Slice:
    """A part of a file, which is closed with it."""

    def __init__(self, file: IO[Any], part: _Part) -> None:
        file.seek(part.first)
        self._file, self._left = file, part.length

    def read(self, size: int = -1) -> bytes:
        found: bytes = self._file.read(self._left if size < 0 else min(size, self._left))
        self._left -= len(found)
        return found

    def close(self) -> None:
        self._file.close()
