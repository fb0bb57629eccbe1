"""A world from a file: who exists when a demo or a test begins, and what was said before it."""

from typing import TYPE_CHECKING, Any

from graph.simulator import sends, webhooks
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


def _load_account(simulator: "Simulator", values: dict[str, Any], *, announce: bool) -> None:
    simulator.add_account(**{key: value for key, value in values.items() if key != "contacts"})
    account = simulator.world.account(values["id"])
    for contact in values.get("contacts", []):
        known = {key: value for key, value in contact.items() if key != "messages"}
        contact_id = simulator.add_contact(account.id, **known)
        for message in contact.get("messages", []):
            _load_message(simulator, account, contact_id, message, announce=announce)


def _load_message(
    simulator: "Simulator", account: Account, contact: str, message: dict[str, Any], *, announce: bool
) -> None:
    incoming = message.get("from", "contact") == "contact"
    at = simulator.now_ms() - int(message.get("hours_ago", 0) * HOUR_MS)
    row = _insert(simulator, account, contact, message, incoming=incoming, at=at)
    if incoming:
        simulator.store.run("UPDATE contact SET acted_at = ?, wrote_at = ? WHERE id = ?", row["at"], row["at"], contact)
    if announce:
        _announce(simulator, account, row, incoming=incoming)


def _insert(
    simulator: "Simulator", account: Account, contact: str, message: dict[str, Any], *, incoming: bool, at: int
) -> Row:
    url = _picture(simulator, message.get("image_url", ""))
    values = sends.EMPTY | {"kind": "image" if url else "text", "text": message.get("text", ""), "url": url}
    sent_by = "" if incoming else str(webhooks.PAGE_INBOX_APP)
    row = simulator.add_message(
        account, contact, direction="in" if incoming else "out", **values | {"sent_by": sent_by}
    )
    simulator.store.run("UPDATE message SET at = ? WHERE mid = ?", at, row["mid"])
    return simulator.world.message(row["mid"])


def _announce(simulator: "Simulator", account: Account, row: Row, *, incoming: bool) -> None:
    if incoming:
        event, field = webhooks.message(row, image_url=row["url"]), "messages"
    else:
        event = webhooks.echo(account, row, image_url=row["url"], app_id=webhooks.PAGE_INBOX_APP)
        field = "messages" if account.is_instagram else "message_echoes"
    simulator.outbox.add(account, event, field=field, time_ms=row["at"])


def _picture(simulator: "Simulator", url: str) -> str:
    """`"picture"` is the built-in image."""
    return simulator.picture_url if url == "picture" else url
