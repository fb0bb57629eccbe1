"""The Conversations API: conversations, their messages, one message. Only the 20 newest of each can be opened."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from graph.simulator import errors, shown_messages, windows
from graph.simulator.call import Call
from graph.simulator.fields import Fields, parse
from graph.simulator.paging import DEFAULT, LARGEST, cursors, page, part, window
from graph.simulator.shown_messages import business, iso, person
from graph.simulator.store import LISTED, Row
from graph.simulator.world import Account, Contact, Unknown

if TYPE_CHECKING:
    from graph.simulator.simulator import Simulator

Data = dict[str, Any]

OPENABLE = 20
REQUESTS_LIFE_MS = 30 * windows.DAY_MS
CONVERSATION = (
    "id", "updated_time", "participants", "messages", "snippet", "message_count", "unread_count", "can_reply", "link", "name",
    "senders", "folder", "is_subscribed", "is_owner", "former_participants", "scoped_thread_key",
)  # fmt: skip
# On Instagram a conversation waits among the requests until the account answers.
FOLDER = "CASE WHEN spam THEN 'spam' WHEN answered OR NOT :instagram THEN 'inbox' ELSE 'pending' END"
INSTAGRAM_CONVERSATION = ("id", "updated_time", "participants", "messages", "name")


def conversations(simulator: "Simulator", call: Call, account: Account) -> Data:
    """Newest first; `user_id` finds the one conversation with that person."""
    start, limit = window(call)
    wanted = parse(call.text("fields")).or_default("id", "updated_time")
    is_here = call.text("platform", account.network) == account.network
    threads = _threads(simulator, call, account, start=start, most=limit + 1) if is_here else []
    shown = [_conversation(simulator, account, thread, wanted) for thread in threads[:limit]]
    return part(call, shown, start=start, is_last=len(threads) <= limit)


def conversation(simulator: "Simulator", call: Call, accounts: list[Account]) -> Data:
    account, contact = _thread_named(simulator, call, accounts)
    return _conversation(simulator, account, contact, parse(call.text("fields")).or_default("id", "updated_time"))


def messages(simulator: "Simulator", call: Call, accounts: list[Account]) -> Data:
    account, contact = _thread_named(simulator, call, accounts)
    start, limit = window(call)
    wanted = parse(call.text("fields")).or_default("id", "created_time")
    listed = _messages(simulator, account, contact, wanted, most=start + limit + 1)
    return part(call, listed[start : start + limit], start=start, is_last=len(listed) <= start + limit)


def message(simulator: "Simulator", call: Call, accounts: list[Account]) -> Data:
    account, row = _opened(simulator, call, accounts)
    contact = simulator.world.contact(row["contact"], account=account.id)
    return shown_messages.show(simulator, account, contact, row, parse(call.text("fields")).or_default("id", "created_time"))


def message_attachments(simulator: "Simulator", call: Call, accounts: list[Account]) -> Data:
    """The edge of a message, as far as it differs from the field."""
    account, row = _opened(simulator, call, accounts)
    contact = simulator.world.contact(row["contact"], account=account.id)
    return page(call, shown_messages.show(simulator, account, contact, row, parse("attachments")).get("attachments", {}).get("data", []))


def _threads(simulator: "Simulator", call: Call, account: Account, *, start: int, most: int) -> list[Contact]:
    """Meta, Conversations API: Instagram's requests without activity for 30 days are not returned."""
    now, asked = simulator.now_ms(), call.text("folder")
    where = [
        "account = ?", "newest_at > ?", "newest_at < ?", f"({FOLDER} != 'pending' OR newest_at >= ?)",
        *(["id = ?"] if call.text("user_id") else []), *([f"{FOLDER} = ?"] if asked else []),
    ]  # fmt: skip
    values = [account.id, _after(call), _before(call), now - REQUESTS_LIFE_MS, *filter(None, (call.text("user_id"), asked))]
    return simulator.world.contacts_where(
        " AND ".join(where).replace(":instagram", str(int(account.is_instagram))), *values, start=start, most=most
    )


def _after(call: Call) -> int:
    return call.number("updated_after_ms", -1)


def _before(call: Call) -> int:
    return call.number("updated_before_ms", 10**15)


def _folder(simulator: "Simulator", account: Account, contact: Contact) -> str:
    sql = f"SELECT {FOLDER} AS folder FROM contact WHERE id = ?".replace(":instagram", str(int(account.is_instagram)))  # noqa: S608
    row = simulator.store.row(sql, contact.id)
    return str(row["folder"]) if row else ""


def _thread_named(simulator: "Simulator", call: Call, accounts: list[Account]) -> tuple[Account, Contact]:
    try:
        contact = simulator.world.contact_in(call.node)
    except Unknown:
        raise errors.no_such_object(call.node, call.method) from None
    return _of(accounts, contact.account, call), contact


def _opened(simulator: "Simulator", call: Call, accounts: list[Account]) -> tuple[Account, Row]:
    try:
        row = simulator.world.message(call.node)
    except Unknown:
        raise errors.no_such_object(call.node, call.method) from None
    account = _of(accounts, row["account"], call)
    if row["mid"] not in [each["mid"] for each in _rows(simulator, row["contact"], most=OPENABLE)]:
        raise errors.gone()
    return account, row


def _of(accounts: list[Account], account_id: str, call: Call) -> Account:
    for account in accounts:
        if account.id == account_id:
            return account
    raise errors.no_such_object(call.node, call.method)


def _rows(simulator: "Simulator", contact: str, *, most: int = -1) -> list[Row]:
    """Newest first. Unsent messages are in no list, taps of a button are not messages."""
    sql = f"SELECT * FROM message WHERE contact = ? AND {LISTED} ORDER BY at DESC, number DESC LIMIT ?"  # noqa: S608
    return simulator.store.rows(sql, contact, most)


def _newest(simulator: "Simulator", contact: str) -> Row | None:
    return next(iter(_rows(simulator, contact, most=1)), None)


def _conversation(simulator: "Simulator", account: Account, contact: Contact, wanted: Fields) -> Data:
    """Observed on graph.instagram.com: asking for unread_count fails."""
    wanted.check("UnifiedThread", INSTAGRAM_CONVERSATION if account.site == "instagram" else CONVERSATION)
    newest = _newest(simulator, contact.id)
    both = {"data": [person(account, contact), business(account)]}
    every: dict[str, Callable[[], Any]] = {
        "updated_time": lambda: iso(newest["at"] if newest else simulator.now_ms()),
        "participants": lambda: both,
        "senders": lambda: both,
        "former_participants": lambda: {"data": []},
        "messages": lambda: _nested(simulator, account, contact, wanted.inner["messages"]),
        "snippet": lambda: newest["text"] if newest else "",
        "message_count": lambda: len(_rows(simulator, contact.id)),
        "unread_count": lambda: _unread(simulator, contact),
        "can_reply": lambda: windows.is_open(contact, now=simulator.now_ms()),
        "link": lambda: f"/{account.id}/inbox/{contact.conversation}/",
        "name": lambda: contact.name,
        "folder": lambda: _folder(simulator, account, contact),
        "is_subscribed": lambda: True,
        "is_owner": lambda: contact.held_by(now=simulator.now_ms()) in ("", account.app),
        "scoped_thread_key": lambda: contact.conversation,
    }
    return {name: make() for name, make in every.items() if name in wanted} | {"id": contact.conversation}


def _unread(simulator: "Simulator", contact: Contact) -> int:
    """What was written since somebody read the conversation; to answer through the API is not to read."""
    sql = "SELECT count(*) AS unread FROM message WHERE contact = ? AND direction = 'in' AND at > ? AND NOT unsent AND kind != 'postback'"
    row = simulator.store.row(sql, contact.id, contact.read_to)
    return int(row["unread"]) if row else 0


def _nested(simulator: "Simulator", account: Account, contact: Contact, wanted: Fields) -> Data:
    most = min(wanted.limit or DEFAULT, LARGEST)
    shown = _messages(simulator, account, contact, wanted.or_default("id", "created_time"), most=most)
    return {"data": shown} | ({"paging": {"cursors": cursors(0, len(shown))}} if shown else {})


def _messages(simulator: "Simulator", account: Account, contact: Contact, wanted: Fields, *, most: int) -> list[Data]:
    """Of those older than the 20 newest, Meta lists little more than the id."""
    bare = parse("id,created_time")
    return [
        shown_messages.show(simulator, account, contact, row, wanted if index < OPENABLE else bare)
        for index, row in enumerate(_rows(simulator, contact.id, most=most))
    ]
