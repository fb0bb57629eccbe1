"""The simulator's memory: one SQLite connection behind one lock, so that a restart continues as it was left."""

import importlib
import importlib.util
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

sqlite3: Any = importlib.import_module("pysqlite3" if importlib.util.find_spec("pysqlite3") else "sqlite3")

Row = dict[str, Any]

SCHEMA = """
CREATE TABLE IF NOT EXISTS app (
    id TEXT PRIMARY KEY, secret TEXT NOT NULL, verify_token TEXT NOT NULL, callback_url TEXT NOT NULL,
    require_proof INTEGER NOT NULL);
CREATE TABLE IF NOT EXISTS subscription (
    app TEXT NOT NULL, object TEXT NOT NULL, callback_url TEXT NOT NULL, fields TEXT NOT NULL,
    PRIMARY KEY (app, object));
CREATE TABLE IF NOT EXISTS account (
    id TEXT PRIMARY KEY, network TEXT NOT NULL, name TEXT NOT NULL, username TEXT NOT NULL, token TEXT NOT NULL,
    app TEXT NOT NULL, login TEXT NOT NULL, page_id TEXT NOT NULL, scoped_id TEXT NOT NULL,
    human_agent INTEGER NOT NULL, echo TEXT NOT NULL, fields TEXT NOT NULL);
CREATE INDEX IF NOT EXISTS account_by_token ON account (token);
CREATE TABLE IF NOT EXISTS contact (
    id TEXT PRIMARY KEY, account TEXT NOT NULL, name TEXT NOT NULL, username TEXT NOT NULL, profile INTEGER NOT NULL,
    conversation TEXT NOT NULL UNIQUE, acted_at INTEGER, wrote_at INTEGER, saw_at INTEGER);
CREATE INDEX IF NOT EXISTS contact_by_account ON contact (account);
CREATE TABLE IF NOT EXISTS message (
    number INTEGER PRIMARY KEY, mid TEXT NOT NULL UNIQUE, account TEXT NOT NULL, contact TEXT NOT NULL,
    direction TEXT NOT NULL, kind TEXT NOT NULL, text TEXT NOT NULL, url TEXT NOT NULL, title TEXT NOT NULL,
    subtitle TEXT NOT NULL, image_url TEXT NOT NULL, button TEXT NOT NULL, media TEXT NOT NULL, metadata TEXT NOT NULL,
    tag TEXT NOT NULL, reply_to TEXT NOT NULL, template TEXT NOT NULL, sent_by TEXT NOT NULL, reaction TEXT NOT NULL,
    unsent INTEGER NOT NULL, at INTEGER NOT NULL);
CREATE INDEX IF NOT EXISTS message_by_contact ON message (contact, number);
CREATE TABLE IF NOT EXISTS media (
    id TEXT PRIMARY KEY, account TEXT NOT NULL, content BLOB NOT NULL, mime TEXT NOT NULL, sha256 TEXT NOT NULL,
    signature TEXT NOT NULL, at INTEGER NOT NULL);
CREATE TABLE IF NOT EXISTS fault (
    id INTEGER PRIMARY KEY, kind TEXT NOT NULL, route TEXT NOT NULL, account TEXT, times INTEGER, seconds REAL NOT NULL,
    subcode INTEGER);
CREATE TABLE IF NOT EXISTS request (
    id INTEGER PRIMARY KEY, method TEXT NOT NULL, path TEXT NOT NULL, status INTEGER NOT NULL, at INTEGER NOT NULL);
CREATE TABLE IF NOT EXISTS webhook (
    id INTEGER PRIMARY KEY, app TEXT NOT NULL, object TEXT NOT NULL, body BLOB NOT NULL, attempts INTEGER NOT NULL,
    due_at REAL NOT NULL, delivered INTEGER NOT NULL, status INTEGER);
CREATE INDEX IF NOT EXISTS webhook_waiting ON webhook (due_at) WHERE NOT delivered;
CREATE TABLE IF NOT EXISTS setting (name TEXT PRIMARY KEY, value TEXT NOT NULL);
"""

TABLES = ("app", "subscription", "account", "contact", "message", "media", "fault", "request", "webhook", "setting")


class Store:
    def __init__(self, path: str) -> None:
        self._lock = threading.RLock()
        self._db = sqlite3.connect(path, check_same_thread=False, isolation_level=None, timeout=10)
        self._db.row_factory = sqlite3.Row
        self._db.execute("PRAGMA journal_mode=WAL")
        self._db.execute("PRAGMA synchronous=NORMAL")
        self._db.executescript(SCHEMA)

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """All or nothing, one at a time; a transaction inside another joins it."""
        with self._lock:
            if self._db.in_transaction:
                yield
                return
            self._db.execute("BEGIN IMMEDIATE")
            try:
                yield
            except BaseException:
                self._db.execute("ROLLBACK")
                raise
            self._db.execute("COMMIT")

    def rows(self, sql: str, *values: Any) -> list[Row]:
        with self._lock:
            return [dict(row) for row in self._db.execute(sql, values)]

    def row(self, sql: str, *values: Any) -> Row | None:
        found = self.rows(sql, *values)
        return found[0] if found else None

    def run(self, sql: str, *values: Any) -> int:
        """Executes one statement and returns how many rows it changed."""
        with self._lock:
            return int(self._db.execute(sql, values).rowcount)

    def insert(self, table: str, **values: Any) -> int:
        names, marks = ", ".join(values), ", ".join("?" * len(values))
        with self._lock:
            cursor = self._db.execute(f"INSERT OR REPLACE INTO {table} ({names}) VALUES ({marks})", (*values.values(),))  # noqa: S608
            return int(cursor.lastrowid)

    def setting(self, name: str, default: str) -> str:
        row = self.row("SELECT value FROM setting WHERE name = ?", name)
        return str(row["value"]) if row else default

    def empty(self) -> None:
        with self.transaction():
            for table in TABLES:
                self.run(f"DELETE FROM {table}")  # noqa: S608

    def close(self) -> None:
        with self._lock:
            self._db.close()
