"""The raw ASGI door for Meta's webhooks: size, signature, durable, 200. Understanding comes later.

Meta wants 200 within five seconds, repeats what got anything else, and after an hour of failures stops sending
(Meta, Messenger Platform webhooks, "Webhook notifications").
"""

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any
from urllib.parse import parse_qsl

from asgiref.sync import sync_to_async
from django.db import close_old_connections

from core.clock import now
from graph.readers import parse_json
from inbox.webhooks.batch import Batcher
from inbox.webhooks.store import Arrival, answer_handshake, matching_app, signing_secrets

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]

logger = logging.getLogger("countersign.webhooks")
LARGEST_BODY = 4 * 1024 * 1024
SECRETS_KEPT_FOR = 5.0


class TooLarge(Exception):
    """The body is larger than any that Meta sends."""


class Gone(Exception):
    """The caller went away before the body was whole."""


class WebhookDoor:
    """An ASGI application for one address. One instance a process: it owns the batch and a short memory of the secrets."""

    def __init__(self) -> None:
        self._batcher = Batcher()
        self._secrets: list[tuple[int, str]] = []
        self._secrets_read_at = -SECRETS_KEPT_FOR
        self._reading = asyncio.Lock()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["method"] == "POST":
            await _answer(send, *await self._delivery(scope, receive))
        elif scope["method"] == "GET":
            await _answer(send, *await _handshake(scope))
        else:
            await _answer(send, 405, "Meta uses GET and POST here.")

    async def _delivery(self, scope: Scope, receive: Receive) -> tuple[int, str]:
        try:
            body = await _body(receive)
        except TooLarge:
            return 413, "The body is too large."
        except Gone:
            return 400, "The body did not arrive whole."
        app = await self._signer(body, _header(scope, b"x-hub-signature-256"))
        if app is None:
            logger.warning("A webhook with a missing or wrong signature was refused (%d bytes).", len(body))
            return 401, "The signature is not one of ours."
        if not _is_json(body):
            return 400, "The body is not JSON."
        return await self._store(Arrival(body, app, now()))

    async def _store(self, arrival: Arrival) -> tuple[int, str]:
        try:
            await self._batcher.add(arrival)
        except Exception:  # already logged with its cause; Meta repeats what got a 500
            return 500, "The body could not be stored."
        return 200, "EVENT_RECEIVED"

    async def _signer(self, body: bytes, signature: str | None) -> int | None:
        """The app that signed. A secret changed a moment ago is looked up before anybody is turned away."""
        app = matching_app(self._secrets, body, signature) if self._is_fresh() else None
        if app is None and signature:
            await self._read_secrets()
            app = matching_app(self._secrets, body, signature)
        return app

    def _is_fresh(self) -> bool:
        return time.monotonic() - self._secrets_read_at < SECRETS_KEPT_FOR

    async def _read_secrets(self) -> None:
        # At most one look a second: forged signatures must not become a load on the database.
        async with self._reading:
            if time.monotonic() - self._secrets_read_at > 1.0:
                self._secrets = await _in_thread(signing_secrets)
                self._secrets_read_at = time.monotonic()


async def _in_thread(function: Callable[..., Any], *arguments: Any) -> Any:
    def call() -> Any:
        close_old_connections()
        try:
            return function(*arguments)
        finally:
            close_old_connections()

    return await sync_to_async(call, thread_sensitive=True)()


async def _handshake(scope: Scope) -> tuple[int, str]:
    query = dict(parse_qsl(scope["query_string"].decode("latin1"), keep_blank_values=True))
    challenge = await _in_thread(answer_handshake, query)
    return (403, "The verify token is not one of ours.") if challenge is None else (200, challenge)


async def _body(receive: Receive) -> bytes:
    body, more = bytearray(), True
    while more:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise Gone
        body += message.get("body", b"")
        if len(body) > LARGEST_BODY:
            raise TooLarge
        more = message.get("more_body", False)
    return bytes(body)


def _header(scope: Scope, name: bytes) -> str | None:
    return next((value.decode("latin1") for key, value in scope["headers"] if key.lower() == name), None)


def _is_json(body: bytes) -> bool:
    try:
        parse_json(body)
    except ValueError:
        return False
    return True


async def _answer(send: Send, status: int, text: str) -> None:
    headers = [(b"content-type", b"text/plain; charset=utf-8"), (b"x-content-type-options", b"nosniff")]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": text.encode()})


webhook_door = WebhookDoor()
