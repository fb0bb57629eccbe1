"""`POST /{page or account}/messages`: the Send API, its checks in order, and what follows a message."""

import json
from typing import TYPE_CHECKING, Any

from graph.simulator import attachments, comments, errors, events, messages, personas, threads, uploads, utility_templates, windows
from graph.simulator.call import Call
from graph.simulator.drafts import Draft, read_draft
from graph.simulator.errors import invalid
from graph.simulator.faults import Fault, while_sending
from graph.simulator.media import Media, mime_of
from graph.simulator.store import Row
from graph.simulator.world import Account, Contact

if TYPE_CHECKING:
    from graph.simulator.simulator import Simulator


def send(simulator: "Simulator", call: Call, account: Account, fault: Fault | None) -> dict[str, Any]:
    draft = read_draft(call, account)
    simulator.count(account, "private_replies" if draft.is_private_reply else draft.rate)
    contact = check_contact(simulator, account, draft, fault)
    if draft.action:
        return act(simulator, contact, draft)
    _check_companions(simulator, account, contact, draft)
    files = [uploads.have(simulator, call, account, wanted) for wanted in draft.files]
    draft.values |= _picture(simulator, account, draft.values.get("image_url", ""))
    row = keep(simulator, account, contact, draft, files)
    echo(simulator, account, row)
    return {"recipient_id": contact.id, "message_id": row["mid"]} | _reusable(draft, files)


def check_contact(simulator: "Simulator", account: Account, draft: Draft, fault: Fault | None) -> Contact:
    """Recipient, restriction, thread owner, block, window: in this order."""
    contact = _addressed(simulator, account, draft)
    if fault:
        raise while_sending(fault, account)
    if account.restricted:
        raise errors.restricted(account)
    if threads.is_held_elsewhere(simulator, account, contact):
        raise errors.held_elsewhere(account)
    if contact.blocked or contact.banned:
        raise errors.unavailable()
    if not _may_write(simulator, account, contact, draft):
        raise errors.outside_window(account)
    return contact


def act(simulator: "Simulator", contact: Contact, draft: Draft) -> dict[str, Any]:
    if draft.action in ("react", "unreact"):
        _react(simulator, contact, draft)
    if draft.action == "mark_seen":
        simulator.world.set_contact(contact.id, read_to=simulator.last_at(contact.id))
    return {"recipient_id": contact.id}


def keep(simulator: "Simulator", account: Account, contact: Contact, draft: Draft, files: list[Media]) -> Row:
    """Writes the message as the contact's phone received it. Whoever answers an idle conversation controls it."""
    kind = draft.values.get("kind", "") if draft.values.get("template") else ""
    listed = messages.with_attachments([attachments.of_media(file) for file in files], kind=kind)
    url = {"url": draft.values["url"]} if "url" in draft.values else {}
    values = messages.EMPTY | draft.values | listed | url | {"tag": draft.tag, "sent_by": account.app}
    with simulator.store.transaction():
        row = simulator.add_message(account, contact.id, direction="out", **values)
        if draft.is_private_reply:
            comments.answered(simulator, draft.recipient)
        elif draft.tag != "HUMAN_AGENT":
            threads.keep_for(simulator, contact.id, account.app)
    return row


def echo(simulator: "Simulator", account: Account, row: Row) -> None:
    """Meta tells of every message sent, before or after it answers; on Messenger also that it was delivered."""
    app_id = int(row["sent_by"]) if row["sent_by"].isdigit() else None
    event = events.echo(account, row, attachments.wire(simulator.shelf, row, now=simulator.now_ms()), app_id=app_id)
    field = "messages" if account.is_instagram else "message_echoes"
    simulator.announce_send(account, event, field=field, times={"never": 0, "twice": 2}.get(account.echo, 1))
    if not account.is_instagram:
        simulator.announce_send(account, events.delivery(row), field="message_deliveries", times=1)


def _addressed(simulator: "Simulator", account: Account, draft: Draft) -> Contact:
    if draft.is_private_reply:
        return comments.author_to_answer(simulator, account, draft.recipient)
    if not simulator.world.knows(draft.recipient, account=account.id):
        raise errors.no_recipient(account)
    return simulator.world.contact(draft.recipient, account=account.id)


def _may_write(simulator: "Simulator", account: Account, contact: Contact, draft: Draft) -> bool:
    """A private reply has its own seven days; an approved utility template needs no window."""
    free = draft.is_private_reply or bool(draft.utility)
    return free or windows.may_write(account, contact, tag=draft.tag, now=simulator.now_ms())


def _check_companions(simulator: "Simulator", account: Account, contact: Contact, draft: Draft) -> None:
    """What the message refers to has to exist."""
    answered = draft.values.get("reply_to", "")
    if answered and not simulator.store.rows("SELECT 1 FROM message WHERE mid = ? AND contact = ? AND NOT unsent", answered, contact.id):
        raise invalid("The message to reply to is not in this conversation.")
    personas.check(simulator, account, json.loads(draft.values.get("more", "{}")).get("persona", ""))
    if draft.utility:
        draft.values |= {"kind": "text", "text": utility_templates.text(simulator, account, draft.utility)}


def _picture(simulator: "Simulator", account: Account, url: str) -> dict[str, str]:
    """The picture of a card, which Meta fetches itself. A card whose picture cannot be had goes out without it."""
    status, content = simulator.fetch(url) if url else (0, b"")
    if status != 200 or mime_of(content) not in uploads.IMAGES:
        return {}
    return {"media": simulator.shelf.keep(content, account=account.id, at=simulator.now_ms(), name="card").id}


def _reusable(draft: Draft, files: list[Media]) -> dict[str, str]:
    fresh = len(files) == 1 and draft.files[0].is_reusable and not draft.files[0].attachment_id
    return {"attachment_id": files[0].id} if fresh else {}


def _react(simulator: "Simulator", contact: Contact, draft: Draft) -> None:
    """No webhook tells of a reaction by the account."""
    mid, given = str(draft.payload.get("message_id", "")), draft.payload.get("reaction", "love")
    reaction = json.dumps({"by": "account", "emoji": given}) if draft.action == "react" else ""
    sql = "UPDATE message SET reaction = ? WHERE mid = ? AND contact = ? AND NOT unsent"
    if not simulator.store.run(sql, reaction, mid, contact.id):
        raise invalid("There is no such message to react to.", 2018048)
