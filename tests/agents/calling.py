"""Calls the MCP server as an agent does: through the SDK's own client, in memory or over HTTP, in both eras of the protocol."""

import json
from collections.abc import Awaitable, Callable
from typing import Any

import httpx2
from asgiref.sync import async_to_sync
from mcp.client import Client
from mcp.client.streamable_http import streamable_http_client
from mcp_types import CallToolResult

from agents.models import AgentKey
from agents.server.app import build_app
from agents.server.identity import acting_by
from agents.server.native import build_server
from core.clock import now

ERAS = ("legacy", "auto")


def as_agent(key: str, talk: Callable[[Client], Awaitable[Any]], era: str = "auto") -> Any:
    """What `talk` returns, with a client in memory whose calls are made by this key."""

    async def scenario() -> Any:
        async with Client(build_server(auth=False), mode=era) as client:
            return await talk(client)

    found = AgentKey.find(key, at=now())
    assert found
    with acting_by(found):
        return async_to_sync(scenario)()


def call(key: str, tool: str, arguments: dict[str, Any] | None = None, era: str = "auto") -> CallToolResult:
    """One call of one tool, in memory."""

    async def talk(client: Client) -> CallToolResult:
        return await client.call_tool(tool, arguments or {})

    return as_agent(key, talk, era)


def answer(key: str, tool: str, **arguments: Any) -> dict[str, Any]:
    """The structured answer of a call that must succeed."""
    result = call(key, tool, arguments)
    assert not result.is_error, text_of(result)
    return result.structured_content


def refusal(key: str, tool: str, **arguments: Any) -> dict[str, Any]:
    """The JSON of a call that must be refused; its text begins with the code."""
    result = call(key, tool, arguments)
    assert result.is_error, text_of(result)
    sentence, body = text_of(result).split("\n", 1)
    found = json.loads(body)
    assert sentence == f"{found['code']}: {found['message']}"
    return found


def text_of(result: CallToolResult) -> str:
    return result.content[0].text


def over_http(talk: Callable[[Client], Awaitable[Any]], *, headers: dict[str, str], era: str = "auto", host: str = "testserver") -> Any:
    """What `talk` returns, through the real door: HTTP, bearer key, Host check."""

    async def scenario() -> Any:
        app = build_app()
        async with (
            app.router.lifespan_context(app),
            _browser(app, headers, host) as browser,
            Client(streamable_http_client(f"http://{host}/mcp", http_client=browser), mode=era) as client,
        ):
            return await talk(client)

    return async_to_sync(scenario)()


def post(body: dict[str, Any], *, headers: dict[str, str], host: str = "testserver") -> httpx2.Response:
    """One bare POST to the door."""

    async def scenario() -> httpx2.Response:
        app = build_app()
        async with app.router.lifespan_context(app), _browser(app, {"accept": "application/json, text/event-stream", **headers}, host) as browser:
            return await browser.post(f"http://{host}/mcp", json=body)

    return async_to_sync(scenario)()


def bearer(key: str) -> dict[str, str]:
    return {"authorization": f"Bearer {key}"}


def _browser(app: Any, headers: dict[str, str], host: str) -> httpx2.AsyncClient:
    return httpx2.AsyncClient(transport=httpx2.ASGITransport(app=app), headers=headers, base_url=f"http://{host}")
