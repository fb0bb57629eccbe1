"""Webhooks on their way. Rows first, network later, so that nothing undelivered is lost by a restart."""

import json
import threading
from collections.abc import Callable, Iterator
from itertools import groupby

from graph.simulator import webhooks
from graph.simulator.store import Row, Store
from graph.simulator.world import Account, App, World

Deliver = Callable[[str, bytes, dict[str, str]], int]

PAUSES = (0, 1, 2, 5, 10, 30, 60, 120, 300)
PATIENCE_MS = 3600 * 1000
COLLECTING = 0.5  # seconds for a batch to fill


class Outbox:
    def __init__(self, store: Store, world: World, now: Callable[[], float]) -> None:
        self.store, self.world, self.now = store, world, now
        self.wake = threading.Event()

    def add(self, account: Account, event: webhooks.Body, *, field: str, key: str, time_ms: int, delay: float = 0) -> list[int]:
        """Nothing is queued for an account that does not subscribe to the field."""
        if not account.hears(field):
            return []
        return [self.add_body(account, webhooks.envelope(account, event, time=time_ms, key=key), delay=delay)]

    def add_body(self, account: Account, body: webhooks.Body, *, delay: float = 0) -> int:
        due = self.now() + delay + (COLLECTING if self.world.app(account.app).waits else 0)
        values = {"app": account.app, "object": account.object, "account": account.id, "body": webhooks.wire(body)}
        row = self.store.insert("webhook", **values, attempts=0, due_at=due, delivered=0)
        self.wake.set()
        return row

    def waiting(self) -> list[Row]:
        return self.store.rows("SELECT * FROM webhook WHERE NOT delivered ORDER BY id")

    def due(self) -> list[Row]:
        return self.store.rows("SELECT * FROM webhook WHERE NOT delivered AND due_at <= ? ORDER BY due_at, id LIMIT 1000", self.now())

    def still_waits(self, batch: list[Row]) -> bool:
        return bool(self.store.rows("SELECT 1 FROM webhook WHERE id = ? AND NOT delivered", batch[0]["id"]))

    def seconds_to_next(self) -> float:
        row = self.store.row("SELECT min(due_at) AS due_at FROM webhook WHERE NOT delivered")
        return max(0.0, row["due_at"] - self.now()) if row and row["due_at"] is not None else 60.0

    def hurry(self) -> None:
        """After a restart, and for a new callback, the pauses start again."""
        self.store.run("UPDATE webhook SET due_at = ?, attempts = 0 WHERE NOT delivered", self.now())
        self.store.run("UPDATE account SET failing_since = NULL")
        self.wake.set()

    def batches(self, rows: list[Row]) -> Iterator[list[Row]]:
        """What goes into one request: as many as the app asks for, of one object; the newest first where it wants disorder."""
        for app_id, of_app in groupby(sorted(rows, key=lambda row: (row["app"], row["object"], row["id"])), lambda row: row["app"]):
            app, listed = self.world.app(app_id), list(of_app)
            yield from _chunks(listed[::-1] if app.disorder else listed, app.batch)

    def deliver(self, batch: list[Row], deliver: Deliver) -> int:
        """How many were taken: all or none."""
        app, body = self.world.app(batch[0]["app"]), _body(batch)
        url = self.callback_url(app.id, batch[0]["object"])
        status = deliver(url, body, self._headers(app, body))
        for _ in range(app.duplicates):
            deliver(url, body, self._headers(app, body))
        self._record(batch, status)
        for account_id in {row["account"] for row in batch} if url else ():
            self._judge(account_id, status)
        return len(batch) if status == 200 else 0

    def callback_url(self, app_id: str, object_name: str) -> str:
        row = self.store.row("SELECT callback_url FROM subscription WHERE app = ? AND object = ?", app_id, object_name)
        return str(row["callback_url"]) if row else self.world.app(app_id).callback_url

    def _headers(self, app: App, body: bytes) -> dict[str, str]:
        """The next so many requests carry a signature by somebody else, where the app asks for that."""
        sql = "UPDATE app SET wrong_signature = wrong_signature - 1 WHERE id = ? AND wrong_signature > 0"
        wrong = self.store.run(sql, app.id)
        return webhooks.headers("somebody-else" if wrong else app.secret, body)

    def _record(self, batch: list[Row], status: int) -> None:
        for row in batch:
            pause = PAUSES[min(row["attempts"] + 1, len(PAUSES) - 1)]
            sql = "UPDATE webhook SET attempts = attempts + 1, status = ?, delivered = ?, due_at = ? WHERE id = ?"
            self.store.run(sql, status, status == 200, self.now() + pause, row["id"])

    def _judge(self, account_id: str, status: int) -> None:
        """Meta, Webhooks for Messenger: after an hour of failures the app is unsubscribed for that account."""
        if status == 200:
            self.store.run("UPDATE account SET failing_since = NULL WHERE id = ? AND failing_since IS NOT NULL", account_id)
            return
        now = int(self.now() * 1000)
        self.store.run("UPDATE account SET failing_since = ifnull(failing_since, ?) WHERE id = ?", now, account_id)
        if self.store.row("SELECT 1 FROM account WHERE id = ? AND ? - failing_since >= ?", account_id, now, PATIENCE_MS):
            self.disable(account_id, now)

    def disable(self, account_id: str, now: int) -> None:
        """What was not taken by then is lost."""
        with self.store.transaction():
            self.store.run("UPDATE account SET fields = '', disabled_at = ?, failing_since = NULL WHERE id = ?", now, account_id)
            self.store.run("DELETE FROM webhook WHERE account = ? AND NOT delivered", account_id)


def _chunks(rows: list[Row], size: int) -> Iterator[list[Row]]:
    """The bare form of the test button has no entries and travels alone."""
    for (_, whole), group in groupby(rows, lambda row: (row["object"], row["body"].startswith(b'{"object"'))):
        listed, step = list(group), size if whole else 1
        yield from (listed[start : start + step] for start in range(0, len(listed), step))


def _body(batch: list[Row]) -> bytes:
    if len(batch) == 1:
        return bytes(batch[0]["body"])
    return webhooks.wire(webhooks.merged([json.loads(row["body"]) for row in batch]))
