"""What was meant to be said: each message with words that no other has, and what the doors answered."""

import random
import re
import threading
from collections.abc import Iterator
from dataclasses import dataclass

# Stands in every text and address, so that each side's record can be read message by message.
TOKEN = re.compile(r"\b(?:m|in)-\d{6}\b")


# Two sentences of these are hardly ever alike, as little as people's own.
WORDS = (
    "amber", "basket", "candle", "dolphin", "ember", "fennel", "garnet", "harbour", "ivory", "jasmine", "kettle", "lantern", "meadow", "nutmeg",
    "orchid", "pepper", "quartz", "ribbon", "saffron", "timber", "umbrella", "velvet", "walnut", "xylophone", "yonder", "zephyr", "anchor", "bramble",
    "cobalt", "drizzle", "eclipse", "falcon", "glacier", "hazel", "indigo", "juniper", "kernel", "lagoon", "marble", "nectar", "oyster", "pollen",
    "quiver", "raven", "sandal", "thicket", "upland", "violin", "willow", "yarrow",
)  # fmt: skip


@dataclass
class Intent:
    """One message that somebody wants to reach a contact.

    Args:
        token: what only this message says.
        is_accepted: what the door answered; None where it never did, for its process died.
        may_be_out: whether anybody may have let it out: a door said yes, or what would let it out may have come in before its answer was lost.
    """

    token: str
    kind: str
    account: str
    contact: str
    is_accepted: bool | None = None
    may_be_out: bool = False

    @property
    def words(self) -> str:
        return f"{self.token} {' '.join(random.Random(self.token).sample(WORDS, 6))}"


class Ledger:
    """Written by many threads, read at the end."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._intents: list[Intent] = []
        self._pictures: dict[str, str] = {}
        self._inbound = 0
        self.asked_back: set[str] = set()
        self.taken_back: set[str] = set()
        self.accepted = 0

    def plan(self, kind: str, account: str, contact: str) -> Intent:
        with self._lock:
            intent = Intent(f"m-{len(self._intents):06}", kind, account, contact)
            self._intents.append(intent)
        return intent

    def heard(self, intent: Intent, is_accepted: bool) -> None:
        """A door has answered."""
        with self._lock:
            self.accepted += is_accepted and not intent.is_accepted
            intent.is_accepted = is_accepted or bool(intent.is_accepted)
            intent.may_be_out |= is_accepted

    def lost(self, intent: Intent) -> None:
        """What lets it out was asked for, and the answer is lost."""
        with self._lock:
            intent.may_be_out = True

    def asks_back(self, dispatch: str) -> None:
        with self._lock:
            self.asked_back.add(dispatch)

    def took_back(self, dispatch: str) -> None:
        with self._lock:
            self.taken_back.add(dispatch)

    def picture(self, sha256: str, intent: Intent) -> None:
        """A picture says nothing, so it is known by its bytes."""
        with self._lock:
            self._pictures[sha256] = intent.token

    def next_inbound(self) -> str:
        with self._lock:
            self._inbound += 1
            return f"in-{self._inbound:06}"

    @property
    def inbound(self) -> int:
        return self._inbound

    def token_of(self, words: str, sha256: str = "") -> str:
        """Which message a text, an address or a picture belongs to; "" for none of these."""
        found = TOKEN.search(words)
        return found[0] if found else self._pictures.get(sha256, "")

    def __iter__(self) -> Iterator[Intent]:
        return iter(list(self._intents))
