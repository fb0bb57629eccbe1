"""Keeping query strings out of logs: httpx writes whole addresses at INFO, and ours can hold an appsecret_proof."""

import logging
from typing import Any

import httpx


class WithoutQuery(logging.Filter):
    """Cuts the query off every address in a record, and lets the record through."""

    def filter(self, record: logging.LogRecord) -> bool:
        if isinstance(record.args, tuple):
            record.args = tuple(map(_cut, record.args))
        return True


def _cut(argument: Any) -> Any:
    return argument.copy_with(query=None) if isinstance(argument, httpx.URL) else argument


def keep_queries_out_of_logs() -> None:
    """Repeating it changes nothing: a logger takes the same filter once."""
    logging.getLogger("httpx").addFilter(_WITHOUT_QUERY)


_WITHOUT_QUERY = WithoutQuery()
