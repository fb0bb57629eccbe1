"""What Meta posts to a callback: the envelope, the exact bytes, and both signatures."""

import hashlib
import hmac
import json
from typing import Any

from graph.simulator.world import Account

Body = dict[str, Any]

LISTS = ("messaging", "standby", "changes")


def wire(body: Body) -> bytes:
    """Compact, ASCII only, `/` written `\\/`: the signature covers exactly these bytes."""
    return json.dumps(body, separators=(",", ":"), ensure_ascii=True).replace("/", "\\/").encode("ascii")


def headers(secret: str, body: bytes) -> dict[str, str]:
    key = secret.encode()
    return {
        "Content-Type": "application/json",
        "User-Agent": "facebookexternalua",
        "X-Hub-Signature": "sha1=" + hmac.new(key, body, hashlib.sha1).hexdigest(),
        "X-Hub-Signature-256": "sha256=" + hmac.new(key, body, hashlib.sha256).hexdigest(),
    }


def envelope(account: Account, event: Body, *, time: int, key: str = "messaging") -> Body:
    """Observed: Instagram writes time before id, a Page id before time; what is no message counts in seconds."""
    if key == "changes":
        return {"object": account.object, "entry": [{"id": account.id, "time": time // 1000, "changes": [event]}]}
    if account.is_instagram:
        return {"object": "instagram", "entry": [{"time": time, "id": account.id, key: [event]}]}
    return {"object": "page", "entry": [{"id": account.id, "time": time, key: [event]}]}


def merged(bodies: list[Body]) -> Body:
    """One body of several: an entry for each account, which may hold more than one kind of list."""
    entries: dict[str, Body] = {}
    for body in bodies:
        for entry in body["entry"]:
            known = entries.setdefault(entry["id"], {key: value for key, value in entry.items() if key not in LISTS})
            for key in LISTS:
                if key in entry:
                    known.setdefault(key, []).extend(entry[key])
    return {"object": bodies[0]["object"], "entry": list(entries.values())}
