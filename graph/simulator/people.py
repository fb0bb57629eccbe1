"""What a contact can do on their phone, and what colleagues can do in Meta's own apps."""

import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from graph.simulator import attachments, events, ids, messages, windows
from graph.simulator.attachments import Attachment
from graph.simulator.store import Row
from graph.simulator.world import Account, Contact, Unknown

if TYPE_CHECKING:
    from graph.simulator.simulator import Simulator

MOST_EDITS = 5


@dataclass(frozen=True)
class Writing:
    """What a contact writes, before it is a message."""

    text: str = ""
    image_url: str = ""
    files: list[tuple[str, bytes]] = field(default_factory=list)
    raw: list[dict[str, Any]] = field(default_factory=list)
    reply_to: str = ""
    more: dict[str, Any] = field(default_factory=dict)
    standby: bool = False
    at: float | None = None


def write(simulator: "Simulator", account: Account, contact: Contact, writing: Writing) -> str:
    _check_writing(account, contact, writing)
    with simulator.store.transaction():
        row = _written(simulator, account, contact, writing)
        windows.wrote(simulator.store, account, contact, row["at"])
    event = events.message(account, row, attachments.wire(simulator.shelf, row, now=simulator.now_ms()))
    simulator.tell(account, contact.id, event, field="messages", standby=writing.standby)
    return str(row["mid"])


def edit(simulator: "Simulator", account: Account, contact: str, mid: str, *, text: str) -> None:
    """Meta allows five edits. An edit opens nothing."""
    row = _own(simulator, account, contact, mid)
    number = messages.more(row).get("edits", 0) + 1
    if row["kind"] != "text" or number > MOST_EDITS:
        raise ValueError(f"Only texts can be edited, and at most {MOST_EDITS} times.")
    more = json.dumps(messages.more(row) | {"edits": number})
    simulator.store.run("UPDATE message SET text = ?, more = ? WHERE mid = ?", text, more, mid)
    _tell_edit(simulator, account, contact, events.edited(row, text=text, number=number, at=_later(simulator, row)))


def edit_oddly(simulator: "Simulator", account: Account, contact: str, mid: str, *, anonymous: bool) -> None:
    """Observed on Instagram: an edit number 0 that changes nothing."""
    row, at = _in_thread(simulator, account, contact, mid), simulator.now_ms()
    event = events.edited_by_nobody(row, at=at) if anonymous else events.edited(row, text=None, number=0, at=at)
    _tell_edit(simulator, account, contact, event)


def react(simulator: "Simulator", account: Account, contact: str, mid: str, *, emoji: str, name: str) -> None:
    """A reaction opens the window as a message does; taking it back does not."""
    row = _in_thread(simulator, account, contact, mid)
    at = _later(simulator, row)
    given = json.dumps({"by": "contact", "emoji": emoji, "name": name}) if emoji else ""
    with simulator.store.transaction():
        simulator.store.run("UPDATE message SET reaction = ? WHERE mid = ?", given, mid)
        if emoji:
            windows.acted(simulator.store, contact, at)
    event = events.reaction(account, row, emoji=emoji, name=name, at=at)
    simulator.tell(account, contact, event, field="message_reactions")


def unsend(simulator: "Simulator", account: Account, contact: str, mid: str) -> None:
    """The text and the bytes go, also here."""
    row = _own(simulator, account, contact, mid)
    with simulator.store.transaction():
        simulator.store.run("UPDATE message SET unsent = 1, text = '', url = '', attachments = '[]', more = '{}' WHERE mid = ?", mid)
        for attachment in attachments.of_row(row):
            simulator.shelf.forget(attachment.media)
    simulator.tell(account, contact, events.unsent(row, at=_later(simulator, row)), field="messages")


def tap(simulator: "Simulator", account: Account, contact: Contact, *, title: str, payload: str) -> str:
    """Carries the link that led a newcomer here."""
    _check_not_blocked(contact)
    with simulator.store.transaction():
        row = simulator.add_message(account, contact.id, direction="in", **messages.EMPTY | {"kind": "postback", "title": title})
        windows.acted(simulator.store, contact.id, row["at"])
        simulator.world.set_contact(contact.id, ref="")
    referral = json.loads(contact.ref or contact.ad or "null")
    simulator.tell(account, contact.id, events.postback(row, payload=payload, referral=referral), field="messaging_postbacks")
    return str(row["mid"])


def see(simulator: "Simulator", account: Account, contact: str) -> None:
    """Nothing to see, nothing to tell."""
    row = simulator.store.row("SELECT * FROM message WHERE contact = ? AND direction = 'out' ORDER BY number DESC LIMIT 1", contact)
    if row is None:
        return
    at = _later(simulator, row)
    simulator.world.set_contact(contact, saw_at=at)
    field = "messaging_seen" if account.is_instagram else "message_reads"
    simulator.tell(account, contact, events.read(account, row, at=at), field=field)


def answer_elsewhere(simulator: "Simulator", account: Account, contact: str, *, text: str) -> str:
    """A colleague reads and answers in Business Suite or the native app: we only hear the echo."""
    values = messages.EMPTY | {"text": text, "sent_by": str(events.PAGE_INBOX_APP)}
    row = simulator.add_message(account, contact, direction="out", **values)
    simulator.world.set_contact(contact, read_to=row["at"])
    event = events.echo(account, row, [], app_id=events.PAGE_INBOX_APP)
    simulator.tell(account, contact, event, field="messages" if account.is_instagram else "message_echoes")
    return str(row["mid"])


def opt_in(simulator: "Simulator", account: Account, contact: str, *, title: str) -> str:
    """To marketing messages; opens no window. Returns the token."""
    token = ids.digits(19, "44")
    optin = {
        "type": "notification_messages",
        "payload": title.upper().replace(" ", "_"),
        "notification_messages_token": token,
        "notification_messages_frequency": "WEEKLY",
        "notification_messages_timezone": "UTC",
        "token_expiry_timestamp": simulator.now_ms() + 365 * windows.DAY_MS,
        "user_token_status": "NOT_REFRESHED",
        "title": title,
    }
    _tell_about(simulator, account, contact, "messaging_optins", optin=optin)
    return token


def opt_out(simulator: "Simulator", account: Account, contact: str, *, title: str, token: str) -> None:
    optin = {
        "type": "notification_messages",
        "payload": title.upper().replace(" ", "_"),
        "notification_messages_token": token,
        "notification_messages_status": "STOP NOTIFICATIONS",
        "title": title,
    }
    _tell_about(simulator, account, contact, "messaging_optins", optin=optin)


def link_account(simulator: "Simulator", account: Account, contact: str, *, authorization_code: str) -> None:
    """Without a code the person unlinks."""
    if account.is_instagram:
        raise ValueError("Only on Messenger can accounts be linked.")
    linked = {"status": "linked", "authorization_code": authorization_code} if authorization_code else {"status": "unlinked"}
    _tell_about(simulator, account, contact, "messaging_account_linking", account_linking=linked)


def _tell_about(simulator: "Simulator", account: Account, contact: str, field: str, **content: Any) -> None:
    simulator.tell(account, contact, events.of_contact(account, contact, at=simulator.now_ms(), **content), field=field)


def _tell_edit(simulator: "Simulator", account: Account, contact: str, event: events.Event) -> None:
    simulator.tell(account, contact, event, field="message_edit" if account.is_instagram else "message_edits")


def _check_writing(account: Account, contact: Contact, writing: Writing) -> None:
    _check_not_blocked(contact)
    files = bool(writing.image_url or writing.files)
    if not (writing.text or files or writing.raw or writing.more.get("is_unsupported")):
        raise ValueError("Write a text or send an image.")
    if writing.text and files and not account.is_instagram:
        raise ValueError("On Messenger a text and an image are two messages.")


def _check_not_blocked(contact: Contact) -> None:
    if contact.blocked or contact.banned:
        raise ValueError("One of the two has blocked the other: nothing can be written before that ends.")


def _written(simulator: "Simulator", account: Account, contact: Contact, writing: Writing) -> Row:
    more = dict(writing.more) | _self_reply(simulator, writing)
    pending = contact.ad or contact.ref
    if pending and "referral" not in more:
        more["referral"] = json.loads(pending)
    values = {"text": writing.text, "reply_to": writing.reply_to, "more": json.dumps(more)}
    listed = messages.with_attachments(_attachments(simulator, account, writing))
    kind = {"kind": "unsupported"} if more.get("is_unsupported") else {}
    return simulator.add_message(account, contact.id, direction="in", at=writing.at, **messages.EMPTY | values | listed | kind)


def _self_reply(simulator: "Simulator", writing: Writing) -> dict[str, Any]:
    answered = simulator.store.row("SELECT direction FROM message WHERE mid = ?", writing.reply_to)
    return {"is_self_reply": True} if answered and answered["direction"] == "in" else {}


def _attachments(simulator: "Simulator", account: Account, writing: Writing) -> list[Attachment]:
    now = simulator.now_ms()
    named = [attachments.of_url("image", writing.image_url)] if writing.image_url else []
    kept = [simulator.shelf.keep(content, account=account.id, at=now, kind=kind) for kind, content in writing.files]
    return named + [attachments.of_media(media) for media in kept] + [attachments.of_raw(raw) for raw in writing.raw]


def _own(simulator: "Simulator", account: Account, contact: str, mid: str) -> Row:
    row = _in_thread(simulator, account, contact, mid)
    if row["direction"] != "in":
        raise ValueError("A contact can change and unsend only what they wrote.")
    return row


def _in_thread(simulator: "Simulator", account: Account, contact: str, mid: str) -> Row:
    row = simulator.world.message(mid)
    if (row["account"], row["contact"]) != (account.id, contact) or row["unsent"]:
        raise Unknown(f"There is no message {mid} in this conversation.")
    return row


def _later(simulator: "Simulator", row: Row) -> int:
    """Nothing happens to a message before it was written."""
    return max(simulator.now_ms(), int(row["at"]))
