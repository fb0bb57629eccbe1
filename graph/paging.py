"""Lists that Meta hands out in parts."""

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from graph.readers import mapping, words


def every_part(ask: Callable[[str], Mapping[str, Any]]) -> Iterator[Mapping[str, Any]]:
    """Each part of the list; `ask` is told where it begins. A part that was there already ends it."""
    after, seen = "", set()
    while after not in seen:
        seen.add(after)
        part = ask(after)
        yield part
        after = after_cursor(part)


def after_cursor(part: Mapping[str, Any]) -> str:
    """Where the next part begins; empty after the last. The address in `next` holds the token: only whether there is one is read.

    Source: Meta, Graph API, "Paginated results", "Cursor-based pagination".
    """
    paging = mapping(part.get("paging"))
    return words(mapping(paging.get("cursors")).get("after")) if paging.get("next") else ""
