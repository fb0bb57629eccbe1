"""The one hop from the event loop to the thread that speaks with the database."""

import functools
from collections.abc import Awaitable, Callable
from typing import ParamSpec, TypeVar

from asgiref.sync import sync_to_async
from django.db import close_old_connections

P = ParamSpec("P")
R = TypeVar("R")


def on_orm(work: Callable[P, R]) -> Callable[P, Awaitable[R]]:
    """`work` as a coroutine on the thread that Django's connections live in.

    Nothing fires Django's request signals for this door, so the connections are looked after here. A tool makes one hop with its whole
    unit of work: each hop queues for the same thread.
    """

    @functools.wraps(work)
    def cared_for(*args: P.args, **kwargs: P.kwargs) -> R:
        close_old_connections()
        try:
            return work(*args, **kwargs)
        finally:
            close_old_connections()

    return sync_to_async(cared_for, thread_sensitive=True)
