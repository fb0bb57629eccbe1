"""`POST /{page or account}/messages`: the Send API, its checks in order, and what follows a message."""

import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from graph.simulator import errors, templates, uploads, webhooks
from graph.simulator.call import Call
from graph.simulator.errors import invalid, invalid_for
from graph.simulator.faults import Fault, while_sending
from graph.simulator.media import Media
from graph.simulator.store import Row
from graph.simulator.world import Account, Contact

if TYPE_CHECKING:
    from graph.simulator.simulator import Simulator

DAY_MS = 24 * 3600 * 1000
AFTER_THE_ANSWER = 0.25
ACTIONS = ("typing_on", "typing_off", "mark_seen", "react", "unreact")
TYPES = {"messenger": ("RESPONSE", "UPDATE", "MESSAGE_TAG"), "instagram": ("RESPONSE", "MESSAGE_TAG")}
EMPTY = {
    "text": "",
    "url": "",
    "title": "",
    "subtitle": "",
    "image_url": "",
    "button": "",
    "media": "",
    "metadata": "",
    "tag": "",
    "reply_to": "",
    "template": "",
    "sent_by": "",
    "reaction": "",
    "unsent": 0,
}


@dataclass
class Draft:
    """A send that passed the checks of its body."""

    recipient: str
    tag: str
    action: str
    values: dict[str, Any] = field(default_factory=dict)
    attachment: dict[str, Any] = field(default_factory=dict)


def send(simulator: "Simulator", call: Call, account: Account, fault: Fault | None) -> dict[str, Any]:
    draft = read_draft(call, account)
    contact = check_contact(simulator, account, draft, fault)
    if draft.action:
        return act(simulator, call, contact, draft)
    media = uploads.image_of(simulator, call, account, draft.attachment) if draft.attachment else None
    row = keep(simulator, account, contact, draft, media)
    echo(simulator, account, row, media)
    answer = {"recipient_id": contact.id, "message_id": row["mid"]}
    return answer | ({"attachment_id": media.id} if media and _is_reusable(draft.attachment) else {})


def read_draft(call: Call, account: Account) -> Draft:
    recipient, message, action = call.thing("recipient"), call.thing("message"), call.text("sender_action").lower()
    if len(recipient) != 1:
        raise invalid(
            "The parameter recipient is required." if not recipient else "Give exactly one kind of recipient."
        )
    if "id" not in recipient:
        raise invalid("The simulator sends to recipient.id only.")
    if message and action:
        raise invalid("Send either a message or a sender_action.", 2018014)
    draft = Draft(str(recipient["id"]), _tag(call, account), _action(action))
    if not action:
        _read_message(call, account, message, draft)
    return draft


def check_contact(simulator: "Simulator", account: Account, draft: Draft, fault: Fault | None) -> Contact:
    """Recipient, restriction, thread owner, block, window: in this order."""
    if not simulator.world.knows(draft.recipient, account=account.id):
        raise errors.no_recipient(account)
    if fault:
        raise while_sending(fault, account)
    contact = simulator.world.contact(draft.recipient, account=account.id)
    if not may_write(account, contact, tag=draft.tag, now=simulator.now_ms()):
        raise errors.outside_window(account)
    return contact


def may_write(account: Account, contact: Contact, *, tag: str, now: int) -> bool:
    """24 hours after the contact's last action; with the Human Agent feature seven days after their last message."""
    if contact.acted_at is not None and now - contact.acted_at <= DAY_MS:
        return True
    human = tag == "HUMAN_AGENT" and account.human_agent
    return human and contact.wrote_at is not None and now - contact.wrote_at <= 7 * DAY_MS


def act(simulator: "Simulator", call: Call, contact: Contact, draft: Draft) -> dict[str, Any]:
    if draft.action in ("react", "unreact"):
        _react(simulator, call, contact, draft.action)
    return {"recipient_id": contact.id}


def keep(simulator: "Simulator", account: Account, contact: Contact, draft: Draft, media: Media | None) -> Row:
    """Writes the message as the contact's phone received it."""
    values = EMPTY | draft.values | {"tag": draft.tag, "media": media.id if media else "", "sent_by": account.app}
    if media:
        values["kind"] = "image"
    return simulator.add_message(account, contact.id, direction="out", **values)


def echo(simulator: "Simulator", account: Account, row: Row, media: Media | None) -> None:
    """Meta tells of every message sent, before or after it answers; on Messenger also that it was delivered."""
    app_id = int(row["sent_by"]) if row["sent_by"].isdigit() else None
    url = simulator.shelf.url(media) if media else ""
    event = webhooks.echo(account, row, image_url=url, app_id=app_id)
    field = "messages" if account.is_instagram else "message_echoes"
    simulator.announce_send(account, event, field=field, times={"never": 0, "twice": 2}.get(account.echo, 1))
    if not account.is_instagram:
        simulator.announce_send(account, webhooks.delivery(row), field="message_deliveries", times=1)


def _tag(call: Call, account: Account) -> str:
    """Since 27 April 2026 the three transactional tags answer 100; Instagram knows HUMAN_AGENT only."""
    tag, kind = call.text("tag"), call.text("messaging_type", "RESPONSE")
    if kind not in TYPES[account.network]:
        raise invalid(f"Unsupported messaging_type {kind}.")
    if (kind == "MESSAGE_TAG") != bool(tag):
        raise invalid("A message tag needs messaging_type MESSAGE_TAG, and the other way round.")
    if tag not in ("", "HUMAN_AGENT"):
        raise invalid("Unsupported message tag.")
    return tag


def _action(action: str) -> str:
    if action and action not in ACTIONS:
        raise invalid(f"Unsupported sender_action {action}.")
    return action


def _read_message(call: Call, account: Account, message: dict[str, Any], draft: Draft) -> None:
    text, attachment = message.get("text"), message.get("attachment")
    if "attachments" in message:
        raise invalid_for(account, "The simulator takes one attachment per message.")
    if bool(text) == bool(attachment):
        raise invalid_for(account, "Give either a text or an attachment.", 2018034)
    draft.values = {"metadata": _metadata(account, message), "reply_to": str(call.thing("reply_to").get("mid", ""))}
    if text:
        draft.values |= {"kind": "text", "text": _text(account, text)}
    else:
        _read_attachment(account, attachment, draft)


def _text(account: Account, text: Any) -> str:
    """Messenger counts 2000 characters, Instagram 1000 bytes of UTF-8."""
    if not isinstance(text, str) or not text.strip():
        raise invalid_for(account, "The message text must not be empty.", 2018034)
    if account.is_instagram and len(text.encode()) > 1000:
        raise invalid_for(account, "The text must be UTF-8 and at most 1000 bytes.")
    if not account.is_instagram and len(text) > 2000:
        raise invalid("Length of param message[text] must be less than or equal to 2000")
    return text


def _metadata(account: Account, message: dict[str, Any]) -> str:
    metadata = message.get("metadata", "")
    if not isinstance(metadata, str) or len(metadata) > 1000:
        raise invalid("Param message[metadata] must be a string of at most 1000 characters.")
    return metadata


def _read_attachment(account: Account, attachment: Any, draft: Draft) -> None:
    if not isinstance(attachment, dict) or not isinstance(attachment.get("payload"), dict):
        raise invalid_for(account, "An attachment needs a type and a payload.")
    if attachment.get("type") == "template":
        draft.values |= templates.read(account, attachment["payload"])
    elif attachment.get("type") == "image":
        draft.values["kind"], draft.attachment = "image", attachment
    else:
        raise invalid_for(account, "The simulator takes images and templates.")


def _is_reusable(attachment: dict[str, Any]) -> bool:
    payload = attachment.get("payload", {})
    return bool(payload.get("is_reusable")) and "attachment_id" not in payload


def _react(simulator: "Simulator", call: Call, contact: Contact, action: str) -> None:
    payload = call.thing("payload")
    reaction = json.dumps({"by": "account", "emoji": payload.get("reaction", "love")}) if action == "react" else ""
    sql = "UPDATE message SET reaction = ? WHERE mid = ? AND contact = ?"
    if not simulator.store.run(sql, reaction, str(payload.get("message_id", "")), contact.id):
        raise invalid("There is no such message to react to.", 2018048)
