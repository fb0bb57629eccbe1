"""Where webhooks go: an app's callback, proven by hub.challenge, and which accounts have the app installed."""

import secrets
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

from graph.simulator import access, scopes
from graph.simulator.call import Call
from graph.simulator.errors import MetaError, invalid
from graph.simulator.paging import page
from graph.simulator.store import Row
from graph.simulator.world import INSTAGRAM_FIELDS, PAGE_FIELDS, Account, App

if TYPE_CHECKING:
    from graph.simulator.simulator import Simulator


def subscribe_account(simulator: "Simulator", call: Call, accounts: list[Account]) -> dict[str, Any]:
    """Replaces the chosen fields. Instagram behind a Page follows its Page."""
    wanted = [str(name) for name in call.listed("subscribed_fields")]
    known = INSTAGRAM_FIELDS if accounts[0].site == "instagram" else PAGE_FIELDS
    for index, name in enumerate(wanted):
        if name not in known:
            raise invalid(f"Param subscribed_fields[{index}] must be one of {{{', '.join(known)}}}")
    if not wanted:
        raise invalid("The parameter subscribed_fields is required.")
    return _set_fields(simulator, accounts, wanted)


def unsubscribe_account(simulator: "Simulator", call: Call, accounts: list[Account]) -> dict[str, Any]:
    return _set_fields(simulator, accounts, [])


def account_subscriptions(simulator: "Simulator", call: Call, accounts: list[Account]) -> dict[str, Any]:
    account = accounts[0]
    if not account.fields:
        return {"data": []}
    return {
        "data": [
            {
                "category": "Business",
                "link": "https://example.test/",
                "name": "Simulator",
                "id": account.app,
                "subscribed_fields": account.fields.split(","),
            }
        ]
    }


def subscribe_app(simulator: "Simulator", call: Call) -> dict[str, Any]:
    app = access.authorise_app(simulator.world, call, call.node)
    kind, url, fields = call.text("object"), call.text("callback_url"), ",".join(str(name) for name in call.listed("fields"))
    if kind not in ("page", "instagram") or not url:
        raise invalid("An object (page or instagram) and a callback_url are required.")
    _check_callback(simulator, url, call.text("verify_token"))
    simulator.store.insert("subscription", app=app.id, object=kind, callback_url=url, fields=fields)
    simulator.outbox.hurry()
    return {"success": True}


def app_subscriptions(simulator: "Simulator", call: Call) -> dict[str, Any]:
    app = access.authorise_app(simulator.world, call, call.node)
    rows = simulator.store.rows("SELECT * FROM subscription WHERE app = ? ORDER BY object", app.id)
    rows += _given(simulator, app, but_not={row["object"] for row in rows})
    return {
        "data": [
            {
                "object": row["object"],
                "callback_url": row["callback_url"],
                "active": True,
                "fields": [{"name": name, "version": "v26.0"} for name in row["fields"].split(",") if name],
            }
            for row in rows
        ]
    }


def app_permissions(simulator: "Simulator", call: Call) -> dict[str, Any]:
    app = access.authorise_app(simulator.world, call, call.node)
    return page(call, [{"permission": name, "status": status} for name, status in scopes.of_app(app).items()])


def _given(simulator: "Simulator", app: App, *, but_not: set[str]) -> list[Row]:
    """The address that an app was made with counts as written into the dashboard, for the objects of its accounts."""
    objects = {each.object for each in simulator.world.accounts() if each.app == app.id} - but_not if app.callback_url else set()
    fields = {"page": PAGE_FIELDS, "instagram": INSTAGRAM_FIELDS}
    return [{"object": name, "callback_url": app.callback_url, "fields": ",".join(fields[name])} for name in sorted(objects)]


def _set_fields(simulator: "Simulator", accounts: list[Account], fields: list[str]) -> dict[str, Any]:
    """A subscription that Meta dropped is renewed by this."""
    for account in accounts:
        simulator.world.set_account(account.id, "fields", ",".join(fields))
        simulator.world.set_account(account.id, "disabled_at", None)
    return {"success": True}


def _check_callback(simulator: "Simulator", url: str, verify_token: str) -> None:
    """Meta, Webhooks: the callback must answer 200 with exactly the challenge."""
    challenge = str(secrets.randbelow(10**10))
    query = urlencode({"hub.mode": "subscribe", "hub.challenge": challenge, "hub.verify_token": verify_token})
    status, body = simulator.fetch(f"{url}{'&' if '?' in url else '?'}{query}")
    if status != 200 or body.decode("utf-8", "replace") != challenge:
        raise MetaError(2200, "(#2200) Callback verification failed: the callback did not answer with the challenge.")
