"""The one hop from the event loop to the thread that speaks with the database."""

import functools
from collections.abc import Awaitable, Callable
from typing import ParamSpec, TypeVar

from asgiref.sync import sync_to_async
from django.db import connections

P = ParamSpec("P")
R = TypeVar("R")


def on_orm(work: Callable[P, R]) -> Callable[P, Awaitable[R]]:
    """`work` as a coroutine on the thread that Django's connections live in.

    Nothing fires Django's request signals for this door, so the connections are looked after here. A tool makes one hop with its whole
    unit of work: each hop queues for the same thread.
    """

    @functools.wraps(work)
    def cared_for(*args: P.args, **kwargs: P.kwargs) -> R:
        _look_after_connections()
        try:
            return work(*args, **kwargs)
        finally:
            _look_after_connections()

    return sync_to_async(cared_for, thread_sensitive=True)


def _look_after_connections() -> None:
    """Close what is broken or too old, as Django does around a request; a transaction that somebody holds open is theirs."""
    for connection in connections.all(initialized_only=True):
        if not connection.in_atomic_block:
            connection.close_if_unusable_or_obsolete()
