"""The control API under /sim and the phone page at /: open to whoever sits at this machine, and to nobody else."""

import base64
import binascii
import json
import re
import secrets
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import httpx

from graph.simulator import samples, threads, tokens, windows
from graph.simulator.media import SAMPLES, mime_of
from graph.simulator.world import Account, Contact, Unknown

if TYPE_CHECKING:
    from graph.simulator.simulator import Simulator

PAGE = Path(__file__).with_name("page.html")
LOOPBACK = ("127.0.0.1", "localhost", "::1")
RANGE = re.compile(r"bytes=(\d+)-(\d*)")
SHOWN_TYPES = ("image/png", "image/jpeg", "image/gif", "image/webp", "audio/wav", "audio/mpeg", "audio/aac", "audio/mp4", "video/mp4", "video/webm")
APP = ("id", "callback_url", "deauthorise_url", "deletion_url", "rate_limits", "batch", "disorder", "duplicates", "wrong_signature")
ACCOUNT = ("id", "network", "name", "username", "app", "login", "page_id", "echo", "ad_window_days", "disabled_at", "failing_since")
SHOWN_CONTACTS = 300
CONTACT = ("id", "name", "username", "acted_at", "wrote_at", "saw_at", "conversation")

# What a POST to /sim/{name} calls; its JSON fields are the keywords of that method.
COMMANDS = {
    "apps": ("add_app", ""),
    "accounts": ("add_account", ""),
    "contacts": ("add_contact", "id"),
    "people": ("add_person", "person"),
    "tokens": ("set_token", ""),
    "permissions": ("set_permissions", ""),
    "access": ("allow_messages", ""),
    "history": ("add_history", "added"),
    "unsubscriptions": ("unsubscribe", ""),
    "messages": ("write", "mid"),
    "edits": ("edit", ""),
    "odd-edits": ("edit_oddly", ""),
    "reactions": ("react", ""),
    "unreactions": ("unreact", ""),
    "unsends": ("unsend", ""),
    "taps": ("tap", "mid"),
    "views": ("see", ""),
    "blocks": ("block", ""),
    "unblocks": ("unblock", ""),
    "links": ("follow_link", ""),
    "ads": ("click_ad", ""),
    "optins": ("opt_in", "token"),
    "optouts": ("opt_out", ""),
    "account-links": ("link_account", ""),
    "stickers": ("send_sticker", "mid"),
    "locations": ("send_location", "mid"),
    "ephemerals": ("send_ephemeral", "mid"),
    "unsupported": ("send_unsupported", "mid"),
    "posts": ("share_post", "mid"),
    "reels": ("share_reel", "mid"),
    "story-mentions": ("mention_in_story", "mid"),
    "story-replies": ("reply_to_story", "mid"),
    "comments": ("comment", "id"),
    "comment-edits": ("edit_comment", ""),
    "comment-removals": ("remove_comment", ""),
    "page-posts": ("post_on_page", "id"),
    "mentions": ("mention", ""),
    "elsewhere": ("answer_elsewhere", "mid"),
    "holds": ("hold_thread", ""),
    "releases": ("release_thread", ""),
    "thread-requests": ("request_thread", ""),
    "policy": ("enforce_policy", ""),
    "tests": ("test_button", "posted"),
    "deauthorisations": ("deauthorise", "answer"),
    "deletions": ("request_deletion", "answer"),
    "webhook-mode": ("webhook_mode", ""),
    "events": ("announce", ""),
    "echo": ("set_echo", ""),
    "faults": ("fault", "id"),
    "clock": ("advance", "now"),
    "settle": ("settle", "delivered"),
    "reset": ("reset", ""),
}


def handle(simulator: "Simulator", request: httpx.Request) -> httpx.Response:
    if not _is_local(request.headers.get("host", ""), simulator.hosts) or _is_foreign(request):
        return _error(403, "The simulator answers only pages and programs on this machine.")
    try:
        return _answer(simulator, request)
    except Unknown as error:
        return _error(404, str(error))
    except (TypeError, ValueError, KeyError) as error:
        return _error(400, str(error))


def _answer(simulator: "Simulator", request: httpx.Request) -> httpx.Response:
    path = request.url.path
    if request.method == "GET":
        return _page() if path == "/" else _read(simulator, request, path.removeprefix("/sim/"))
    name = path.removeprefix("/sim/")
    if request.method == "DELETE" and name == "faults":
        simulator.clear_faults(**dict(request.url.params))
        return _json(200, {"ok": True})
    if request.method == "POST" and path.startswith("/sim/") and name in COMMANDS:
        return _command(simulator, name, _body(request))
    return _error(404, "There is nothing here.")


def _command(simulator: "Simulator", name: str, body: dict[str, Any]) -> httpx.Response:
    method, result = COMMANDS[name]
    if "image" in body:
        body["image"] = _bytes(body["image"])
    if "media" in body:
        body["media"] = [(kind, samples.sample(kind) if content == "sample" else _bytes(content)) for kind, content in body["media"]]
    value = getattr(simulator, method)(**body)
    return _json(200, {"ok": True} | ({result: value} if result else {}))


def _read(simulator: "Simulator", request: httpx.Request, name: str) -> httpx.Response:
    if name in SAMPLES:
        content = samples.sample(SAMPLES[name])
        return _file(content, mime_of(content), request)
    if name.startswith("media/"):
        return _media(simulator, name.removeprefix("media/"), request)
    lists: dict[str, Callable[[], Any]] = {
        "health": lambda: {"ok": True, "now": simulator.now(), "waiting": len(simulator.outbox.waiting())},
        "world": lambda: world(simulator),
        "messages": lambda: {"data": simulator.messages(**dict(request.url.params))},
        "requests": lambda: {"data": simulator.requests(**dict(request.url.params)), "counts": simulator.counts()},
        "webhooks": lambda: {"data": simulator.webhooks()},
        "faults": lambda: {"data": simulator.store.rows("SELECT * FROM fault ORDER BY id")},
    }
    return _json(200, lists[name]()) if name in lists else _error(404, "There is nothing here.")


def world(simulator: "Simulator") -> dict[str, Any]:
    """Everybody, without tokens and secrets; of thousands of contacts those with whom something was said last."""
    apps = [{name: getattr(app, name) for name in APP} for app in simulator.world.apps()]
    accounts = [_account(simulator, account.id) for account in simulator.world.accounts()]
    return {
        "now": simulator.now(),
        "offset": simulator.offset(),
        "apps": apps,
        "accounts": accounts,
        "people": [{"id": each.id, "name": each.name, "app": each.app, "pages": each.pages, "kind": each.kind} for each in tokens.people(simulator.store)],
        "waiting": len(simulator.outbox.waiting()),
    }


def _account(simulator: "Simulator", account_id: str) -> dict[str, Any]:
    account = simulator.world.account(account_id)
    return {name: getattr(account, name) for name in ACCOUNT} | {
        "human_agent": bool(account.human_agent),
        "subscribed": bool(account.fields),
        "restricted": bool(account.restricted),
        "dm_access": bool(account.dm_access),
        "contact_count": simulator.world.contact_count(account_id),
        "contacts": [_contact(simulator, account, contact) for contact in simulator.world.newest_contacts(account_id, most=SHOWN_CONTACTS)],
    }


def _contact(simulator: "Simulator", account: Account, contact: Contact) -> dict[str, Any]:
    return {name: getattr(contact, name) for name in CONTACT} | {
        "blocked": bool(contact.blocked),
        "banned": bool(contact.banned),
        "holder": contact.held_by(now=simulator.now_ms()),
        "held_elsewhere": threads.is_held_elsewhere(simulator, account, contact),
        "window_until": windows.closes_at(contact),
    }


def _media(simulator: "Simulator", media_id: str, request: httpx.Request) -> httpx.Response:
    media, query = simulator.shelf.find(media_id), request.url.params
    at = query.get("at", "")
    status = simulator.shelf.status(media, at=at, signature=query.get("signature"), now=simulator.now_ms())
    if media is None or status != 200:
        return _error(status, "This file is no longer available.")
    return _file(media.content, media.mime, request)


def _is_local(host: str, more: tuple[str, ...]) -> bool:
    """A foreign name that resolves to loopback is DNS rebinding."""
    try:
        name = urlsplit(f"//{host}").hostname or ""
    except ValueError:
        return False
    return name in LOOPBACK or name in more


def _is_foreign(request: httpx.Request) -> bool:
    """Only the simulator's own page may change something from a browser; programs send no Origin."""
    origin = request.headers.get("origin")
    if request.method == "GET":
        return False
    return origin is not None and origin != f"{request.url.scheme}://{request.headers.get('host', '')}"


def _body(request: httpx.Request) -> dict[str, Any]:
    content = request.read()
    if content and not request.headers.get("content-type", "").startswith("application/json"):
        raise ValueError("Send JSON.")
    body = json.loads(content or b"{}")
    if not isinstance(body, dict):
        raise ValueError("Send a JSON object.")
    return body


def _bytes(text: str) -> bytes:
    try:
        return base64.b64decode(text, validate=True)
    except binascii.Error:
        raise ValueError("An image is base64 text.") from None


def _page() -> httpx.Response:
    nonce = secrets.token_urlsafe(12)
    policy = (
        f"default-src 'none'; img-src 'self' data:; media-src 'self'; connect-src 'self'; style-src 'nonce-{nonce}'; "
        f"script-src 'nonce-{nonce}'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    )
    html = PAGE.read_text(encoding="utf-8").replace("{nonce}", nonce)
    return httpx.Response(200, headers={"Content-Security-Policy": policy, "Cache-Control": "no-store"}, html=html)


def _file(content: bytes, mime: str, request: httpx.Request) -> httpx.Response:
    """Players ask for a range; a type that a browser would run is only ever downloaded."""
    headers = {"Content-Type": mime, "X-Content-Type-Options": "nosniff", "Cache-Control": "private, max-age=3600", "Accept-Ranges": "bytes"}
    if mime not in SHOWN_TYPES:
        headers["Content-Disposition"] = "attachment"
    found = RANGE.fullmatch(request.headers.get("range", ""))
    if not found or int(found[1]) >= len(content):
        return httpx.Response(200, headers=headers, content=content)
    start, end = int(found[1]), min(int(found[2] or len(content)), len(content) - 1)
    return httpx.Response(206, headers=headers | {"Content-Range": f"bytes {start}-{end}/{len(content)}"}, content=content[start : end + 1])


def _json(status: int, data: dict[str, Any]) -> httpx.Response:
    return httpx.Response(status, headers={"Cache-Control": "no-store"}, json=data)


def _error(status: int, message: str) -> httpx.Response:
    return _json(status, {"error": message})
