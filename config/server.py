"""The web process: uvicorn, with the threads that belong to it and an end that open streams cannot hold up."""

import asyncio
import logging
import socket
import threading
from collections.abc import Callable, Sequence
from errno import EADDRINUSE
from typing import Protocol

import uvicorn
from django.conf import settings
from django.core.management import CommandError
from django.utils.translation import gettext as _

from accounts.models import Activity
from core.live import hub

GRACE = 3


class Companion(Protocol):
    """Something that runs in threads beside the server."""

    def start(self) -> None: ...

    def stop(self) -> None: ...


def companions() -> list[Companion]:
    """What this process runs beside the pages: on SQLite the work itself, on PostgreSQL only the ear for live updates."""
    from inbox.webhooks.refusals import refusals

    if settings.POSTGRES:
        from core.live_postgres import Listener

        return [Listener(), refusals]
    from core.live_sqlite import Watch
    from inbox.engine import Engine
    from inbox.presence import present

    return [Engine(), Watch(_newest_activity, present), refusals]


class Server(uvicorn.Server):
    """One web process.

    Args:
        companions: started once the server listens, stopped when the last request is answered.
        when_ready: called in a thread of its own once the server answers.
    """

    def __init__(self, *, companions: Sequence[Companion], when_ready: Callable[[], None] | None = None) -> None:
        super().__init__(_config())
        logging.getLogger("uvicorn.error").addFilter(_is_news)
        self._companions = companions
        self._when_ready = when_ready

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets=sockets)
        for companion in self._companions:
            companion.start()
        if self._when_ready:
            threading.Thread(target=self._when_ready, name="when-ready", daemon=True).start()

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        # An open stream would keep uvicorn waiting for as long as its browser stays.
        hub.close()
        await super().shutdown(sockets=sockets)
        for companion in self._companions:
            await asyncio.to_thread(companion.stop)


def listen(host: str, port: int, *, variables: str = "HOST, PORT") -> socket.socket:
    """A listening socket.

    Args:
        variables: what to change where it is not free.

    Raises:
        CommandError: somebody else has the port, or this machine has no such address.
    """
    try:
        family = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0][0]
        return socket.create_server((host, port), family=family)
    except OSError as error:
        reason = _("something listens there already, perhaps another Countersign") if error.errno == EADDRINUSE else error.strerror
        sentence = _("Port %(port)s of %(host)s cannot be used: %(reason)s. Stop what listens there, or choose another (%(variables)s).")
        raise CommandError(sentence % {"host": host, "port": port, "reason": reason, "variables": variables}) from None


def _config() -> uvicorn.Config:
    return uvicorn.Config(
        "config.asgi:application",
        # httptools leaves blanks round header values, which the MCP specification lets clients send.
        http="h11",
        ws="none",
        lifespan="on",
        # An open MCP subscription would otherwise hold up the end for ever.
        timeout_graceful_shutdown=GRACE,
        log_config=None,
        access_log=False,
        server_header=False,
    )


def _is_news(record: logging.LogRecord) -> bool:
    """A request that is cut off when the server ends was cut off on purpose."""
    return not (record.exc_info and isinstance(record.exc_info[1], asyncio.CancelledError))


def _newest_activity() -> object:
    """Every verb writes one line of Activity, so its newest line tells whether anybody did anything."""
    return Activity.objects.order_by("-pk").values_list("pk", flat=True).first()
