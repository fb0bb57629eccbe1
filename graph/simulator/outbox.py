"""Webhooks on their way. Rows first, network later, so that nothing undelivered is lost by a restart."""

import threading
import time
from collections.abc import Callable

from graph.simulator import webhooks
from graph.simulator.store import Row, Store
from graph.simulator.world import Account, World

Deliver = Callable[[str, bytes, dict[str, str]], int]

PAUSES = (0, 1, 2, 5, 10, 30, 60)


class Outbox:
    def __init__(self, store: Store, world: World) -> None:
        self.store = store
        self.world = world
        self.wake = threading.Event()

    def add(self, account: Account, event: webhooks.Event, *, field: str, time_ms: int, delay: float = 0) -> list[int]:
        """Nothing is queued for an account that does not subscribe to the field."""
        if not account.hears(field):
            return []
        body = webhooks.wire(webhooks.envelope(account, event, time=time_ms))
        row = self.store.insert(
            "webhook",
            app=account.app,
            object=account.object,
            body=body,
            attempts=0,
            due_at=time.time() + delay,
            delivered=0,
        )
        self.wake.set()
        return [row]

    def waiting(self) -> list[Row]:
        return self.store.rows("SELECT * FROM webhook WHERE NOT delivered ORDER BY id")

    def next_due(self, now: float) -> Row | None:
        return self.store.row(
            "SELECT * FROM webhook WHERE NOT delivered AND due_at <= ? ORDER BY due_at, id LIMIT 1", now
        )

    def seconds_to_next(self, now: float) -> float:
        row = self.store.row("SELECT min(due_at) AS due_at FROM webhook WHERE NOT delivered")
        return max(0.0, row["due_at"] - now) if row and row["due_at"] is not None else 60.0

    def hurry(self) -> None:
        """After a restart the pauses start again."""
        self.store.run("UPDATE webhook SET due_at = ?, attempts = 0 WHERE NOT delivered", time.time())

    def deliver(self, row: Row, deliver: Deliver) -> bool:
        status = deliver(self.callback_url(row["app"], row["object"]), row["body"], self._headers(row))
        self.record(row, status)
        return status == 200

    def record(self, row: Row, status: int) -> None:
        pause = PAUSES[min(row["attempts"] + 1, len(PAUSES) - 1)]
        self.store.run(
            "UPDATE webhook SET attempts = attempts + 1, status = ?, delivered = ?, due_at = ? WHERE id = ?",
            status,
            status == 200,
            time.time() + pause,
            row["id"],
        )

    def callback_url(self, app_id: str, object_name: str) -> str:
        row = self.store.row("SELECT callback_url FROM subscription WHERE app = ? AND object = ?", app_id, object_name)
        return str(row["callback_url"]) if row else self.world.app(app_id).callback_url

    def _headers(self, row: Row) -> dict[str, str]:
        return webhooks.headers(self.world.app(row["app"]).secret, row["body"])
