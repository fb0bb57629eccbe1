"""The stream of changes that the console listens to: raw ASGI server-sent events, outside Django's threads.

Who listens is asked when the stream begins, and again with each heartbeat: it ends when the person has signed out, was deactivated,
or got other accounts. The browser then connects again by itself, and is asked again.
"""

import asyncio
import itertools
import json
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from http.cookies import CookieError, SimpleCookie
from importlib import import_module

from django.conf import settings
from django.contrib.auth import get_user
from django.db import close_old_connections
from django.http import HttpRequest
from starlette.types import Receive, Scope, Send

from accounts.models import Account, User
from core.live import Change, Subscription, hub

HEARTBEAT = 15.0
LIFETIME = 600.0
HEADERS = [
    (b"content-type", b"text/event-stream; charset=utf-8"),
    (b"cache-control", b"no-store"),
    (b"x-accel-buffering", b"no"),
    (b"x-content-type-options", b"nosniff"),
    (b"content-security-policy", b"default-src 'none'"),
]

_thread = ThreadPoolExecutor(1, thread_name_prefix="events")


@dataclass(frozen=True)
class Listener:
    """Who is at the other end, and of which accounts they may hear."""

    user: int
    accounts: frozenset[int]


async def events(scope: Scope, receive: Receive, send: Send) -> None:
    """The door itself: one open stream a request."""
    if scope["method"] != "GET":
        await _refuse(send, 405, "The stream of events can only be read.")
        return
    cookie = _session_key(scope)
    listener = await _who(cookie)
    if listener is None:
        await _refuse(send, 401, "Sign in to hear of changes.")
        return
    await _stream(scope, receive, send, cookie, listener)


async def _stream(scope: Scope, receive: Receive, send: Send, cookie: str, listener: Listener) -> None:
    loop = asyncio.get_running_loop()
    subscription = hub.subscribe(listener.accounts, loop)
    gone = loop.create_task(_until_gone(receive, subscription))
    try:
        await send({"type": "http.response.start", "status": 200, "headers": HEADERS})
        await _Stream(send, cookie, listener, _first_number(scope)).run(subscription)
        await send({"type": "http.response.body", "body": b"", "more_body": False})
    finally:
        hub.unsubscribe(subscription)
        gone.cancel()


class _Stream:
    """One stream, from its greeting to its end."""

    def __init__(self, send: Send, cookie: str, listener: Listener, number: int) -> None:
        self._send, self._cookie, self._listener = send, cookie, listener
        self._again = number > 0
        self._numbers = itertools.count(max(number + 1, time.time_ns() // 1_000_000))

    async def run(self, subscription: Subscription) -> None:
        await self._write(": listening\nretry: 2000\n\n")
        if self._again:
            # Whatever happened while the browser was away.
            await self._tell(Change())
        ends_at = _clock() + LIFETIME
        while _clock() < ends_at and await self._until_heartbeat(subscription, _clock() + HEARTBEAT):
            if await _who(self._cookie) != self._listener:
                return
            await self._write(": still here\n\n")

    async def _until_heartbeat(self, subscription: Subscription, at: float) -> bool:
        """Pass changes on until it is time for a heartbeat. False where the stream is to end."""
        while (left := at - _clock()) > 0:
            try:
                change = await asyncio.wait_for(subscription.queue.get(), left)
            except TimeoutError:
                return True
            if change is None:
                return False
            await self._tell(change)
        return True

    async def _tell(self, change: Change) -> None:
        data = {name: value for name, value in (("conversation", change.conversation), ("what", change.what)) if value}
        await self._write(f"event: change\nid: {next(self._numbers)}\ndata: {json.dumps(data)}\n\n")

    async def _write(self, text: str) -> None:
        await self._send({"type": "http.response.body", "body": text.encode(), "more_body": True})


async def _until_gone(receive: Receive, subscription: Subscription) -> None:
    while (await receive())["type"] != "http.disconnect":
        continue
    subscription.offer(None)


async def _who(cookie: str) -> Listener | None:
    if not cookie:
        return None
    return await asyncio.get_running_loop().run_in_executor(_thread, _with_connection, _look_up, cookie)


def _with_connection(function: Callable[[str], Listener | None], argument: str) -> Listener | None:
    close_old_connections()
    try:
        return function(argument)
    finally:
        close_old_connections()


def _look_up(cookie: str) -> Listener | None:
    """The person behind a session, as Django's own middleware would find them: same backend, same check of the password's hash."""
    request = HttpRequest()
    request.session = import_module(settings.SESSION_ENGINE).SessionStore(cookie)
    user = get_user(request)
    if not isinstance(user, User):
        return None
    return Listener(user.pk, frozenset(Account.objects.visible_to(user).values_list("pk", flat=True)))


def _session_key(scope: Scope) -> str:
    cookies: SimpleCookie = SimpleCookie()
    for name, value in scope["headers"]:
        if name == b"cookie":
            try:
                cookies.load(value.decode("latin1"))
            except CookieError:
                return ""
    morsel = cookies.get(settings.SESSION_COOKIE_NAME)
    # A quoted cookie can hold a NUL, which PostgreSQL cannot even be asked about.
    return morsel.value if morsel and "\0" not in morsel.value else ""


def _first_number(scope: Scope) -> int:
    """The number of the last event that this browser got, or 0 where it has not listened before."""
    last = next((value for name, value in scope["headers"] if name == b"last-event-id"), b"")
    return int(last) if last.isdigit() and len(last) < 16 else 0


def _clock() -> float:
    return asyncio.get_running_loop().time()


async def _refuse(send: Send, status: int, sentence: str) -> None:
    headers = [(b"content-type", b"text/plain; charset=utf-8"), (b"cache-control", b"no-store"), (b"x-content-type-options", b"nosniff")]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": sentence.encode()})
