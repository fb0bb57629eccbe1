"""Pages of a list, with cursors and, as at Meta, the access token in `next`."""

import base64
from typing import Any
from urllib.parse import urlencode

from graph.simulator.call import Call
from graph.simulator.errors import invalid

DEFAULT, LARGEST = 25, 100


def page(call: Call, things: list[dict[str, Any]]) -> dict[str, Any]:
    """The part of a list that is asked for."""
    start, limit = window(call)
    return part(call, things[start : start + limit], start=start, is_last=start + limit >= len(things))


def window(call: Call) -> tuple[int, int]:
    """Where the part begins, and how many are in it at most."""
    limit = max(1, min(call.number("limit", DEFAULT), LARGEST))
    return _start(call, limit), limit


def part(call: Call, shown: list[dict[str, Any]], *, start: int, is_last: bool) -> dict[str, Any]:
    """For lists that are too long to be made whole."""
    if not shown:
        return {"data": []}
    paging: dict[str, Any] = {"cursors": cursors(start, start + len(shown))}
    if not is_last:
        paging["next"] = _url(call, "after", paging["cursors"]["after"])
    if start:
        paging["previous"] = _url(call, "before", paging["cursors"]["before"])
    return {"data": shown, "paging": paging}


def cursors(start: int, end: int) -> dict[str, str]:
    return {"before": _cursor(start), "after": _cursor(end)}


def _start(call: Call, limit: int) -> int:
    if call.text("before"):
        return max(0, _offset(call.text("before")) - limit)
    return _offset(call.text("after"))


def _url(call: Call, name: str, cursor: str) -> str:
    """Never to be logged."""
    rest = {key: value for key, value in call.params.items() if key not in ("after", "before")}
    query = rest | {"access_token": call.token, name: cursor}
    return f"{call.base}/v26.0/{'/'.join(call.parts)}?{urlencode(query)}"


def _cursor(offset: int) -> str:
    return "QVFI" + base64.urlsafe_b64encode(str(offset).zfill(9).encode()).decode()


def _offset(cursor: str) -> int:
    if not cursor:
        return 0
    try:
        return int(base64.urlsafe_b64decode(cursor.removeprefix("QVFI")))
    except ValueError:
        raise invalid("Invalid cursor.") from None
