"""What every part of the simulator stands on: its memory, its clock, its messages, and how events leave it."""

import json
import time
from collections.abc import Callable
from typing import Any

from graph.simulator import events, ids, messages, webhooks
from graph.simulator.faults import Faults
from graph.simulator.media import Shelf
from graph.simulator.outbox import Deliver, Outbox
from graph.simulator.rates import Rates
from graph.simulator.store import Row, Store
from graph.simulator.world import Account, Contact, World

Fetch = Callable[[str], tuple[int, bytes]]
Post = Callable[[str, bytes, dict[str, str]], tuple[int, bytes]]

AFTER_THE_ANSWER = 0.25
LATE = 5.0
LEFT_TO_US = 10.0  # the courier keeps off an echo that is being delivered before the answer


class Core:
    def __init__(
        self,
        state: str = ":memory:",
        clock: Callable[[], float] = time.time,
        deliver: Deliver | None = None,
        *,
        fetch: Fetch | None = None,
        post: Post | None = None,
        public_url: str = "http://127.0.0.1:8900",
        background: bool = False,
        hosts: tuple[str, ...] = (),
    ) -> None:
        """Without a background courier, webhooks of contacts are delivered at once and those of sends on `settle()`."""
        self.store = Store(state)
        self.world = World(self.store)
        self.faults = Faults(self.store)
        self.outbox = Outbox(self.store, self.world, self.now)
        self.shelf = Shelf(self.store, public_url)
        self.rates = Rates()
        self.clock, self.deliver, self.background, self.hosts = clock, deliver, background, hosts
        self.picture_url = self.shelf.sample_url("image")
        self._fetch, self._post = fetch, post

    def fetch(self, url: str) -> tuple[int, bytes]:
        """As Meta fetches a URL. Its own files need no network, and unit tests have none."""
        own = self.shelf.own_content(url, now=self.now_ms())
        if own is not None:
            return 200, own
        return self._fetch(url) if self._fetch else (404, b"")

    def post(self, url: str, body: bytes, headers: dict[str, str]) -> tuple[int, bytes]:
        """A form to a product, where the answer counts; without a `post` of its own through `deliver`."""
        if self._post:
            return self._post(url, body, headers)
        return (self.deliver(url, body, headers), b"") if self.deliver else (0, b"")

    # Time

    def advance(self, seconds: float) -> float:
        with self.store.transaction():
            offset = self.offset() + seconds
            self.store.insert("setting", name="offset", value=repr(offset))
        self.outbox.wake.set()
        return self.now()

    def offset(self) -> float:
        return float(self.store.setting("offset", "0"))

    def now(self) -> float:
        return self.clock() + self.offset()

    def now_ms(self) -> int:
        return int(self.now() * 1000)

    # Messages

    def add_message(self, account: Account, contact: str, *, direction: str, at: float | None = None, **values: Any) -> Row:
        """Within a conversation no two messages carry the same time, unless the caller names one."""
        with self.store.transaction():
            mid = ids.message_id(account.network)
            when = self._next_ms(contact) if at is None else round(at * 1000)
            values = values | {"mid": mid, "account": account.id, "contact": contact, "direction": direction, "at": when}
            self.store.insert("message", **values)
            return self.world.message(mid)

    def has_written(self, contact: str) -> bool:
        return bool(self.store.rows("SELECT 1 FROM message WHERE contact = ? LIMIT 1", contact))

    def last_at(self, contact: str) -> int:
        row = self.store.row("SELECT max(at) AS at FROM message WHERE contact = ?", contact)
        return int(row["at"] or 0) if row else 0

    def messages(self, account: str | None = None, contact: str | None = None, direction: str | None = None) -> list[dict[str, Any]]:
        """Oldest first. `in` is what a contact wrote, `out` what reached the contact."""
        wanted = {"account": account, "contact": contact, "direction": direction}
        given = {column: value for column, value in wanted.items() if value is not None}
        where = " AND ".join(f"{column} = ?" for column in given) or "1"
        rows = self.store.rows(f"SELECT * FROM message WHERE {where} ORDER BY number", *given.values())  # noqa: S608
        return [messages.shown(self.shelf, row) for row in rows]

    # Webhooks

    def announce(self, account: str | Account, event: events.Event, *, field: str = "messages", key: str = "messaging") -> None:
        """Posts one event now. Also for tests that need a shape of their own."""
        account = self.world.account(account) if isinstance(account, str) else account
        self._leave(account, self.outbox.add(account, event, field=field, key=key, time_ms=self.now_ms()))

    def announce_change(self, account: Account, field: str, value: dict[str, Any]) -> None:
        """Comments, mentions and the like are no conversation."""
        self.announce(account, {"field": field, "value": value}, field=field, key="changes")

    def tell(self, account: Account, contact: str, event: events.Event, *, field: str, standby: bool = False) -> None:
        """An event of a contact. It comes under `standby` while another app controls the conversation."""
        holder = self._contact(account, contact).held_by(now=self.now_ms())
        if standby or holder not in ("", account.app):
            self.announce(account, events.in_standby(event), field="standby", key="standby")
        else:
            self.announce(account, event, field=field)

    def announce_send(self, account: Account, event: events.Event, *, field: str, times: int) -> None:
        """Echoes wait until the answer has gone out, unless the account's echo is `before`; a `late` one some seconds longer."""
        first = account.echo == "before"
        delay = {"before": LEFT_TO_US, "late": LATE}.get(account.echo, AFTER_THE_ANSWER)
        for _ in range(times):
            rows = self.outbox.add(account, event, field=field, key="messaging", time_ms=self.now_ms(), delay=delay)
            self._deliver_rows(rows if first else [])

    def post_as(self, account: Account, body: webhooks.Body) -> None:
        """A whole body, whatever the account subscribes to."""
        self._leave(account, [self.outbox.add_body(account, body)])

    def settle(self) -> int:
        """Delivers everything that waits, once, due or not. Returns how many were taken."""
        deliver = self.deliver
        if deliver is None:
            return 0
        return sum(self.outbox.deliver(batch, deliver) for batch in self.outbox.batches(self.outbox.waiting()))

    def webhooks(self) -> list[dict[str, Any]]:
        """Every webhook in order, with its parsed body."""
        rows = self.store.rows("SELECT * FROM webhook ORDER BY id")
        return [
            {name: row[name] for name in ("app", "object", "attempts", "status")}
            | {"body": json.loads(row["body"]), "delivered": bool(row["delivered"])}
            for row in rows
        ]

    def _leave(self, account: Account, rows: list[int]) -> None:
        """What is to be batched or put out of order waits for others, until `settle()`."""
        if not (self.background or self.world.app(account.app).waits):
            self._deliver_rows(rows)

    def _deliver_rows(self, rows: list[int]) -> None:
        if self.deliver is None:
            return
        for number in rows:
            row = self.store.row("SELECT * FROM webhook WHERE id = ? AND NOT delivered", number)
            if row:
                self.outbox.deliver([row], self.deliver)

    def _contact(self, account: Account, contact: str) -> Contact:
        return self.world.contact(contact, account=account.id)

    def _next_ms(self, contact: str) -> int:
        return max(self.now_ms(), self.last_at(contact) + 1)
