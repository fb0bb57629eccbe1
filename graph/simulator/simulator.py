"""The simulator itself: `handle` answers as Meta would, the other verbs let a test be everybody else."""

import json
import time
from collections.abc import Callable
from typing import Any

import httpx

from graph.simulator import control, handle, ids, people, worldfile
from graph.simulator.call import is_graph
from graph.simulator.faults import Faults
from graph.simulator.media import Shelf
from graph.simulator.outbox import Deliver, Outbox
from graph.simulator.sends import AFTER_THE_ANSWER
from graph.simulator.store import Row, Store
from graph.simulator.webhooks import Event
from graph.simulator.world import Account, World

Fetch = Callable[[str], tuple[int, bytes]]

ECHOES = ("after", "before", "never", "twice")
WITH_MEDIA = "SELECT m.*, media.sha256, media.mime FROM message m LEFT JOIN media ON media.id = m.media"
LEFT_TO_US = 10.0  # the courier keeps off an echo that is being delivered before the answer
SHOWN = (
    "mid",
    "account",
    "contact",
    "direction",
    "kind",
    "text",
    "url",
    "title",
    "subtitle",
    "image_url",
    "button",
    "metadata",
    "tag",
    "reply_to",
    "sent_by",
    "at",
)


class Simulator:
    """Without a background courier, webhooks of contacts are delivered at once and those of sends on `settle()`."""

    def __init__(
        self,
        state: str = ":memory:",
        clock: Callable[[], float] = time.time,
        deliver: Deliver | None = None,
        *,
        fetch: Fetch | None = None,
        public_url: str = "http://127.0.0.1:8900",
        background: bool = False,
        hosts: tuple[str, ...] = (),
    ) -> None:
        self.store = Store(state)
        self.world = World(self.store)
        self.faults = Faults(self.store)
        self.outbox = Outbox(self.store, self.world)
        self.shelf = Shelf(self.store, public_url)
        self.clock, self.deliver, self.background, self.hosts = clock, deliver, background, hosts
        self.picture_url = f"{public_url}/sim/picture.png"
        self._fetch = fetch

    # Answering as Meta

    def handle(self, request: httpx.Request) -> httpx.Response:
        """A response whose extensions may say `drop` (before, after) or `delay` (seconds): the caller enacts them."""
        if not is_graph(request):
            return control.handle(self, request)
        response = handle.handle(self, request)
        status = 0 if "drop" in response.extensions else response.status_code
        self.store.insert("request", method=request.method, path=request.url.path, status=status, at=self.now_ms())
        return response

    def fetch(self, url: str) -> tuple[int, bytes]:
        """As Meta fetches a URL. Its own pictures need no network, and unit tests have none."""
        own = self.shelf.own_content(url)
        if own is not None:
            return 200, own
        return self._fetch(url) if self._fetch else (404, b"")

    # The world

    def add_app(
        self, id: str, secret: str, verify_token: str, callback_url: str = "", *, require_proof: bool = False
    ) -> None:
        self.world.add_app(id, secret, verify_token, callback_url, require_proof=require_proof)

    def add_account(
        self,
        network: str,
        id: str,
        name: str,
        username: str = "",
        *,
        token: str,
        app: str,
        login: str = "facebook",
        page_id: str | None = None,
        human_agent: bool = False,
        echo: str = "after",
    ) -> None:
        if network not in ("messenger", "instagram") or login not in ("facebook", "instagram") or echo not in ECHOES:
            raise ValueError("An account needs a known network, login and echo.")
        if (network == "instagram" and login == "facebook") != bool(page_id):
            raise ValueError("An Instagram account behind a Page, and only that, has a page_id.")
        self.world.add_account(
            network=network,
            id=id,
            name=name,
            username=username,
            token=token,
            app=app,
            login=login,
            page_id=page_id or "",
            human_agent=human_agent,
            echo=echo,
        )

    def add_contact(
        self, account: str, name: str, username: str = "", id: str | None = None, *, profile: bool = True
    ) -> str:
        return self.world.add_contact(account, name, username=username, id=id, profile=profile)

    def set_echo(self, account: str, echo: str) -> None:
        if echo not in ECHOES:
            raise ValueError(f"An echo comes {', '.join(ECHOES)}.")
        self.world.set_account(account, "echo", echo)

    def load(self, world: dict[str, Any]) -> None:
        worldfile.load(self, world)

    def reset(self) -> None:
        self.store.empty()

    def close(self) -> None:
        self.store.close()

    # What contacts and colleagues do

    def write(
        self,
        account: str,
        contact: str,
        text: str = "",
        image_url: str = "",
        image: bytes | None = None,
        *,
        reply_to: str = "",
    ) -> str:
        return people.write(
            self, self._met(account, contact), contact, text=text, image_url=image_url, image=image, reply_to=reply_to
        )

    def react(self, account: str, contact: str, mid: str, emoji: str = "\u2764\ufe0f", reaction: str = "love") -> None:
        people.react(self, self._met(account, contact), contact, mid, emoji=emoji, name=reaction)

    def unreact(self, account: str, contact: str, mid: str) -> None:
        people.react(self, self._met(account, contact), contact, mid, emoji="", name="")

    def unsend(self, account: str, contact: str, mid: str) -> None:
        people.unsend(self, self._met(account, contact), contact, mid)

    def tap(self, account: str, contact: str, title: str = "Get started", payload: str = "GET_STARTED") -> str:
        return people.tap(self, self._met(account, contact), contact, title=title, payload=payload)

    def see(self, account: str, contact: str) -> None:
        people.see(self, self._met(account, contact), contact)

    def answer_elsewhere(self, account: str, contact: str, text: str) -> str:
        return people.answer_elsewhere(self, self._met(account, contact), contact, text=text)

    # Trouble and time

    def fault(
        self,
        kind: str,
        *,
        route: str = "messages",
        account: str | None = None,
        times: int | None = 1,
        seconds: float = 35.0,
        subcode: int | None = None,
    ) -> int:
        """`times=None` lasts until `clear_faults()`; `route="*"` is every route."""
        return self.faults.add(kind, route=route, account=account, times=times, seconds=seconds, subcode=subcode)

    def clear_faults(self) -> None:
        self.faults.clear()

    def advance(self, seconds: float) -> float:
        with self.store.transaction():
            offset = self.offset() + seconds
            self.store.insert("setting", name="offset", value=repr(offset))
        return self.now()

    def offset(self) -> float:
        return float(self.store.setting("offset", "0"))

    def now(self) -> float:
        return self.clock() + self.offset()

    def now_ms(self) -> int:
        return int(self.now() * 1000)

    # What was seen

    def messages(
        self, account: str | None = None, contact: str | None = None, direction: str | None = None
    ) -> list[dict[str, Any]]:
        """Oldest first. `in` is what a contact wrote, `out` what reached the contact."""
        wanted = {"account": account, "contact": contact, "direction": direction}
        given = {column: value for column, value in wanted.items() if value is not None}
        where = " AND ".join(f"m.{column} = ?" for column in given) or "1"
        sql = f"{WITH_MEDIA} WHERE {where} ORDER BY m.number"
        rows = self.store.rows(sql, *given.values())
        return [self._shown(row) for row in rows]

    def requests(self) -> list[dict[str, Any]]:
        """Every Graph request in order; status 0 where the connection was dropped. Paths only, so no tokens."""
        return self.store.rows("SELECT method, path, status, at FROM request ORDER BY id")

    def webhooks(self) -> list[dict[str, Any]]:
        """Every webhook in order, with its parsed body."""
        rows = self.store.rows("SELECT * FROM webhook ORDER BY id")
        return [
            {
                "app": row["app"],
                "object": row["object"],
                "body": json.loads(row["body"]),
                "attempts": row["attempts"],
                "delivered": bool(row["delivered"]),
                "status": row["status"],
            }
            for row in rows
        ]

    # Webhooks

    def announce(self, account: str | Account, event: Event, *, field: str = "messages") -> None:
        """Posts one event now. Also for tests that need a shape of their own."""
        account = self.world.account(account) if isinstance(account, str) else account
        rows = self.outbox.add(account, event, field=field, time_ms=self.now_ms())
        if not self.background:
            self._deliver(rows)

    def announce_send(self, account: Account, event: Event, *, field: str, times: int) -> None:
        """Echoes wait until the answer has gone out, unless the account's echo is `before`."""
        first = account.echo == "before"
        delay = LEFT_TO_US if first else AFTER_THE_ANSWER
        for _ in range(times):
            rows = self.outbox.add(account, event, field=field, time_ms=self.now_ms(), delay=delay)
            self._deliver(rows if first else [])

    def settle(self) -> int:
        """Delivers everything that waits, once, due or not. Returns how many were taken."""
        waiting = self.outbox.waiting()
        deliver = self.deliver
        return sum(self.outbox.deliver(row, deliver) for row in waiting) if deliver else 0

    def add_message(self, account: Account, contact: str, *, direction: str, **values: Any) -> Row:
        """Within a conversation no two messages carry the same time."""
        with self.store.transaction():
            last = self.store.row("SELECT max(at) AS at FROM message WHERE contact = ?", contact)
            at = max(self.now_ms(), (last["at"] or 0) + 1 if last else 0)
            mid = ids.message_id(account.network)
            values = values | {"mid": mid, "account": account.id, "contact": contact, "direction": direction, "at": at}
            self.store.insert("message", **values)
            return self.world.message(mid)

    def _deliver(self, rows: list[int]) -> None:
        if self.deliver is None:
            return
        for number in rows:
            row = self.store.row("SELECT * FROM webhook WHERE id = ? AND NOT delivered", number)
            if row:
                self.outbox.deliver(row, self.deliver)

    def _met(self, account: str, contact: str) -> Account:
        self.world.contact(contact, account=account)
        return self.world.account(account)

    def _shown(self, row: Row) -> dict[str, Any]:
        shown = {name: row[name] for name in SHOWN}
        picture = f"/sim/media/{row['media']}" if row["media"] and not row["unsent"] else ""
        return shown | {
            "sha256": row["sha256"] or "",
            "mime": row["mime"] or "",
            "picture": picture,
            "reaction": json.loads(row["reaction"] or "null"),
            "unsent": bool(row["unsent"]),
        }
