"""Webhooks a second through the door, against one plain durable commit a body."""

import asyncio
import hashlib
import json
import time

from benchmarks.stage import SECRET, set_up  # first: it prepares Django

from core.clock import now
from graph.signatures import sign
from inbox.models import WebhookDelivery
from inbox.webhooks.door import WebhookDoor

BODIES, TOGETHER = 3000, 32


def main() -> None:
    set_up()
    floor = _per_second(_plain)
    door = _per_second(lambda: asyncio.run(_through_the_door()))
    assert WebhookDelivery.objects.count() >= 2 * BODIES
    print(json.dumps({"benchmark": "webhook_door", "door_per_s": round(door), "floor_per_s": round(floor), "ratio": round(door / floor, 2)}))


def _per_second(run) -> float:
    start = time.perf_counter()
    run()
    return BODIES / (time.perf_counter() - start)


def _body(kind: str, number: int) -> bytes:
    return json.dumps({"object": "page", "entry": [], "padding": "x" * 560, "n": f"{kind}{number}"}).encode()


def _plain() -> None:
    app = WebhookDelivery.objects.get().meta_app
    for number in range(BODIES):
        body = _body("floor", number)
        WebhookDelivery.objects.create(received_at=now(), meta_app=app, body=body, digest=hashlib.sha256(body).hexdigest())


async def _through_the_door() -> None:
    door, numbers = WebhookDoor(), iter(range(BODIES))

    async def caller() -> None:
        for number in numbers:
            assert await _post(door, _body("door", number)) == 200

    await asyncio.gather(*[caller() for _ in range(TOGETHER)])


async def _post(door: WebhookDoor, body: bytes) -> int:
    statuses: list[int] = []

    async def receive():
        return {"type": "http.request", "body": body, "more_body": False}

    async def send(message):
        statuses.append(message.get("status", 0))

    scope = {"type": "http", "method": "POST", "query_string": b"", "headers": [(b"x-hub-signature-256", sign(SECRET, body).encode())]}
    await door(scope, receive, send)
    return statuses[0]


if __name__ == "__main__":
    main()
