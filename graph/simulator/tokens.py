"""Tokens: of people, of Pages and of Instagram accounts, each with its time."""

import json
from dataclasses import dataclass, fields, replace
from typing import TYPE_CHECKING, Any

from graph.simulator import ids
from graph.simulator.store import Store
from graph.simulator.world import Account, App, Unknown, World

if TYPE_CHECKING:
    from graph.simulator.simulator import Simulator

HOUR_MS = 3600 * 1000
SHORT_MS = HOUR_MS
DATA_ACCESS_MS = 90 * 24 * HOUR_MS
LONG_MS = 60 * 24 * HOUR_MS
EXPIRED = 463


@dataclass(frozen=True)
class Token:
    """`kind` is user, system_user, page or instagram. A token given with `add_account` has no row: it is old and lasts for ever.

    `scopes` is a JSON list, empty for everything.
    """

    token: str
    kind: str
    app: str
    person: str
    account: str
    issued_at: int
    expires_at: int | None
    dead: int
    scopes: str = ""
    data_access_until: int | None = None

    @property
    def is_persons(self) -> bool:
        """Whether it speaks for somebody who manages Pages, and not for a Page."""
        return self.kind in ("user", "system_user")

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
    kind: str
    scopes: str


def find(world: World, token: str) -> Token | None:
    row = world.store.row("SELECT * FROM token WHERE token = ?", token)
    if row:
        return Token(**{field.name: row[field.name] for field in fields(Token)})
    accounts = world.accounts_with_token(token)
    return _given(accounts[0]) if accounts and token else None


def accounts_of(world: World, token: Token) -> list[Account]:
    """Whom it speaks for: a Page's token also for the Instagram account behind the Page, a person's for those of their Pages."""
    if token.is_persons:
        pages = person(world.store, token.person).pages
        return [each for each in world.accounts() if each.login == "facebook" and (each.page_id or each.id) in pages]
    if token.account:
        return [each for each in world.accounts() if token.account in (each.id, each.page_id) and each.app == token.app]
    return world.accounts_with_token(token.token)


def issue(
    store: Store,
    *,
    kind: str,
    app: str,
    now: int,
    lasts: int | None,
    person: str = "",
    account: str = "",
    token: str = "",
    scopes: str = "",
    data_access_until: int | None = None,
) -> Token:
    ends = None if lasts is None else now + lasts
    issued = Token(token or ids.token(kind), kind, app, person, account, now, ends, 0, scopes, data_access_until)
    store.insert("token", **issued.__dict__)
    return issued


def page_token(store: Store, *, of: Token, page: str, now: int) -> Token:
    """From a long-lived token of a person it lasts for ever, from a short one about an hour; the same one each time.

    It may do what the token may from which it was had last.
    """
    short = of.expires_at is not None and of.expires_at - of.issued_at <= 2 * HOUR_MS
    sql = "SELECT * FROM token WHERE kind = 'page' AND person = ? AND account = ? AND dead = 0 AND (expires_at IS NULL) = ?"
    row = store.row(sql, of.person, page, not short)
    known = Token(**row) if row else None
    same = {"scopes": of.scopes, "data_access_until": of.data_access_until}
    if known and not known.fault(now=now):
        store.insert("token", **known.__dict__ | same)
        return replace(known, scopes=of.scopes, data_access_until=of.data_access_until)
    lasts = SHORT_MS if short else None
    return issue(
        store, kind="page", app=of.app, now=now, lasts=lasts, person=of.person, account=page, scopes=of.scopes, data_access_until=of.data_access_until
    )


def set_token(
    world: World,
    token: str,
    *,
    now: int,
    expires_in: float | None = None,
    issued_ago: float = 0,
    dead: int = 0,
    scopes: list[str] | None = None,
    data_access_in: float | None = None,
) -> None:
    """Gives any known token another age, end or subcode with which it is dead. Where only the rest is named, those stay."""
    known = find(world, token)
    if known is None:
        raise Unknown("There is no such token.")
    ends = None if expires_in is None else now + int(expires_in * 1000)
    life = {"issued_at": now - int(issued_ago * 1000), "expires_at": ends, "dead": dead}
    more: dict[str, Any] = {} if scopes is None else {"scopes": json.dumps(scopes)}
    more |= {} if data_access_in is None else {"data_access_until": now + int(data_access_in * 1000)}
    keeps_its_life = bool(more) and not (expires_in is not None or issued_ago or dead)
    world.store.insert("token", **known.__dict__ | ({} if keeps_its_life else life) | more)


def data_access_until(token: Token, *, now: int) -> int:
    """Ninety days after the login, in milliseconds; 0 is without end, as for a system user."""
    if token.data_access_until is not None:
        return token.data_access_until
    return 0 if token.kind == "system_user" else (token.issued_at or now) + DATA_ACCESS_MS


def kill_of_person(simulator: "Simulator", app: App, user_id: str, *, subcode: int) -> None:
    """Also the token of an Instagram account that logs in by itself, whose person is the account."""
    store, world = simulator.store, simulator.world
    for account in world.accounts():
        if account.app == app.id and account.login == "instagram" and user_id in account.nodes and find(world, account.token):
            set_token(world, account.token, now=simulator.now_ms(), dead=subcode)
            store.run("UPDATE token SET dead = ? WHERE account = ?", subcode, account.id)
    store.run("UPDATE token SET dead = ? WHERE app = ? AND person = ?", subcode, app.id, user_id)


def add_person(store: Store, *, id: str, name: str, app: str, pages: list[str], tasks: list[str], kind: str, scopes: list[str] | None) -> None:
    """`scopes`: what they give where a login asks for it; everything, unless told."""
    given = "" if scopes is None else json.dumps(scopes)
    store.insert("person", id=id, name=name, app=app, pages=json.dumps(pages), tasks=json.dumps(tasks), kind=kind, scopes=given)


def person(store: Store, person_id: str) -> Person:
    row = store.row("SELECT * FROM person WHERE id = ?", person_id)
    if row is None:
        raise Unknown(f"There is no person {person_id}.")
    return Person(row["id"], row["name"], row["app"], json.loads(row["pages"]), json.loads(row["tasks"]), row["kind"], row["scopes"])


def people(store: Store) -> list[Person]:
    return [person(store, row["id"]) for row in store.rows("SELECT id FROM person ORDER BY rowid")]


def _given(account: Account) -> Token:
    kind = "instagram" if account.login == "instagram" else "page"
    return Token(account.token, kind, account.app, "", "", 0, None, 0)
