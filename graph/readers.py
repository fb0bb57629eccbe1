"""Reading Meta's JSON, where an id may be text or a number and a time may be seconds, milliseconds or text."""

import json
import re
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_SECONDS_BELOW = 10**11
_LONGEST_NUMBER = 40
# Meta's longest ids have some 200 characters. A longer text is no id, and no database could index it.
_LONGEST_ID = 500
# Meta nests a dozen deep; what reads and writes JSON has limits of its own, each at another depth.
_DEEPEST = 100
_WHOLE = re.compile(r"-?[0-9]{1,40}")
_WHOLE_FLOAT = re.compile(r"(-?[0-9]{1,40})\.0+")
_UNWRITABLE = re.compile("[\x00\ud800-\udfff]")


class ExactNumber(float):
    """A JSON number with a point or an exponent that remembers its digits: a float would round a long id."""

    digits: str

    def __new__(cls, digits: str) -> "ExactNumber":
        number = super().__new__(cls, digits)
        number.digits = digits
        return number


def parse_json(body: bytes) -> Any:
    """The value in the body, with what no database can store taken out of its strings.

    Raises ValueError when the body is not JSON, or is nested too deeply to be read.
    """
    try:
        return _writable(json.loads(body, parse_int=_integer, parse_float=_decimal, parse_constant=_nothing))
    except RecursionError:
        raise ValueError("The JSON is nested too deeply.") from None


def mapping(value: object) -> Mapping[str, Any]:
    """The object itself, or an empty one where Meta sent anything else."""
    return value if isinstance(value, Mapping) else {}


def items(value: object) -> list[Any]:
    """The list itself, or an empty one where Meta sent anything else."""
    return value if isinstance(value, list) else []


def words(value: object) -> str:
    """Text as it is; anything else is no text."""
    return value if isinstance(value, str) else ""


def text_id(value: object) -> str:
    """An id as a string, whether Meta sent text or a number; empty for anything else."""
    if isinstance(value, str):
        found = value.strip()
        return found if len(found) <= _LONGEST_ID else ""
    number = whole(value)
    return "" if number is None else str(number)


def whole(value: object) -> int | None:
    """A whole number from a number or its text; None for anything else, a boolean too."""
    if isinstance(value, bool):
        return None
    if isinstance(value, int):
        return value
    digits = value.digits if isinstance(value, ExactNumber) else value
    if not isinstance(digits, str):
        return None
    found = _WHOLE_FLOAT.fullmatch(digits) if isinstance(value, ExactNumber) else _WHOLE.fullmatch(digits.strip())
    return int(found.group(found.lastindex or 0)) if found else None


def flag(value: object) -> bool:
    """True for true, 1 and their text."""
    return value is True or whole(value) == 1 or words(value).lower() == "true"


def moment(value: object) -> datetime | None:
    """An aware time from seconds, milliseconds, their text, or ISO 8601; None for what is no time.

    Meta mixes the units: messages use milliseconds, comments and dashboard tests seconds.
    """
    number = whole(value)
    try:
        return _iso(words(value)) if number is None else _since_epoch(number)
    except (ValueError, OverflowError):
        return None


def _since_epoch(number: int) -> datetime | None:
    if number <= 0:
        return None
    return _EPOCH + (timedelta(seconds=number) if number < _SECONDS_BELOW else timedelta(milliseconds=number))


def _iso(text: str) -> datetime | None:
    parsed = datetime.fromisoformat(text)
    at = parsed.astimezone(UTC) if parsed.tzinfo else None
    return at if at and at > _EPOCH else None


def _integer(digits: str) -> int | str:
    """Python refuses to read integers of thousands of digits; nothing of Meta's is that long."""
    return int(digits) if len(digits) <= _LONGEST_NUMBER else digits


def _decimal(digits: str) -> ExactNumber | None:
    number = ExactNumber(digits)
    return number if abs(number) < float("inf") else None


def _nothing(_constant: str) -> None:
    """NaN and Infinity are not JSON, although Python reads them."""


def _writable(value: Any, depth: int = 0) -> Any:
    if depth > _DEEPEST:
        raise ValueError("The JSON is nested too deeply.")
    match value:
        case str():
            return _UNWRITABLE.sub("\ufffd", value)
        case list():
            return [_writable(item, depth + 1) for item in value]
        case dict():
            return {_writable(key): _writable(item, depth + 1) for key, item in value.items()}
        case _:
            return value
