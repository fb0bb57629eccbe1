"""`POST /{page}/moderate_conversations`: the account blocks people, or puts them with the spam."""

from typing import TYPE_CHECKING, Any

from graph.simulator import errors
from graph.simulator.call import Call
from graph.simulator.errors import invalid
from graph.simulator.world import Account

if TYPE_CHECKING:
    from graph.simulator.simulator import Simulator

MOST_PEOPLE, MOST_ACTIONS = 10, 2
EFFECTS: dict[str, dict[str, Any]] = {
    "block_user": {"banned": True},
    "ban_user": {"banned": True},
    "unblock_user": {"banned": False},
    "unban_user": {"banned": False},
    "move_to_spam": {"spam": True},
}


def moderate(simulator: "Simulator", call: Call, account: Account) -> dict[str, Any]:
    people = [str(each.get("id", "")) if isinstance(each, dict) else str(each) for each in call.listed("user_ids")]
    actions = [str(action) for action in call.listed("actions")]
    _check(simulator, account, people, actions)
    for person in people:
        for action in actions:
            simulator.world.set_contact(person, **EFFECTS[action])
    return {"success": True}


def _check(simulator: "Simulator", account: Account, people: list[str], actions: list[str]) -> None:
    if not 1 <= len(people) <= MOST_PEOPLE or not 1 <= len(actions) <= MOST_ACTIONS:
        raise invalid(f"Give 1 to {MOST_PEOPLE} user_ids and 1 to {MOST_ACTIONS} actions.")
    if unknown := [action for action in actions if action not in EFFECTS]:
        raise invalid(f"Unknown action {unknown[0]}: one of {', '.join(EFFECTS)}.")
    if any(not simulator.world.knows(person, account=account.id) for person in people):
        raise errors.no_recipient(account)
