"""Routes each request to one of the four doors by its path."""

from starlette.types import ASGIApp, Receive, Scope, Send


class Doors:
    """An ASGI application made of four.

    Args:
        webhooks: takes what Meta sends.
        events: the server-sent events of the console.
        mcp: the MCP server; the only one with something to start and stop, so the lifespan is its own.
        pages: everything else.
    """

    def __init__(self, *, webhooks: ASGIApp, events: ASGIApp, mcp: ASGIApp, pages: ASGIApp) -> None:
        self._mcp, self._pages = mcp, pages
        self._by_path = {"/webhooks/meta/": webhooks, "/events": events, "/mcp": mcp}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await self._mcp(scope, receive, send)
        elif scope["type"] == "http":
            await self._by_path.get(scope["path"], self._pages)(scope, receive, send)
        else:
            await _refuse(receive, send)


async def _refuse(receive: Receive, send: Send) -> None:
    """Nothing here speaks WebSocket."""
    await receive()
    await send({"type": "websocket.close", "code": 1000})
