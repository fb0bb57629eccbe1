"""A world from a file: who exists when a demo or a test begins, and what was said before it."""

from typing import TYPE_CHECKING, Any

from graph.simulator import attachments, events, messages, windows
from graph.simulator.attachments import Attachment
from graph.simulator.store import Row
from graph.simulator.world import Account

if TYPE_CHECKING:
    from graph.simulator.simulator import Simulator

HOUR_MS = 3600 * 1000


def load(simulator: "Simulator", world: dict[str, Any]) -> None:
    """All of it or nothing. Its messages are announced by webhook unless `announce` is false."""
    with simulator.store.transaction():
        for app in world.get("apps", []):
            simulator.add_app(**app)
        for account in world.get("accounts", []):
            _load_account(simulator, account, announce=world.get("announce", True))
        for person in world.get("people", []):
            simulator.add_person(**person)


def _load_account(simulator: "Simulator", values: dict[str, Any], *, announce: bool) -> None:
    simulator.add_account(**{key: value for key, value in values.items() if key not in ("contacts", "connected")})
    if not values.get("connected", True):
        # Nobody has installed the app there yet: Meta tells nothing, neither what was said before nor what will be.
        simulator.world.set_account(values["id"], "fields", "")
        announce = False
    account = simulator.world.account(values["id"])
    for contact in values.get("contacts", []):
        known = {key: value for key, value in contact.items() if key != "messages"}
        contact_id = simulator.add_contact(account.id, **known)
        for message in contact.get("messages", []):
            _load_message(simulator, account, contact_id, message, announce=announce)


def _load_message(simulator: "Simulator", account: Account, contact: str, message: dict[str, Any], *, announce: bool) -> None:
    incoming = message.get("from", "contact") == "contact"
    at = simulator.now_ms() - int(message.get("hours_ago", 0) * HOUR_MS)
    row = _insert(simulator, account, contact, message, incoming=incoming, at=at)
    if incoming:
        windows.wrote(simulator.store, account, simulator.world.contact(contact, account=account.id), at)
    if announce:
        _announce(simulator, account, row, incoming=incoming)


def _insert(simulator: "Simulator", account: Account, contact: str, message: dict[str, Any], *, incoming: bool, at: int) -> Row:
    sent_by = "" if incoming else str(events.PAGE_INBOX_APP)
    values = messages.EMPTY | {"text": message.get("text", ""), "sent_by": sent_by}
    values |= messages.with_attachments(_attachments(simulator, message))
    return simulator.add_message(account, contact, direction="in" if incoming else "out", at=at / 1000, **values)


def _announce(simulator: "Simulator", account: Account, row: Row, *, incoming: bool) -> None:
    hanging = attachments.wire(simulator.shelf, row, now=simulator.now_ms())
    if incoming:
        event, field = events.message(account, row, hanging), "messages"
    else:
        event = events.echo(account, row, hanging, app_id=events.PAGE_INBOX_APP)
        field = "messages" if account.is_instagram else "message_echoes"
    simulator.outbox.add(account, event, field=field, key="messaging", time_ms=row["at"])


def _attachments(simulator: "Simulator", message: dict[str, Any]) -> list[Attachment]:
    """`"image_url": "picture"` is the built-in image, `"sample": "audio"` the built-in file of that kind."""
    if kind := message.get("sample"):
        return [attachments.of_url(kind, simulator.shelf.sample_url(kind))]
    url = message.get("image_url", "")
    return [attachments.of_url("image", simulator.picture_url if url == "picture" else url)] if url else []
