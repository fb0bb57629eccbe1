"""What an HTTP answer of Meta's says when it is not a plain success: the error object and how long to wait."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any

from graph.readers import flag, items, mapping, parse_json, text_id, whole, words

_TOKEN = re.compile(r"(?:EAA|IGAA|IGQ)\S+|[\w|%.=-]{32,}")

_ONE_DAY = 86400.0


@dataclass(frozen=True)
class Answer:
    """One answer, read without trusting its shape: HTML pages, empty bodies and errors under status 200 all occur.

    Source: Meta, Graph API, "Handling errors".
    """

    status: int
    headers: Mapping[str, str]
    body: Mapping[str, Any] | None

    @classmethod
    def read(cls, status: int, headers: Mapping[str, str], content: bytes) -> "Answer":
        try:
            body = parse_json(content)
        except ValueError:
            body = None
        lowered = {name.lower(): value for name, value in headers.items()}
        return cls(status, lowered, body if isinstance(body, Mapping) else None)

    @property
    def is_success(self) -> bool:
        """A 200 may still carry an error, so the body is asked before the status."""
        return 200 <= self.status < 300 and self.body is not None and not self._mentions_error

    @property
    def fields(self) -> Mapping[str, Any]:
        """The object in the body; empty where there is none."""
        return self.body or {}

    @property
    def is_readable_error(self) -> bool:
        return isinstance(self.fields.get("error"), Mapping) or self._is_from_the_token_host

    @property
    def code(self) -> int | None:
        return whole(self._error.get("code"))

    @property
    def subcode(self) -> int | None:
        return whole(self._error.get("error_subcode", self._error.get("subcode")))

    @property
    def blamed(self) -> str:
        """The parameters that Meta names as the cause. Their description is an object, or the same as text."""
        data = self._error.get("error_data")
        paths = [items(path) for path in items(_object(data).get("blame_field_specs"))]
        return ", ".join(".".join(map(text_id, path)) for path in paths)[:100]

    @property
    def is_transient(self) -> bool:
        return flag(self._error.get("is_transient"))

    @property
    def trace_id(self) -> str:
        return text_id(self._error.get("fbtrace_id")) or self.headers.get("x-fb-trace-id", "")

    @property
    def message(self) -> str:
        """Meta's sentence, without what looks like a token: "Malformed access token" repeats the token."""
        told = words(self._error.get("message")) or words(self._error.get("error_message"))
        return _TOKEN.sub("[removed]", told)[:300]

    @property
    def seconds_to_wait(self) -> float | None:
        """How long `Retry-After` asks to wait, a day at most. What the usage headers name may be another account's: see `graph.usage`."""
        return _retry_after(self.headers.get("retry-after", ""))

    @property
    def _error(self) -> Mapping[str, Any]:
        return self.fields if self._is_from_the_token_host else mapping(self.fields.get("error"))

    @property
    def _mentions_error(self) -> bool:
        return self.fields.get("error") is not None or self._is_from_the_token_host or flag(self.fields.get("is_error"))

    @property
    def _is_from_the_token_host(self) -> bool:
        """api.instagram.com puts its errors flat into the body. Source: Meta, Instagram Platform, "Business Login"."""
        return "error_type" in self.fields


def _object(value: object) -> Mapping[str, Any]:
    try:
        return mapping(parse_json(value.encode()) if isinstance(value, str) else value)
    except ValueError:
        return {}


def _retry_after(value: str) -> float | None:
    seconds = whole(value)
    return _until(value) if seconds is None else _positive(seconds)


def _until(date: str) -> float | None:
    try:
        moment = parsedate_to_datetime(date)
    except (ValueError, TypeError):
        return None
    return _positive((moment.replace(tzinfo=moment.tzinfo or UTC) - datetime.now(UTC)).total_seconds())


def _positive(seconds: float) -> float | None:
    return min(float(seconds), _ONE_DAY) if seconds > 0 else None
