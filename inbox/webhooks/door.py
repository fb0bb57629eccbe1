"""The raw ASGI door for Meta's webhooks: size, signature, durable, 200. Understanding comes later.

Meta wants 200 within five seconds, repeats what got anything else, and after an hour of failures stops sending
(Meta, Messenger Platform webhooks, "Webhook notifications"). Whatever is turned away leaves a trace in `refusals`.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable, MutableMapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qsl

from asgiref.sync import sync_to_async
from django.db import close_old_connections

from core.clock import now
from graph.readers import parse_json
from inbox.webhooks.batch import Batcher
from inbox.webhooks.refusals import Reason, Refusals, refusals
from inbox.webhooks.store import Arrival, Key, challenge_for, matching_app, matching_token, note_handshake, signing_keys

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]

# Meta puts up to a thousand updates into one body (Graph API webhooks, "Batching"), and writes every letter beyond ASCII in six.
LARGEST_BODY = 16 * 1024 * 1024
KEYS_KEPT_FOR = 5.0


@dataclass(eq=False)
class TurnedAway(Exception):
    """Not for us: what to answer, and what to count it as."""

    status: int
    text: str
    reason: Reason
    size: int = 0


class WebhookDoor:
    """An ASGI application for one address. One instance a process: it owns the batch and a short memory of the apps' keys."""

    def __init__(self, refused: Refusals | None = None) -> None:
        self._batcher = Batcher()
        self._refused = refused or refusals
        self._keys: list[Key] = []
        self._keys_read_at = -KEYS_KEPT_FOR
        self._reading = asyncio.Lock()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            status, text = await self._answer(scope, receive)
        except TurnedAway as refusal:
            self._refused.note(refusal.reason, size=refusal.size)
            status, text = refusal.status, refusal.text
        await _send(send, status, text)

    async def _answer(self, scope: Scope, receive: Receive) -> tuple[int, str]:
        if scope["method"] == "POST":
            return await self._delivery(scope, receive)
        if scope["method"] == "GET":
            return await self._handshake(scope)
        return 405, "Meta uses GET and POST here."

    # What Meta tells ----------------------------------------------------------------------------------------------
    async def _delivery(self, scope: Scope, receive: Receive) -> tuple[int, str]:
        body = await _body(scope, receive)
        app = await self._signer(body, _header(scope, b"x-hub-signature-256"))
        if not _is_json(body):
            # Signed with the app's own secret, so it is Meta who wrote what nobody can read: the admin's pages say so.
            raise TurnedAway(400, "The body is not JSON.", Reason.NOT_JSON, len(body))
        return await self._store(Arrival(body, app, now()))

    async def _store(self, arrival: Arrival) -> tuple[int, str]:
        try:
            await self._batcher.add(arrival)
        except Exception:  # already logged with its cause; Meta repeats what got a 500
            return 500, "The body could not be stored."
        return 200, "EVENT_RECEIVED"

    async def _signer(self, body: bytes, signature: str | None) -> int:
        """The app that signed."""
        if not signature:
            raise TurnedAway(401, "The body is not signed.", Reason.UNSIGNED, len(body))
        app = await self._find(lambda keys: matching_app(keys, body, signature))
        if app is None:
            raise TurnedAway(401, "The signature is not one of ours.", Reason.MIS_SIGNED, len(body))
        return app

    # Meta's question whether this is our address --------------------------------------------------------------------
    async def _handshake(self, scope: Scope) -> tuple[int, str]:
        query = dict(parse_qsl(scope["query_string"].decode("latin1"), keep_blank_values=True))
        if "hub.verify_token" not in query:
            return 403, "This address is for Meta."
        app = await self._find(lambda keys: matching_token(keys, query))
        if app is None:
            raise TurnedAway(403, "The verify token is not one of ours.", Reason.WRONG_TOKEN)
        await _in_thread(note_handshake, app)
        return 200, challenge_for(query)

    # Keys -----------------------------------------------------------------------------------------------------------
    async def _find(self, match: Callable[[list[Key]], int | None]) -> int | None:
        """The app whose key fits. A key changed a moment ago is looked up before anybody is turned away."""
        app = match(self._keys) if self._is_fresh() else None
        if app is None:
            await self._read_keys()
            app = match(self._keys)
        return app

    def _is_fresh(self) -> bool:
        return time.monotonic() - self._keys_read_at < KEYS_KEPT_FOR

    async def _read_keys(self) -> None:
        # At most one look a second: forgeries must not become a load on the database.
        async with self._reading:
            if time.monotonic() - self._keys_read_at > 1.0:
                self._keys = await _in_thread(signing_keys)
                self._keys_read_at = time.monotonic()


async def _in_thread(function: Callable[..., Any], *arguments: Any) -> Any:
    def call() -> Any:
        close_old_connections()
        try:
            return function(*arguments)
        finally:
            close_old_connections()

    return await sync_to_async(call, thread_sensitive=True)()


async def _body(scope: Scope, receive: Receive) -> bytes:
    announced = _announced(scope)
    if announced > LARGEST_BODY:
        raise TurnedAway(413, "The body is too large.", Reason.TOO_LARGE, announced)
    body, more = bytearray(), True
    while more:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise TurnedAway(400, "The body did not arrive whole.", Reason.BROKEN_OFF, len(body))
        body += message.get("body", b"")
        if len(body) > LARGEST_BODY:
            raise TurnedAway(413, "The body is too large.", Reason.TOO_LARGE, len(body))
        more = message.get("more_body", False)
    return bytes(body)


def _announced(scope: Scope) -> int:
    length = _header(scope, b"content-length") or ""
    return int(length[:20]) if length.isascii() and length.isdigit() else 0


def _header(scope: Scope, name: bytes) -> str | None:
    return next((value.decode("latin1") for key, value in scope["headers"] if key.lower() == name), None)


def _is_json(body: bytes) -> bool:
    try:
        parse_json(body)
    except ValueError:
        return False
    return True


async def _send(send: Send, status: int, text: str) -> None:
    headers = [(b"content-type", b"text/plain; charset=utf-8"), (b"x-content-type-options", b"nosniff")]
    if status == 413:
        headers.append((b"connection", b"close"))  # nobody reads the rest
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": text.encode()})


webhook_door = WebhookDoor()
