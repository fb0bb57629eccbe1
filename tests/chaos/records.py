"""Reads what our database says and what the simulator has seen, without any code of the product."""

import importlib
import importlib.util
import json
import re
import threading
from collections.abc import Collection, Iterable
from typing import TYPE_CHECKING, Any

import psycopg

from tests.chaos.ledger import Ledger
from tests.chaos.verdict import AtMeta, Ours
from tests.chaos.world import BLIND

if TYPE_CHECKING:
    from tests.chaos.machine import Meta

# As the product: of Debian's own SQLite two connections must not share a file.
sqlite3: Any = importlib.import_module("pysqlite3" if importlib.util.find_spec("pysqlite3") else "sqlite3")

MESSAGES = """
SELECT m.public_id, m.mid, a.external_id, c.external_id, m.source, m.text, m.link, m.id,
       d.public_id, d.state, d.reason, d.id
FROM inbox_message m
JOIN accounts_account a ON a.id = m.account_id
JOIN inbox_conversation v ON v.id = m.conversation_id
JOIN inbox_contact c ON c.id = v.contact_id
LEFT JOIN inbox_dispatch d ON d.message_id = m.id
"""
PICTURES = "SELECT t.message_id, f.sha256 FROM inbox_attachment t JOIN inbox_mediafile f ON f.id = t.media_id"
ATTEMPTS = "SELECT dispatch_id, number, step, outcome, error, code FROM inbox_attempt ORDER BY dispatch_id, number"
UNKNOWN = "SELECT target_id FROM accounts_activity WHERE verb = 'message.unknown'"
# Handed over, so that Meta may be at it.
SENDING = (
    "SELECT d.worker, d.public_id, a.external_id FROM inbox_dispatch d JOIN accounts_account a ON a.id = d.account_id"
    " WHERE d.state = 'sending' AND d.handed_over_at IS NOT NULL"
)
STATES = "SELECT d.state, a.external_id, count(*) FROM inbox_dispatch d JOIN accounts_account a ON a.id = d.account_id GROUP BY 1, 2"
BROKEN = "SELECT id, external_id, state FROM accounts_account WHERE state <> 'connected'"
CONVERSATIONS = (
    "SELECT a.external_id, c.external_id, v.public_id FROM inbox_conversation v"
    " JOIN inbox_contact c ON c.id = v.contact_id JOIN accounts_account a ON a.id = v.account_id"
)
TO_APPLY = "SELECT count(*) FROM inbox_webhookdelivery WHERE state = 'received'"
# Meta writes down a call some milliseconds after what it did; of two calls within this nobody can tell which got which answer.
AT_ONCE = range(-20, 2000)


class Records:
    """Our database, read only; a connection for each thread."""

    def __init__(self, where: str) -> None:
        self._where, self._local = where, threading.local()

    def rows(self, sql: str) -> list[tuple[Any, ...]]:
        if not hasattr(self._local, "connection"):
            self._local.connection = self._connect()
        return list(self._local.connection.execute(sql).fetchall())

    def _connect(self) -> Any:
        if self._where.startswith("postgres"):
            return psycopg.connect(self._where, autocommit=True)
        return sqlite3.connect(f"file:{self._where}?mode=ro", uri=True, isolation_level=None, timeout=20)

    def sending_in(self, pid: int) -> dict[str, str]:
        """The dispatches, with their accounts, that a process has handed over and not heard of. Of a killed one this is what it left."""
        return {dispatch: account for worker, dispatch, account in self.rows(SENDING) if worker.split(":")[1:2] == [str(pid)]}

    def conversations(self) -> dict[tuple[str, str], str]:
        return {(account, contact): public_id for account, contact, public_id in self.rows(CONVERSATIONS)}

    def broken(self) -> list[tuple[int, str, str]]:
        return [(pk, account, state) for pk, account, state in self.rows(BROKEN)]

    def states(self) -> dict[tuple[str, str], int]:
        """How many dispatches, by state and account."""
        return {(state, account): number for state, account, number in self.rows(STATES)}

    @property
    def to_apply(self) -> int:
        return int(self.rows(TO_APPLY)[0][0])


def ours(records: Records, ledger: Ledger) -> list[Ours]:
    """Every message of our database."""
    pictures = dict(records.rows(PICTURES))
    unknown = {public_id for (public_id,) in records.rows(UNKNOWN)}
    calls: dict[int, list[str]] = {}
    for dispatch, *call in records.rows(ATTEMPTS):
        calls.setdefault(dispatch, []).append(" ".join(str(part) for part in call if part != ""))
    found = []
    for public_id, mid, account, contact, source, text, link, pk, dispatch, state, reason, dispatch_pk in records.rows(MESSAGES):
        said = calls.get(dispatch_pk, [])
        token = ledger.token_of(f"{text} {json.dumps(_data(link))}", pictures.get(pk, ""))
        was_unknown = public_id in unknown or state == "unknown"
        found.append(Ours(token, public_id, mid, account, contact, source, dispatch or "", state or "", reason or "", was_unknown, "; ".join(said)))
    return found


def at_meta(meta: "Meta", ledger: Ledger) -> list[AtMeta]:
    """Every message of the simulator's record."""
    calls = calls_at(meta, BLIND)
    told = {mid for webhook in meta.get("webhooks")["data"] if webhook["delivered"] for mid in _mids(webhook["body"])}
    return [
        AtMeta(
            ledger.token_of(f"{message['text']} {message['url']}", message["sha256"]), message["mid"], message["account"], message["contact"],
            is_inbound=message["direction"] == "in", is_told=message["mid"] in told,
            is_answered=message["direction"] == "out" and was_answered(message["at"], calls.get(message["account"], [])),
        )
        for message in meta.get("messages")["data"]
    ]  # fmt: skip


def undelivered(meta: "Meta") -> int:
    """How many webhooks the simulator still holds."""
    return sum(not webhook["delivered"] for webhook in meta.get("webhooks")["data"])


def calls_at(meta: "Meta", accounts: Collection[str]) -> dict[str, list[tuple[int, int]]]:
    """When these accounts were told to send, and the status of each answer; 0 where there was none."""
    found: dict[str, list[tuple[int, int]]] = {}
    for call in meta.get("requests", route="messages")["data"]:
        if (account := call["path"].split("/")[-2]) in accounts:
            found.setdefault(account, []).append((call["at"], call["status"]))
    return found


def was_answered(at: int, calls: Iterable[tuple[int, int]]) -> bool:
    """Whether Meta certainly said plainly that it had sent what it sent at this moment."""
    near = [status for called_at, status in calls if called_at - at in AT_ONCE]
    return bool(near) and all(status == 200 for status in near)


def _mids(body: dict[str, Any]) -> list[str]:
    return re.findall(r'"mid": "([^"]+)"', json.dumps(body))


def _data(value: Any) -> dict[str, Any]:
    """JSON as it is on PostgreSQL, and as text on SQLite."""
    return dict(json.loads(value) if isinstance(value, str) else value or {})
