"""The control API under /sim and the phone page at /: open to whoever sits at this machine, and to nobody else."""

import base64
import binascii
import json
import secrets
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import httpx

from graph.simulator.media import picture
from graph.simulator.world import Unknown

if TYPE_CHECKING:
    from graph.simulator.simulator import Simulator

PAGE = Path(__file__).with_name("page.html")
LOOPBACK = ("127.0.0.1", "localhost", "::1")

# What a POST to /sim/{name} calls; its JSON fields are the keywords of that method.
COMMANDS = {
    "apps": ("add_app", ""),
    "accounts": ("add_account", ""),
    "contacts": ("add_contact", "id"),
    "messages": ("write", "mid"),
    "reactions": ("react", ""),
    "unreactions": ("unreact", ""),
    "unsends": ("unsend", ""),
    "taps": ("tap", "mid"),
    "views": ("see", ""),
    "elsewhere": ("answer_elsewhere", "mid"),
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
        simulator.clear_faults()
        return _json(200, {"ok": True})
    if request.method == "POST" and path.startswith("/sim/") and name in COMMANDS:
        return _command(simulator, name, _body(request))
    return _error(404, "There is nothing here.")


def _command(simulator: "Simulator", name: str, body: dict[str, Any]) -> httpx.Response:
    method, result = COMMANDS[name]
    if "image" in body:
        body["image"] = _bytes(body["image"])
    value = getattr(simulator, method)(**body)
    return _json(200, {"ok": True} | ({result: value} if result else {}))


def _read(simulator: "Simulator", request: httpx.Request, name: str) -> httpx.Response:
    if name == "picture.png":
        return _image(picture(), "image/png")
    if name.startswith("media/"):
        return _media(simulator, name.removeprefix("media/"), request.url.params.get("signature"))
    lists: dict[str, Callable[[], Any]] = {
        "health": lambda: {"ok": True, "now": simulator.now(), "waiting": len(simulator.outbox.waiting())},
        "world": lambda: world(simulator),
        "messages": lambda: {"data": simulator.messages(**dict(request.url.params))},
        "requests": lambda: {"data": simulator.requests()},
        "webhooks": lambda: {"data": simulator.webhooks()},
        "faults": lambda: {"data": simulator.store.rows("SELECT * FROM fault ORDER BY id")},
    }
    return _json(200, lists[name]()) if name in lists else _error(404, "There is nothing here.")


def world(simulator: "Simulator") -> dict[str, Any]:
    """Everybody, without tokens and secrets."""
    apps = [{"id": app.id, "callback_url": app.callback_url} for app in simulator.world.apps()]
    accounts = [_account(simulator, account.id) for account in simulator.world.accounts()]
    return {
        "now": simulator.now(),
        "offset": simulator.offset(),
        "apps": apps,
        "accounts": accounts,
        "waiting": len(simulator.outbox.waiting()),
    }


def _account(simulator: "Simulator", account_id: str) -> dict[str, Any]:
    account = simulator.world.account(account_id)
    contacts = [
        {"id": c.id, "name": c.name, "username": c.username, "acted_at": c.acted_at, "wrote_at": c.wrote_at}
        for c in simulator.world.contacts(account_id)
    ]
    return {
        "id": account.id,
        "network": account.network,
        "name": account.name,
        "username": account.username,
        "app": account.app,
        "login": account.login,
        "page_id": account.page_id,
        "echo": account.echo,
        "human_agent": bool(account.human_agent),
        "subscribed": bool(account.fields),
        "contacts": contacts,
    }


def _media(simulator: "Simulator", media_id: str, signature: str | None) -> httpx.Response:
    media = simulator.shelf.find(media_id)
    status = simulator.shelf.status(media, signature, now=simulator.now_ms())
    if media is None or status != 200:
        return _error(status, "This image is no longer available.")
    return _image(media.content, media.mime)


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
        f"default-src 'none'; img-src 'self' data:; connect-src 'self'; style-src 'nonce-{nonce}'; "
        f"script-src 'nonce-{nonce}'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    )
    html = PAGE.read_text(encoding="utf-8").replace("{nonce}", nonce)
    return httpx.Response(200, headers={"Content-Security-Policy": policy, "Cache-Control": "no-store"}, html=html)


def _image(content: bytes, mime: str) -> httpx.Response:
    headers = {"Content-Type": mime, "X-Content-Type-Options": "nosniff", "Cache-Control": "private, max-age=3600"}
    return httpx.Response(200, headers=headers, content=content)


def _json(status: int, data: dict[str, Any]) -> httpx.Response:
    return httpx.Response(status, headers={"Cache-Control": "no-store"}, json=data)


def _error(status: int, message: str) -> httpx.Response:
    return _json(status, {"error": message})
