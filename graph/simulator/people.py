"""What a contact can do on their phone, and what colleagues can do in Meta's own apps."""

import json
from typing import TYPE_CHECKING

from graph.simulator import sends, webhooks
from graph.simulator.media import Media
from graph.simulator.store import Row
from graph.simulator.world import Account, Unknown

if TYPE_CHECKING:
    from graph.simulator.simulator import Simulator


def write(
    simulator: "Simulator",
    account: Account,
    contact: str,
    *,
    text: str,
    image_url: str,
    image: bytes | None,
    reply_to: str,
) -> str:
    _check_writing(account, text, image_url, image)
    with simulator.store.transaction():
        media = simulator.shelf.keep(image, account=account.id, at=simulator.now_ms()) if image else None
        row = _written(simulator, account, contact, text=text, url=image_url, media=media, reply_to=reply_to)
        _acted(simulator, contact, row["at"], wrote=True)
    url = simulator.shelf.url(media) if media else image_url
    simulator.announce(account, webhooks.message(row, image_url=url), field="messages")
    return str(row["mid"])


def react(simulator: "Simulator", account: Account, contact: str, mid: str, *, emoji: str, name: str) -> None:
    """A reaction opens the window as a message does; taking it back does not."""
    row = _in_thread(simulator, account, contact, mid)
    at = max(simulator.now_ms(), row["at"])
    given = json.dumps({"by": "contact", "emoji": emoji}) if emoji else ""
    with simulator.store.transaction():
        simulator.store.run("UPDATE message SET reaction = ? WHERE mid = ?", given, mid)
        if emoji:
            _acted(simulator, contact, at, wrote=False)
    event = webhooks.reaction(account, row, emoji=emoji, name=name, at=at)
    simulator.announce(account, event, field="message_reactions")


def unsend(simulator: "Simulator", account: Account, contact: str, mid: str) -> None:
    """The text and the bytes go, also here."""
    row = _in_thread(simulator, account, contact, mid)
    if row["direction"] != "in":
        raise ValueError("A contact can unsend only what they wrote.")
    with simulator.store.transaction():
        simulator.store.run("UPDATE message SET unsent = 1, text = '', url = '' WHERE mid = ?", mid)
        simulator.shelf.forget(row["media"])
    simulator.announce(account, webhooks.unsent(row, at=max(simulator.now_ms(), row["at"])), field="messages")


def tap(simulator: "Simulator", account: Account, contact: str, *, title: str, payload: str) -> str:
    with simulator.store.transaction():
        row = simulator.add_message(
            account, contact, direction="in", **sends.EMPTY | {"kind": "postback", "title": title}
        )
        _acted(simulator, contact, row["at"], wrote=False)
    simulator.announce(account, webhooks.postback(row, payload=payload), field="messaging_postbacks")
    return str(row["mid"])


def see(simulator: "Simulator", account: Account, contact: str) -> None:
    """Nothing to see, nothing to tell."""
    row = simulator.store.row(
        "SELECT * FROM message WHERE contact = ? AND direction = 'out' ORDER BY number DESC LIMIT 1", contact
    )
    if row is None:
        return
    at = max(simulator.now_ms(), row["at"])
    simulator.store.run("UPDATE contact SET saw_at = ? WHERE id = ?", at, contact)
    field = "messaging_seen" if account.is_instagram else "message_reads"
    simulator.announce(account, webhooks.read(account, row, at=at), field=field)


def answer_elsewhere(simulator: "Simulator", account: Account, contact: str, *, text: str) -> str:
    """A colleague answers in Business Suite or the native app: we only hear the echo."""
    values = sends.EMPTY | {"kind": "text", "text": text, "sent_by": str(webhooks.PAGE_INBOX_APP)}
    row = simulator.add_message(account, contact, direction="out", **values)
    event = webhooks.echo(account, row, image_url="", app_id=webhooks.PAGE_INBOX_APP)
    simulator.announce(account, event, field="messages" if account.is_instagram else "message_echoes")
    return str(row["mid"])


def _check_writing(account: Account, text: str, image_url: str, image: bytes | None) -> None:
    if not (text or image_url or image):
        raise ValueError("Write a text or send an image.")
    if text and (image_url or image) and not account.is_instagram:
        raise ValueError("On Messenger a text and an image are two messages.")


def _written(
    simulator: "Simulator", account: Account, contact: str, *, text: str, url: str, media: Media | None, reply_to: str
) -> Row:
    values = {
        "kind": "image" if url or media else "text",
        "text": text,
        "url": url,
        "reply_to": reply_to,
        "media": media.id if media else "",
    }
    return simulator.add_message(account, contact, direction="in", **sends.EMPTY | values)


def _acted(simulator: "Simulator", contact: str, at: int, *, wrote: bool) -> None:
    simulator.store.run("UPDATE contact SET acted_at = ? WHERE id = ?", at, contact)
    if wrote:
        simulator.store.run("UPDATE contact SET wrote_at = ? WHERE id = ?", at, contact)


def _in_thread(simulator: "Simulator", account: Account, contact: str, mid: str) -> Row:
    row = simulator.world.message(mid)
    if (row["account"], row["contact"]) != (account.id, contact) or row["unsent"]:
        raise Unknown(f"There is no message {mid} in this conversation.")
    return row
