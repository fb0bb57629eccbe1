"""The simulator's memory: one SQLite connection behind one lock, so that a restart continues as it was left."""

import importlib
import importlib.util
import re
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

sqlite3: Any = importlib.import_module("pysqlite3" if importlib.util.find_spec("pysqlite3") else "sqlite3")

Row = dict[str, Any]

SCHEMA = """
CREATE TABLE IF NOT EXISTS app (
    id TEXT PRIMARY KEY, secret TEXT NOT NULL, verify_token TEXT NOT NULL, callback_url TEXT NOT NULL,
    require_proof INTEGER NOT NULL, deauthorise_url TEXT NOT NULL DEFAULT '', deletion_url TEXT NOT NULL DEFAULT '',
    rate_limits TEXT NOT NULL DEFAULT '', permissions TEXT NOT NULL DEFAULT '', batch INTEGER NOT NULL DEFAULT 1, disorder INTEGER NOT NULL DEFAULT 0,
    duplicates INTEGER NOT NULL DEFAULT 0, wrong_signature INTEGER NOT NULL DEFAULT 0);
CREATE TABLE IF NOT EXISTS subscription (
    app TEXT NOT NULL, object TEXT NOT NULL, callback_url TEXT NOT NULL, fields TEXT NOT NULL,
    PRIMARY KEY (app, object));
CREATE TABLE IF NOT EXISTS account (
    id TEXT PRIMARY KEY, network TEXT NOT NULL, name TEXT NOT NULL, username TEXT NOT NULL, token TEXT NOT NULL,
    app TEXT NOT NULL, login TEXT NOT NULL, page_id TEXT NOT NULL, scoped_id TEXT NOT NULL,
    human_agent INTEGER NOT NULL, echo TEXT NOT NULL, fields TEXT NOT NULL, ad_window_days INTEGER NOT NULL DEFAULT 0,
    restricted INTEGER NOT NULL DEFAULT 0, dm_access INTEGER NOT NULL DEFAULT 1, failing_since INTEGER,
    disabled_at INTEGER);
CREATE INDEX IF NOT EXISTS account_by_token ON account (token);
CREATE TABLE IF NOT EXISTS person (
    id TEXT PRIMARY KEY, name TEXT NOT NULL, app TEXT NOT NULL, pages TEXT NOT NULL, tasks TEXT NOT NULL,
    kind TEXT NOT NULL DEFAULT 'user', scopes TEXT NOT NULL DEFAULT '');
CREATE TABLE IF NOT EXISTS token (
    token TEXT PRIMARY KEY, kind TEXT NOT NULL, app TEXT NOT NULL, person TEXT NOT NULL, account TEXT NOT NULL,
    issued_at INTEGER NOT NULL, expires_at INTEGER, dead INTEGER NOT NULL DEFAULT 0, scopes TEXT NOT NULL DEFAULT '',
    data_access_until INTEGER);
CREATE TABLE IF NOT EXISTS code (
    code TEXT PRIMARY KEY, app TEXT NOT NULL, person TEXT NOT NULL, account TEXT NOT NULL, redirect_uri TEXT NOT NULL,
    at INTEGER NOT NULL, used INTEGER NOT NULL DEFAULT 0, scopes TEXT NOT NULL DEFAULT '');
CREATE TABLE IF NOT EXISTS contact (
    id TEXT PRIMARY KEY, account TEXT NOT NULL, name TEXT NOT NULL, username TEXT NOT NULL, profile INTEGER NOT NULL,
    conversation TEXT NOT NULL UNIQUE, acted_at INTEGER, wrote_at INTEGER, saw_at INTEGER,
    ad TEXT NOT NULL DEFAULT '', ref TEXT NOT NULL DEFAULT '', ad_until INTEGER, blocked INTEGER NOT NULL DEFAULT 0,
    banned INTEGER NOT NULL DEFAULT 0, holder TEXT NOT NULL DEFAULT '', holder_until INTEGER,
    read_to INTEGER NOT NULL DEFAULT 0, spam INTEGER NOT NULL DEFAULT 0, newest_at INTEGER, newest_number INTEGER,
    answered INTEGER NOT NULL DEFAULT 0);
CREATE INDEX IF NOT EXISTS contact_by_account ON contact (account);
CREATE TABLE IF NOT EXISTS message (
    number INTEGER PRIMARY KEY, mid TEXT NOT NULL UNIQUE, account TEXT NOT NULL, contact TEXT NOT NULL,
    direction TEXT NOT NULL, kind TEXT NOT NULL, text TEXT NOT NULL, url TEXT NOT NULL, title TEXT NOT NULL,
    subtitle TEXT NOT NULL, image_url TEXT NOT NULL, button TEXT NOT NULL, media TEXT NOT NULL, metadata TEXT NOT NULL,
    tag TEXT NOT NULL, reply_to TEXT NOT NULL, template TEXT NOT NULL, sent_by TEXT NOT NULL, reaction TEXT NOT NULL,
    unsent INTEGER NOT NULL, at INTEGER NOT NULL, attachments TEXT NOT NULL DEFAULT '[]', more TEXT NOT NULL DEFAULT '{}');
CREATE INDEX IF NOT EXISTS message_by_contact ON message (contact, number);
CREATE TABLE IF NOT EXISTS comment (
    id TEXT PRIMARY KEY, account TEXT NOT NULL, contact TEXT NOT NULL, post TEXT NOT NULL, parent TEXT NOT NULL,
    text TEXT NOT NULL, at INTEGER NOT NULL, answered INTEGER NOT NULL DEFAULT 0, removed INTEGER NOT NULL DEFAULT 0);
CREATE TABLE IF NOT EXISTS media (
    id TEXT PRIMARY KEY, account TEXT NOT NULL, content BLOB NOT NULL, mime TEXT NOT NULL, sha256 TEXT NOT NULL,
    signature TEXT NOT NULL, at INTEGER NOT NULL, kind TEXT NOT NULL DEFAULT 'image', name TEXT NOT NULL DEFAULT '');
CREATE TABLE IF NOT EXISTS persona (
    id TEXT PRIMARY KEY, account TEXT NOT NULL, name TEXT NOT NULL, picture TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS utility_template (
    id TEXT PRIMARY KEY, account TEXT NOT NULL, name TEXT NOT NULL, language TEXT NOT NULL, category TEXT NOT NULL,
    body TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS fault (
    id INTEGER PRIMARY KEY, kind TEXT NOT NULL, route TEXT NOT NULL, account TEXT, times INTEGER, seconds REAL NOT NULL,
    subcode INTEGER, skip INTEGER NOT NULL DEFAULT 0, code INTEGER, status INTEGER, most INTEGER);
CREATE TABLE IF NOT EXISTS request (
    id INTEGER PRIMARY KEY, method TEXT NOT NULL, path TEXT NOT NULL, status INTEGER NOT NULL, at INTEGER NOT NULL,
    route TEXT NOT NULL DEFAULT '');
CREATE TABLE IF NOT EXISTS webhook (
    id INTEGER PRIMARY KEY, app TEXT NOT NULL, object TEXT NOT NULL, body BLOB NOT NULL, attempts INTEGER NOT NULL,
    due_at REAL NOT NULL, delivered INTEGER NOT NULL, status INTEGER, account TEXT NOT NULL DEFAULT '');
CREATE INDEX IF NOT EXISTS webhook_waiting ON webhook (due_at) WHERE NOT delivered;
CREATE TABLE IF NOT EXISTS setting (name TEXT PRIMARY KEY, value TEXT NOT NULL);
"""

# After the columns that an older state file lacks. Each contact knows the newest message that is listed, so that of thousands of
# conversations a part can be listed without looking at the rest.
LISTED = "NOT unsent AND kind != 'postback'"
NEWEST = f"SELECT at, number FROM message WHERE contact = contact.id AND {LISTED} ORDER BY at DESC, number DESC LIMIT 1"  # noqa: S608
AFTER = f"""
CREATE INDEX IF NOT EXISTS message_by_time ON message (contact, at, number);
CREATE INDEX IF NOT EXISTS contact_by_newest ON contact (account, newest_at, newest_number);
CREATE TRIGGER IF NOT EXISTS message_came AFTER INSERT ON message BEGIN
    UPDATE contact SET newest_at = new.at, newest_number = new.number
    WHERE id = new.contact AND NOT new.unsent AND new.kind != 'postback'
        AND (newest_at IS NULL OR (newest_at, newest_number) < (new.at, new.number));
    UPDATE contact SET answered = 1 WHERE id = new.contact AND new.direction = 'out';
END;
CREATE TRIGGER IF NOT EXISTS message_went AFTER UPDATE OF unsent ON message BEGIN
    UPDATE contact SET (newest_at, newest_number) = ({NEWEST}) WHERE id = new.contact;
END;
"""  # noqa: S608 (nothing of it is input)
REMEMBER = f"""
UPDATE contact SET (newest_at, newest_number) = ({NEWEST}),
    answered = EXISTS (SELECT 1 FROM message WHERE contact = contact.id AND direction = 'out');
"""  # noqa: S608

TABLES = tuple(re.findall(r"CREATE TABLE IF NOT EXISTS (\w+)", SCHEMA))


class Store:
    def __init__(self, path: str) -> None:
        self._lock = threading.RLock()
        self._db = sqlite3.connect(path, check_same_thread=False, isolation_level=None, timeout=10)
        self._db.row_factory = sqlite3.Row
        self._db.execute("PRAGMA journal_mode=WAL")
        self._db.execute("PRAGMA synchronous=NORMAL")
        self._db.executescript(SCHEMA)
        gained = self._catch_up()
        self._db.executescript(AFTER + (REMEMBER if "newest_at" in gained else ""))

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

    def insert_many(self, table: str, rows: list[Row]) -> None:
        """Rows of the same columns."""
        names, marks = ", ".join(rows[0]), ", ".join("?" * len(rows[0]))
        with self._lock:
            self._db.executemany(f"INSERT INTO {table} ({names}) VALUES ({marks})", [(*row.values(),) for row in rows])  # noqa: S608

    def watch(self, listener: Callable[[str], None] | None) -> None:
        """Every statement from now on, for tests that count them; None ends it."""
        self._db.set_trace_callback(listener)

    def setting(self, name: str, default: str) -> str:
        row = self.row("SELECT value FROM setting WHERE name = ?", name)
        return str(row["value"]) if row else default

    def copy_to(self, other: "Store") -> None:
        """The other one then remembers this, and nothing else."""
        with self._lock, other._lock:
            self._db.backup(other._db)

    @property
    def is_untouched(self) -> bool:
        with self._lock:
            return bool(self._db.total_changes == 0)

    def empty(self) -> None:
        with self.transaction():
            for table in TABLES:
                self.run(f"DELETE FROM {table}")  # noqa: S608

    def _catch_up(self) -> set[str]:
        """A state file of an older simulator gains the columns that it lacks. Returns their names."""
        gained = set()
        model = sqlite3.connect(":memory:")
        model.executescript(SCHEMA)
        for table in TABLES:
            known = {column[1] for column in self._db.execute(f"PRAGMA table_info({table})")}
            for _, name, kind, required, default, _ in model.execute(f"PRAGMA table_info({table})"):
                if name not in known:
                    self._db.execute(f"ALTER TABLE {table} ADD COLUMN {name} {kind}{_promise(required, default)}")
                    gained.add(name)
        model.close()
        return gained

    def close(self) -> None:
        with self._lock:
            self._db.close()


def _promise(required: int, default: str | None) -> str:
    return f" NOT NULL DEFAULT {default}" if required else ""
