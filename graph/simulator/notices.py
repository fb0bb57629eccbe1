"""What Meta itself tells an app: policy, the dashboard's test button, people who leave or want their data deleted."""

import base64
import hashlib
import hmac
import json
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

from graph.simulator import events, tokens, webhooks
from graph.simulator.world import Account, App

if TYPE_CHECKING:
    from graph.simulator.simulator import Simulator

ACTIONS = ("warning", "block", "unblock")
APP_REMOVED = 458
SAMPLE = {"sender": {"id": "12334"}, "recipient": {"id": "23245"}, "timestamp": "1527459824"}
COMMANDS = [{"name": "command123"}, {"name": "command456"}]


def enforce_policy(simulator: "Simulator", account: Account, *, action: str, reason: str) -> None:
    """A block also makes sends fail until an unblock. The event has no sender."""
    if action not in ACTIONS:
        raise ValueError(f"An action is one of {', '.join(ACTIONS)}.")
    if action != "warning":
        simulator.world.set_account(account.id, "restricted", action == "block")
    content = {"action": action} | ({"reason": reason} if reason else {})
    event = events.of_account(account, at=simulator.now_ms(), policy_enforcement=content)
    simulator.announce(account, event, field="messaging_policy_enforcement")


def test_button(simulator: "Simulator", account: Account) -> int:
    """Every form in which the test button of the dashboard has been seen. Returns how many were posted."""
    bodies = _test_bodies(account, simulator.now_ms())
    for body in bodies:
        simulator.post_as(account, body)
    return len(bodies)


def deauthorise(simulator: "Simulator", app: App, user_id: str) -> dict[str, Any]:
    """The person removed the app: their tokens die, and the app is told."""
    tokens.kill_of_person(simulator, app, user_id, subcode=APP_REMOVED)
    return _post_signed(simulator, app, app.deauthorise_url, user_id)


def request_deletion(simulator: "Simulator", app: App, user_id: str) -> dict[str, Any]:
    """The person wants their data deleted. Returns the product's answer: an address and a code to look it up."""
    return _post_signed(simulator, app, app.deletion_url, user_id)


def signed_request(secret: str, payload: dict[str, Any]) -> str:
    """`signature.payload`, both base64url without padding; the signature covers the encoded payload."""
    body = _url_safe(json.dumps(payload, separators=(",", ":")).encode())
    return f"{_url_safe(hmac.new(secret.encode(), body.encode(), hashlib.sha256).digest())}.{body}"


def _post_signed(simulator: "Simulator", app: App, url: str, user_id: str) -> dict[str, Any]:
    if not url:
        raise ValueError("The app has no such address: add_app(…, deauthorise_url=…, deletion_url=…).")
    payload = {"user_id": user_id, "algorithm": "HMAC-SHA256", "issued_at": simulator.now_ms() // 1000}
    form = urlencode({"signed_request": signed_request(app.secret, payload)}).encode()
    status, content = simulator.post(url, form, {"Content-Type": "application/x-www-form-urlencoded", "User-Agent": "facebookexternalua"})
    return {"status": status, "answer": content.decode("utf-8", "replace")}


def _test_bodies(account: Account, now: int) -> list[webhooks.Body]:
    """As `changes` of entry 0, on Instagram also as `messaging` and bare."""
    if not account.is_instagram:
        message = {"mid": "test_message_id", "text": "test_message", "commands": COMMANDS}
        return [_as_change("page", SAMPLE | {"message": message}, now)]
    value = SAMPLE | {"message": {"mid": "random_mid", "text": "random_text"}}
    entry = {"time": now, "id": "0", "messaging": [value | {"timestamp": now}]}
    return [_as_change("instagram", value, now), {"object": "instagram", "entry": [entry]}, {"field": "messages", "value": value}]


def _as_change(kind: str, value: webhooks.Body, now: int) -> webhooks.Body:
    return {"object": kind, "entry": [{"id": "0", "time": now // 1000, "changes": [{"field": "messages", "value": value}]}]}


def _url_safe(content: bytes) -> str:
    return base64.urlsafe_b64encode(content).decode().rstrip("=")
