"""Tokens: of people, of Pages and of Instagram accounts, each with its time."""

import json
from dataclasses import dataclass, fields
from typing import TYPE_CHECKING

from graph.simulator import ids
from graph.simulator.store import Store
from graph.simulator.world import Account, App, Unknown, World

if TYPE_CHECKING:
    from graph.simulator.simulator import Simulator

HOUR_MS = 3600 * 1000
SHORT_MS = HOUR_MS
LONG_MS = 60 * 24 * HOUR_MS
EXPIRED = 463


@dataclass(frozen=True)
class Token:
    """`kind` is user, page or instagram. A token given with `add_account` has no row: it is old and lasts for ever."""

    token: str
    kind: str
    app: str
    person: str
    account: str
    issued_at: int
    expires_at: int | None
    dead: int

    def fault(self, *, now: int) -> int:
        """The subcode with which it is refused, or 0."""
        if self.dead:
            return self.dead
        return EXPIRED if self.expires_at is not None and now >= self.expires_at else 0


@dataclass(frozen=True)
class Person:
    id: str
    name: str
    app: str
    pages: list[str]
    tasks: list[str]


def find(world: World, token: str) -> Token | None:
    row = world.store.row("SELECT * FROM token WHERE token = ?", token)
    if row:
        return Token(**{field.name: row[field.name] for field in fields(Token)})
    accounts = world.accounts_with_token(token)
    return _given(accounts[0]) if accounts and token else None


def accounts_of(world: World, token: Token) -> list[Account]:
    """Whom it speaks for: a Page's token also for the Instagram account behind the Page, a person's for those of their Pages."""
    if token.kind == "user":
        pages = person(world.store, token.person).pages
        return [each for each in world.accounts() if each.login == "facebook" and (each.page_id or each.id) in pages]
    if token.account:
        return [each for each in world.accounts() if token.account in (each.id, each.page_id) and each.app == token.app]
    return world.accounts_with_token(token.token)


def issue(
    store: Store, *, kind: str, app: str, now: int, lasts: int | None, person: str = "", account: str = "", token: str = ""
) -> Token:
    issued = Token(token or ids.token(kind), kind, app, person, account, now, None if lasts is None else now + lasts, 0)
    store.insert("token", **issued.__dict__)
    return issued


def page_token(store: Store, *, of: Token, page: str, now: int) -> Token:
    """From a long-lived token of a person it lasts for ever, from a short one about an hour; the same one each time."""
    short = of.expires_at is not None and of.expires_at - of.issued_at <= 2 * HOUR_MS
    sql = "SELECT * FROM token WHERE kind = 'page' AND person = ? AND account = ? AND dead = 0 AND (expires_at IS NULL) = ?"
    row = store.row(sql, of.person, page, not short)
    known = Token(**row) if row else None
    if known and not known.fault(now=now):
        return known
    return issue(store, kind="page", app=of.app, now=now, lasts=SHORT_MS if short else None, person=of.person, account=page)


def set_token(world: World, token: str, *, now: int, expires_in: float | None, issued_ago: float, dead: int) -> None:
    """Gives any known token another age, another end, or the subcode with which it is dead."""
    known = find(world, token)
    if known is None:
        raise Unknown("There is no such token.")
    ends = None if expires_in is None else now + int(expires_in * 1000)
    values = known.__dict__ | {"issued_at": now - int(issued_ago * 1000), "expires_at": ends, "dead": dead}
    world.store.insert("token", **values)


def kill_of_person(simulator: "Simulator", app: App, user_id: str, *, subcode: int) -> None:
    """Also the token of an Instagram account that logs in by itself, whose person is the account."""
    store, world = simulator.store, simulator.world
    for account in world.accounts():
        if account.app == app.id and account.login == "instagram" and user_id in account.nodes and find(world, account.token):
            set_token(world, account.token, now=simulator.now_ms(), expires_in=None, issued_ago=0, dead=subcode)
            store.run("UPDATE token SET dead = ? WHERE account = ?", subcode, account.id)
    store.run("UPDATE token SET dead = ? WHERE app = ? AND person = ?", subcode, app.id, user_id)


def add_person(store: Store, *, id: str, name: str, app: str, pages: list[str], tasks: list[str]) -> None:
    store.insert("person", id=id, name=name, app=app, pages=json.dumps(pages), tasks=json.dumps(tasks))


def person(store: Store, person_id: str) -> Person:
    row = store.row("SELECT * FROM person WHERE id = ?", person_id)
    if row is None:
        raise Unknown(f"There is no person {person_id}.")
    return Person(row["id"], row["name"], row["app"], json.loads(row["pages"]), json.loads(row["tasks"]))


def people(store: Store) -> list[Person]:
    return [person(store, row["id"]) for row in store.rows("SELECT id FROM person ORDER BY rowid")]


def _given(account: Account) -> Token:
    kind = "instagram" if account.login == "instagram" else "page"
    return Token(account.token, kind, account.app, "", "", 0, None, 0)
