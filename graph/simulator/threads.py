"""Conversation Routing: which app controls a conversation, and what the control edges answer."""

from typing import TYPE_CHECKING, Any

from graph.simulator import errors, events
from graph.simulator.call import Call
from graph.simulator.errors import invalid
from graph.simulator.events import Event
from graph.simulator.world import Account, Contact

if TYPE_CHECKING:
    from graph.simulator.simulator import Simulator

LAPSE_MS = 24 * 3600 * 1000
LONGEST_SECONDS = 7 * 24 * 3600


def is_held_elsewhere(simulator: "Simulator", account: Account, contact: Contact) -> bool:
    return contact.held_by(now=simulator.now_ms()) not in ("", account.app)


def keep_for(simulator: "Simulator", contact: str, app_id: str, *, milliseconds: int = LAPSE_MS) -> None:
    simulator.world.set_contact(contact, holder=app_id, holder_until=simulator.now_ms() + milliseconds)


def hold(simulator: "Simulator", account: Account, contact: Contact, *, app_id: str) -> None:
    """Another app takes the conversation; we are told who had it before, or null where it was idle."""
    before = contact.held_by(now=simulator.now_ms()) or None
    keep_for(simulator, contact.id, app_id)
    _announce(simulator, account, contact, take_thread_control=_owners(before, app_id))


def release(simulator: "Simulator", account: Account, contact: Contact) -> None:
    """The other app passes the conversation to us."""
    before = contact.held_by(now=simulator.now_ms()) or None
    keep_for(simulator, contact.id, account.app)
    _announce(simulator, account, contact, pass_thread_control=_owners(before, account.app))


def request(simulator: "Simulator", account: Account, contact: Contact, *, app_id: str) -> None:
    """Another app asks us for the conversation."""
    asked = {"requested_owner_app_id": app_id, "metadata": ""}
    _announce(simulator, account, contact, request_thread_control=asked)


def pass_on(simulator: "Simulator", call: Call, account: Account) -> dict[str, Any]:
    contact, target = _named(simulator, call, account), call.text("target_app_id")
    if not target:
        raise invalid("The parameter target_app_id is required.")
    _check_ours(simulator, account, contact)
    keep_for(simulator, contact.id, target)
    return {"success": True}


def take(simulator: "Simulator", call: Call, account: Account) -> dict[str, Any]:
    """The app of this account is its default app and may take what it wants."""
    keep_for(simulator, _named(simulator, call, account).id, account.app)
    return {"success": True}


def let_go(simulator: "Simulator", call: Call, account: Account) -> dict[str, Any]:
    contact = _named(simulator, call, account)
    _check_ours(simulator, account, contact)
    simulator.world.set_contact(contact.id, holder="", holder_until=None)
    return {"success": True}


def ask_for(simulator: "Simulator", call: Call, account: Account) -> dict[str, Any]:
    """The other app decides; `release_thread` is its yes."""
    _named(simulator, call, account)
    return {"success": True}


def extend(simulator: "Simulator", call: Call, account: Account) -> dict[str, Any]:
    contact, seconds = _named(simulator, call, account), call.number("duration", 0)
    if not 0 < seconds <= LONGEST_SECONDS:
        raise invalid("The duration is between 1 second and 7 days.")
    _check_ours(simulator, account, contact)
    keep_for(simulator, contact.id, account.app, milliseconds=seconds * 1000)
    return {"success": True}


def owner(simulator: "Simulator", call: Call, account: Account) -> dict[str, Any]:
    recipient = call.params.get("recipient", "")
    contact = _contact(simulator, account, _id_in(call) if "{" in str(recipient) else str(recipient))
    holder = contact.held_by(now=simulator.now_ms())
    expires = (contact.holder_until or 0) // 1000
    return {"data": [{"thread_owner": {"app_id": holder, "expiration": expires}}] if holder else []}


def _owners(before: str | None, after: str) -> Event:
    return {"previous_owner_app_id": before, "new_owner_app_id": after, "metadata": ""}


def _announce(simulator: "Simulator", account: Account, contact: Contact, **content: Event) -> None:
    """Told to every app of the account, also to those that only stand by."""
    event = events.of_contact(account, contact.id, at=simulator.now_ms(), **content)
    simulator.announce(account, event, field="messaging_handover" if account.is_instagram else "messaging_handovers")


def _named(simulator: "Simulator", call: Call, account: Account) -> Contact:
    return _contact(simulator, account, _id_in(call))


def _id_in(call: Call) -> str:
    return str(call.thing("recipient").get("id", ""))


def _contact(simulator: "Simulator", account: Account, contact_id: str) -> Contact:
    if not simulator.world.knows(contact_id, account=account.id):
        raise errors.no_recipient(account)
    return simulator.world.contact(contact_id, account=account.id)


def _check_ours(simulator: "Simulator", account: Account, contact: Contact) -> None:
    if is_held_elsewhere(simulator, account, contact):
        raise errors.held_elsewhere(account)
