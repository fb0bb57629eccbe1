"""The words of policy: a call, a limit, what was counted, and the verdict.

The document is PolicyLayer's `version: "1"` language, the first part of it, with the inbox's own counters and verdicts.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

VERSION = "1"
EVERY_TOOL = "*"
WINDOWS = {"minute": 60, "hour": 3600, "day": 86_400}

# What can be counted, and for whom. Proposals and messages do not know which key they came by, so only calls count per grant.
SCOPES: dict[str, tuple[str, ...]] = {
    "calls": ("grant", "agent", "account", "conversation", "contact"),
    "unanswered_sends": ("agent", "account", "conversation", "contact"),
    "open_proposals": ("agent", "account", "conversation", "contact"),
}


class Kind(StrEnum):
    """What a policy can say, strictest first."""

    DENY = "deny"
    LIMIT = "limit"
    REQUIRE_APPROVAL = "require_approval"
    ALLOW = "allow"


@dataclass(frozen=True)
class Call:
    """One call under all of its names: the tool's own, and the canonical act such as `send.text` or `read.conversations`."""

    names: tuple[str, ...]

    @property
    def sends(self) -> bool:
        return any(name.startswith("send.") for name in self.names)


@dataclass(frozen=True)
class Limit:
    """At most `max` of something.

    Args:
        rule: where it stands in the document.
        counter: what is counted, a key of `SCOPES`.
        max: the most there may be.
        scope: for whom it is counted.
        seconds: the sliding window of calls; 0 for what is counted as it stands now.
        name: the tool or act whose calls count; "" counts all.
    """

    rule: str
    counter: str
    max: int
    scope: str
    seconds: int = 0
    name: str = ""


@dataclass(frozen=True)
class Count:
    """How many there are, and when there is room again; None where no clock makes room."""

    number: int
    frees_at: datetime | None = None


Facts = Mapping[Limit, Count]


@dataclass(frozen=True)
class Verdict:
    """What the policy says of one call: the rule that decided, the reason in a sentence, and when trying again can help."""

    kind: Kind
    rule: str
    reason: str
    retry_at: datetime | None = None

    @property
    def passes(self) -> bool:
        return self.kind in (Kind.REQUIRE_APPROVAL, Kind.ALLOW)
