"""Four doors, told apart by path."""

import asyncio

import pytest

from config.doors import Doors
from tests.config.asgi import Call


def named(name):
    async def app(scope, receive, send):
        if scope["type"] == "lifespan":
            await send({"type": f"lifespan of {name}"})
            return
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": name.encode()})

    return app


DOORS = Doors(webhooks=named("webhooks"), events=named("events"), mcp=named("mcp"), pages=named("pages"))


@pytest.mark.parametrize(
    ("path", "door"),
    [
        ("/webhooks/meta/", b"webhooks"),
        ("/events", b"events"),
        ("/mcp", b"mcp"),
        ("/", b"pages"),
        ("/webhooks/meta", b"pages"),
        ("/webhooks/meta/x", b"pages"),
        ("/events/", b"pages"),
        ("/mcp/", b"pages"),
        ("//mcp", b"pages"),
        ("/conversations/", b"pages"),
    ],
)
def test_each_path_has_its_door(path, door):
    async def story():
        return (await Call(DOORS, path).answer())[2]

    assert asyncio.run(story()) == door


def test_the_lifespan_is_that_of_mcp():
    async def story():
        said = []
        await DOORS({"type": "lifespan"}, None, lambda message: _keep(said, message))
        return said

    assert asyncio.run(story()) == [{"type": "lifespan of mcp"}]


def test_a_websocket_is_refused():
    async def story():
        said = []

        async def receive():
            return {"type": "websocket.connect"}

        await DOORS({"type": "websocket", "path": "/mcp"}, receive, lambda message: _keep(said, message))
        return said

    assert asyncio.run(story()) == [{"type": "websocket.close", "code": 1000}]


async def _keep(said, message):
    said.append(message)
