"""The policy that new agents get: read freely, every message needs a person, nobody is pestered."""

from typing import Any

_A_PERSON = {"action": "require_approval", "reason": "A person reads every message before it goes out."}

# The copy in migration 0002 is what was shipped first; a later change here is published by a migration of its own.
SHIPPED: dict[str, Any] = {
    "version": "1",
    "default": "deny",
    "tools": {
        "read.conversations": {"action": "allow"},
        "read.conversation": {"action": "allow"},
        "read.proposal": {"action": "allow"},
        "send.text": _A_PERSON,
        "send.image": _A_PERSON,
        "send.link": _A_PERSON,
    },
    "all_tools": {
        "limits": [
            {"counter": "unanswered_sends", "max": 3, "scope": "contact"},
            {"counter": "open_proposals", "max": 1, "scope": "conversation"},
            {"counter": "open_proposals", "max": 50, "scope": "agent"},
        ]
    },
}
