"""Personas: other names under which a Page writes. Messenger only."""

from typing import TYPE_CHECKING, Any

from graph.simulator import errors, ids
from graph.simulator.call import Call
from graph.simulator.errors import invalid
from graph.simulator.paging import page
from graph.simulator.world import Account

if TYPE_CHECKING:
    from graph.simulator.simulator import Simulator

LONGEST_NAME = 50


def create(simulator: "Simulator", call: Call, account: Account) -> dict[str, Any]:
    name, picture = call.text("name"), call.text("profile_picture_url")
    if account.is_instagram or not 0 < len(name) <= LONGEST_NAME or not picture:
        raise invalid(f"A persona of a Page needs a name of at most {LONGEST_NAME} characters and a profile_picture_url.")
    made = ids.digits(16, "2")
    simulator.store.insert("persona", id=made, account=account.id, name=name, picture=picture)
    return {"id": made}


def every(simulator: "Simulator", call: Call, account: Account) -> dict[str, Any]:
    rows = simulator.store.rows("SELECT * FROM persona WHERE account = ? ORDER BY rowid", account.id)
    return page(call, [{"name": row["name"], "profile_picture_url": row["picture"], "id": row["id"]} for row in rows])


def is_persona(simulator: "Simulator", node: str) -> bool:
    return bool(simulator.store.rows("SELECT 1 FROM persona WHERE id = ?", node))


def delete(simulator: "Simulator", call: Call, accounts: list[Account]) -> dict[str, Any]:
    for account in accounts:
        if simulator.store.run("DELETE FROM persona WHERE id = ? AND account = ?", call.node, account.id):
            return {"success": True}
    raise errors.no_such_object(call.node, call.method)


def check(simulator: "Simulator", account: Account, persona: str) -> None:
    if persona and not simulator.store.rows("SELECT 1 FROM persona WHERE id = ? AND account = ?", persona, account.id):
        raise invalid("Param persona_id must be the id of a persona of this Page.")
