"""The Conversations API: conversations, their messages, one message. Only the 20 newest of each can be opened."""

import base64
import json
from collections.abc import Callable
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

from graph.simulator import errors
from graph.simulator.call import Call
from graph.simulator.fields import Fields, parse
from graph.simulator.store import Row
from graph.simulator.world import Account, Contact, Unknown

if TYPE_CHECKING:
    from graph.simulator.simulator import Simulator

OPENABLE = 20
DEFAULT_PAGE, LARGEST_PAGE = 25, 100
CONVERSATION = (
    "id",
    "updated_time",
    "participants",
    "messages",
    "snippet",
    "message_count",
    "unread_count",
    "can_reply",
    "link",
    "name",
    "senders",
)
INSTAGRAM_CONVERSATION = ("id", "updated_time", "participants", "messages", "name")
MESSAGE = (
    "id",
    "created_time",
    "from",
    "to",
    "message",
    "attachments",
    "reactions",
    "reply_to",
    "shares",
    "story",
    "is_unsupported",
    "sticker",
    "tags",
)


def conversations(simulator: "Simulator", call: Call, account: Account) -> dict[str, Any]:
    """Newest first; `user_id` finds the one conversation with that person."""
    platform = call.text("platform", account.network)
    threads = [] if platform != account.network else _threads(simulator, account, call.text("user_id"))
    shown = parse(call.text("fields")).or_default("id", "updated_time")
    return _page(call, [_conversation(simulator, account, thread, shown) for thread in threads])


def conversation(simulator: "Simulator", call: Call, accounts: list[Account]) -> dict[str, Any]:
    account, contact = _thread_named(simulator, call, accounts)
    shown = parse(call.text("fields")).or_default("id", "updated_time")
    return _conversation(simulator, account, contact, shown)


def messages(simulator: "Simulator", call: Call, accounts: list[Account]) -> dict[str, Any]:
    account, contact = _thread_named(simulator, call, accounts)
    shown = parse(call.text("fields")).or_default("id", "created_time")
    return _page(call, _messages(simulator, account, contact, shown))


def message(simulator: "Simulator", call: Call, accounts: list[Account]) -> dict[str, Any]:
    account, row = _message_named(simulator, call, accounts)
    newest = _rows(simulator, row["contact"])[:OPENABLE]
    if row["mid"] not in [each["mid"] for each in newest]:
        raise errors.gone()
    contact = simulator.world.contact(row["contact"], account=account.id)
    return _message(simulator, account, contact, row, parse(call.text("fields")).or_default("id", "created_time"))


def _threads(simulator: "Simulator", account: Account, user_id: str) -> list[Contact]:
    known = [c for c in simulator.world.contacts(account.id) if not user_id or c.id == user_id]
    newest = {c.id: _rows(simulator, c.id)[:1] for c in known}
    return sorted((c for c in known if newest[c.id]), key=lambda c: -int(newest[c.id][0]["number"]))


def _thread_named(simulator: "Simulator", call: Call, accounts: list[Account]) -> tuple[Account, Contact]:
    try:
        contact = simulator.world.contact_in(call.node)
    except Unknown:
        raise errors.no_such_object(call.node, call.method) from None
    return _of(accounts, contact.account, call), contact


def _message_named(simulator: "Simulator", call: Call, accounts: list[Account]) -> tuple[Account, Row]:
    try:
        row = simulator.world.message(call.node)
    except Unknown:
        raise errors.no_such_object(call.node, call.method) from None
    return _of(accounts, row["account"], call), row


def _of(accounts: list[Account], account_id: str, call: Call) -> Account:
    for account in accounts:
        if account.id == account_id:
            return account
    raise errors.no_such_object(call.node, call.method)


def _rows(simulator: "Simulator", contact: str) -> list[Row]:
    """Unsent messages are in no list, taps of a button are not messages."""
    return simulator.store.rows(
        "SELECT * FROM message WHERE contact = ? AND NOT unsent AND kind != 'postback' ORDER BY number DESC", contact
    )


def _conversation(simulator: "Simulator", account: Account, contact: Contact, shown: Fields) -> dict[str, Any]:
    shown.check("UnifiedThread", INSTAGRAM_CONVERSATION if _is_instagram_host(account) else CONVERSATION)
    rows = _rows(simulator, contact.id)
    every: dict[str, Callable[[], Any]] = {
        "updated_time": lambda: iso(rows[0]["at"]) if rows else iso(simulator.now_ms()),
        "participants": lambda: {"data": [person(account, contact), business(account)]},
        "senders": lambda: {"data": [person(account, contact), business(account)]},
        "messages": lambda: _nested(simulator, account, contact, shown.inner["messages"]),
        "snippet": lambda: rows[0]["text"] if rows else "",
        "message_count": lambda: len(rows),
        "unread_count": lambda: 0,
        "can_reply": lambda: bool(contact.acted_at and simulator.now_ms() - contact.acted_at <= 24 * 3600 * 1000),
        "link": lambda: f"/{account.id}/inbox/{contact.conversation}/",
        "name": lambda: contact.name,
    }
    return {name: make() for name, make in every.items() if name in shown} | {"id": contact.conversation}


def _is_instagram_host(account: Account) -> bool:
    """Observed on graph.instagram.com: asking for unread_count fails."""
    return account.site == "instagram"


def _nested(simulator: "Simulator", account: Account, contact: Contact, shown: Fields) -> dict[str, Any]:
    wanted = shown.or_default("id", "created_time")
    found = _messages(simulator, account, contact, wanted)
    page = found[: min(shown.limit or DEFAULT_PAGE, LARGEST_PAGE)]
    return {"data": page} | ({"paging": {"cursors": _cursors(0, len(page))}} if page else {})


def _messages(simulator: "Simulator", account: Account, contact: Contact, shown: Fields) -> list[dict[str, Any]]:
    """Of those older than the 20 newest, Meta lists little more than the id."""
    rows, bare = _rows(simulator, contact.id), parse("id,created_time")
    return [
        _message(simulator, account, contact, row, shown if index < OPENABLE else bare)
        for index, row in enumerate(rows)
    ]


def _message(simulator: "Simulator", account: Account, contact: Contact, row: Row, shown: Fields) -> dict[str, Any]:
    shown.check("Message", MESSAGE)
    them, us = person(account, contact), business(account)
    incoming = row["direction"] == "in"
    every: dict[str, Any] = {
        "created_time": iso(row["at"]),
        "from": them if incoming else us,
        "to": {"data": [us if incoming else them]},
        "message": row["text"],
        "attachments": _attachments(simulator, row),
        "reactions": _reactions(row, them, us),
        "reply_to": {"mid": row["reply_to"]} if row["reply_to"] else None,
    }
    return {name: value for name, value in every.items() if name in shown and value is not None} | {"id": row["mid"]}


def _attachments(simulator: "Simulator", row: Row) -> dict[str, Any] | None:
    """Keys appear only when set."""
    if row["kind"] == "link":
        cta = {"title": row["button"], "type": "web_url", "url": row["url"]}
        card = {"title": row["title"], "subtitle": row["subtitle"], "media_url": row["image_url"], "cta": cta}
        return {"data": [{"id": f"{row['number']}", "generic_template": card}]}
    if row["media"] and (media := simulator.shelf.find(row["media"])):
        url, name = simulator.shelf.url(media), "image." + media.mime.rpartition("/")[2]
        image = {"url": url, "preview_url": url, "image_type": 1, "render_as_sticker": False}
        return {
            "data": [
                {"id": media.id, "mime_type": media.mime, "name": name, "size": len(media.content), "image_data": image}
            ]
        }
    if row["kind"] == "image":
        return {"data": [{"id": f"{row['number']}", "mime_type": "image/jpeg", "image_data": {"url": row["url"]}}]}
    return None


def _reactions(row: Row, them: dict[str, str], us: dict[str, str]) -> dict[str, Any] | None:
    if not row["reaction"]:
        return None
    given = json.loads(row["reaction"])
    return {"data": [{"reaction": given["emoji"], "users": [them if given["by"] == "contact" else us]}]}


def person(account: Account, contact: Contact) -> dict[str, str]:
    if account.is_instagram:
        return {"username": contact.username, "id": contact.id}
    return {"name": contact.name, "email": f"{contact.id}@facebook.com", "id": contact.id}


def business(account: Account) -> dict[str, str]:
    if account.is_instagram:
        return {"username": account.username, "id": account.id}
    return {"name": account.name, "email": f"{account.id}@facebook.com", "id": account.id}


def iso(at: int) -> str:
    """Meta writes +0000, not Z."""
    return datetime.fromtimestamp(at / 1000, UTC).strftime("%Y-%m-%dT%H:%M:%S+0000")


def _page(call: Call, things: list[dict[str, Any]]) -> dict[str, Any]:
    start = _offset(call.text("after"))
    limit = max(1, min(call.number("limit", DEFAULT_PAGE), LARGEST_PAGE))
    page = things[start : start + limit]
    if not page:
        return {"data": []}
    paging: dict[str, Any] = {"cursors": _cursors(start, start + len(page))}
    if start + limit < len(things):
        paging["next"] = _next_url(call, paging["cursors"]["after"])
    return {"data": page, "paging": paging}


def _next_url(call: Call, after: str) -> str:
    """As at Meta it contains the access token: never to be logged."""
    query = {k: v for k, v in call.params.items() if k != "after"} | {"access_token": call.token, "after": after}
    return f"https://graph.{call.site}.com/v26.0/{'/'.join(call.parts)}?{urlencode(query)}"


def _cursors(start: int, end: int) -> dict[str, str]:
    return {"before": _cursor(start), "after": _cursor(end)}


def _cursor(offset: int) -> str:
    return "QVFI" + base64.urlsafe_b64encode(str(offset).zfill(9).encode()).decode()


def _offset(cursor: str) -> int:
    if not cursor:
        return 0
    try:
        return int(base64.urlsafe_b64decode(cursor.removeprefix("QVFI")))
    except ValueError:
        raise errors.invalid("Invalid cursor.") from None
