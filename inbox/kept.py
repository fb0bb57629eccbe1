"""What is understood and has no screen yet: kept, and counted once however often Meta tells it."""

import hashlib
import json
from typing import Any

from accounts.models import Account
from graph import events
from inbox.arrivals import Kept
from inbox.models import WebhookDelivery

NAMES: dict[type[events.Event], str] = {events.Commented: "comment", events.Mentioned: "mention", events.OptedIn: "opt-in"}


def for_later(account: Account, event: events.Event, delivery: WebhookDelivery) -> None:
    """Keep an event that needs a screen of its own.

    Raises:
        Kept: always.
    """
    raise Kept("Understood; Countersign has no screen for it yet.", kind=NAMES[type(event)])


def key_of(event: events.Event) -> str:
    """The same for every telling of one event. A comment on an ad is told twice, with the ad's id and with the original post's."""
    if isinstance(event, events.Commented):
        return _digest(event.account_id, event.comment_id, event.verb, event.text)
    return _digest(event.account_id, dict(event.raw))


def _digest(*what: Any) -> str:
    return hashlib.sha256(json.dumps(what, sort_keys=True, default=str).encode("utf-8", "surrogatepass")).hexdigest()
