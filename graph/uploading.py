"""Giving Meta a file before it is sent. Nothing is sent by it, so it may be repeated."""

import json
import re
from dataclasses import dataclass
from typing import Any

from graph.answers import Answer
from graph.caller import Caller, required
from graph.errors import NotFound
from graph.networks import Login
from graph.payloads import MediaKind, upload_body
from graph.readers import text_id

_MIME = re.compile(r"[!-~]+/[ -~]+")
_EDGE, _OTHER_EDGE = "message_attachments", "messageattachments"


@dataclass(frozen=True)
class Uploaded:
    """Meta has the file, under this id."""

    attachment_id: str
    trace_id: str = ""
    status: int = 200


class Uploading(Caller):
    """What is uploaded can be sent any number of times for ninety days.

    Source: Meta, Attachment Upload API reference; Instagram Platform, "Send messages", "Upload".
    """

    def upload(self, content: bytes, *, kind: MediaKind, name: str, mime: str) -> Uploaded:
        """Gives Meta our own bytes. Raises GraphError, and ValueError for a type that cannot be one."""
        if not _MIME.fullmatch(mime):
            raise ValueError("This cannot be a media type.")
        files = {"filedata": (_plain_file_name(name, kind), content, mime)}
        return self._uploaded(kind, data={"message": json.dumps(upload_body(kind))}, files=files)

    def upload_from(self, url: str, *, kind: MediaKind) -> Uploaded:
        """Has Meta keep what it fetches from a public https address."""
        return self._uploaded(kind, json={"message": upload_body(kind, url=url)})

    def _uploaded(self, kind: MediaKind, **content: Any) -> Uploaded:
        patience = self._media_timeout if kind is MediaKind.VIDEO else None
        answer = self._upload(params=self._params, read_timeout=patience, **content)
        attachment_id = required(text_id(answer.fields.get("attachment_id")), answer)
        return Uploaded(attachment_id, trace_id=answer.trace_id, status=answer.status)

    def _upload(self, **more: Any) -> Answer:
        """On graph.instagram.com Meta's guide writes the address with an underscore, its SDK without; whichever exists is taken."""
        try:
            return self._post(_EDGE, **more)
        except NotFound:
            if self.login is not Login.INSTAGRAM:
                raise
        return self._post(_OTHER_EDGE, **more)

    @property
    def _params(self) -> dict[str, str]:
        return {"platform": "instagram"} if self._is_instagram_through_a_page else {}


def _plain_file_name(name: str, kind: MediaKind) -> str:
    """Instagram takes no file names beyond ASCII."""
    return re.sub(r"[^0-9A-Za-z._-]", "_", name) or kind.value
