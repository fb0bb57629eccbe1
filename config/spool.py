"""Receives each body whole before Django sees the request, so that a slow upload never occupies one of Django's threads."""

from tempfile import SpooledTemporaryFile

from starlette.types import ASGIApp, Message, Receive, Scope, Send

IN_MEMORY = 1_000_000
CHUNK = 64 * 1024


class TooLarge(Exception):
    """The body is larger than we take."""


class Gone(Exception):
    """The browser went away before its body was whole."""


class Spool:
    """Stands before an application that reads its body in a thread.

    Args:
        app: gets a request whose body is here already.
        max_bytes: a larger body is answered 413.
    """

    def __init__(self, app: ASGIApp, *, max_bytes: int) -> None:
        self._app = app
        self._max_bytes = max_bytes

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        with SpooledTemporaryFile(max_size=IN_MEMORY) as body:
            try:
                size = await self._receive_whole(scope, receive, body)
            except TooLarge:
                await _refuse(send)
            except Gone:
                return
            else:
                await self._app(_with_length(scope, size), _Replay(body, receive), send)

    async def _receive_whole(self, scope: Scope, receive: Receive, body: "SpooledTemporaryFile[bytes]") -> int:
        if _announced(scope) > self._max_bytes:
            raise TooLarge
        size, more = 0, True
        while more:
            message = await receive()
            if message["type"] == "http.disconnect":
                raise Gone
            size += body.write(message.get("body", b""))
            if size > self._max_bytes:
                raise TooLarge
            more = message.get("more_body", False)
        body.seek(0)
        return size


class _Replay:
    """The `receive` of the application: the kept body, then whatever the server has to say."""

    def __init__(self, body: "SpooledTemporaryFile[bytes]", receive: Receive) -> None:
        self._body, self._receive, self._over = body, receive, False

    async def __call__(self) -> Message:
        if self._over:
            return await self._receive()
        chunk = self._body.read(CHUNK)
        self._over = len(chunk) < CHUNK
        return {"type": "http.request", "body": chunk, "more_body": not self._over}


def _announced(scope: Scope) -> int:
    length = next((value for name, value in scope["headers"] if name == b"content-length"), b"0")
    return int(length) if length.isdigit() else 0


def _with_length(scope: Scope, size: int) -> Scope:
    """The same request with the true length, which WSGI needs where the body came in chunks.

    Names with an underscore go: WSGI cannot tell `X_Forwarded_Proto` from the header that our proxy sets.
    """
    dropped = (b"content-length", b"transfer-encoding")
    headers = [(name, value) for name, value in scope["headers"] if name not in dropped and b"_" not in name]
    if size:
        headers.append((b"content-length", str(size).encode()))
    return {**scope, "headers": headers}


async def _refuse(send: Send) -> None:
    headers = [(b"content-type", b"text/plain; charset=utf-8"), (b"connection", b"close")]
    await send({"type": "http.response.start", "status": 413, "headers": headers})
    await send({"type": "http.response.body", "body": b"This is larger than Countersign takes."})
