"""The two login dialogs as one plain page: choose who you are, and be sent back with a code."""

from html import escape
from typing import TYPE_CHECKING
from urllib.parse import urlencode, urlsplit

import httpx

from graph.simulator import ids, logins, tokens
from graph.simulator.call import Call
from graph.simulator.world import App, Unknown

if TYPE_CHECKING:
    from graph.simulator.simulator import Simulator

PATHS = {"facebook": ["dialog", "oauth"], "instagram": ["oauth", "authorize"]}
STYLE = (
    "body{font:1rem/1.5 system-ui,sans-serif;max-inline-size:26rem;margin:3rem auto;padding-inline:1rem}"
    "a{display:block;padding:.7rem 1rem;margin-block:.5rem;border:1px solid #999;border-radius:.7rem;color:inherit}"
)
SOMEBODY = "somebody"
DENIED = {"error": "access_denied", "error_reason": "user_denied", "error_description": "Permissions error"}


def is_dialog(call: Call) -> bool:
    return call.method == "GET" and call.parts == PATHS.get(call.site)


def answer(simulator: "Simulator", call: Call) -> httpx.Response:
    """The page, or the way back where somebody was chosen."""
    back = call.text("redirect_uri")
    try:
        app = simulator.world.app(call.text("client_id"))
    except Unknown:
        return _page(400, "<p>There is no such app.</p>")
    if urlsplit(back).scheme not in ("http", "https") or call.text("response_type", "code") != "code":
        return _page(400, "<p>A redirect_uri and a response_type of code are needed.</p>")
    chosen = call.text("as")
    return _sent_back(simulator, call, app, chosen) if chosen else _page(200, _choices(simulator, call, app))


def _choices(simulator: "Simulator", call: Call, app: App) -> str:
    """Those who could log in."""
    links = [(key, f"Continue as {name}") for key, name in _somebodies(simulator, call, app)] + [("nobody", "Cancel")]
    listed = "".join(f'<a href="?{escape(urlencode(call.params | {"as": key}))}">{escape(text)}</a>' for key, text in links)
    return f"<p>App {escape(app.id)} asks for: {escape(call.text('scope') or 'nothing in particular')}</p>{listed}"


def _somebodies(simulator: "Simulator", call: Call, app: App) -> list[tuple[str, str]]:
    if call.site == "instagram":
        accounts = [each for each in simulator.world.accounts() if each.app == app.id and each.login == "instagram"]
        return [(each.id, each.name) for each in accounts]
    people = [each for each in tokens.people(simulator.store) if each.app == app.id and each.kind == "user"]
    return [(each.id, each.name) for each in people] or [(SOMEBODY, "somebody who manages every Page of this app")]


def _sent_back(simulator: "Simulator", call: Call, app: App, chosen: str) -> httpx.Response:
    query = {"state": call.text("state")} if call.text("state") else {}
    if chosen == "nobody":
        return _redirect(call, DENIED | query)
    if chosen not in [key for key, _ in _somebodies(simulator, call, app)]:
        return _page(400, "<p>There is nobody like that.</p>")
    who = {"account": chosen} if call.site == "instagram" else {"person": _person(simulator, app, chosen)}
    asked = [scope.strip() for scope in call.text("scope").split(",") if scope.strip()]
    code = logins.issue_code(simulator, app, redirect_uri=call.text("redirect_uri"), scopes=asked, **who)
    return _redirect(call, {"code": code} | query)


def _person(simulator: "Simulator", app: App, chosen: str) -> str:
    if chosen != SOMEBODY:
        return chosen
    pages = [each.page_id or each.id for each in simulator.world.accounts() if each.app == app.id and each.login == "facebook"]
    return simulator.add_person("Page Manager", app.id, list(dict.fromkeys(pages)), id=ids.digits(15, "1"))["id"]


def _redirect(call: Call, query: dict[str, str]) -> httpx.Response:
    """Instagram adds `#_` to what it sends back."""
    back = call.text("redirect_uri")
    mark = "#_" if call.site == "instagram" else ""
    return httpx.Response(302, headers={"Location": f"{back}{'&' if '?' in back else '?'}{urlencode(query)}{mark}", "Cache-Control": "no-store"})


def _page(status: int, content: str) -> httpx.Response:
    policy = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    head = f"<!doctype html><html lang='en'><meta charset='utf-8'><title>Log in, simulated</title><style>{STYLE}</style>"
    headers = {"Content-Security-Policy": policy, "Cache-Control": "no-store"}
    return httpx.Response(status, headers=headers, html=f"{head}<h1>Log in, simulated</h1>{content}</html>")
