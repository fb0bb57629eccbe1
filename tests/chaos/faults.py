"""The weather between Meta and us: every fault of the simulator, echoes at every time, webhooks in every disorder."""

import time
from collections import Counter
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from tests.chaos.course import Course
from tests.chaos.machine import Meta
from tests.chaos.world import APPS, SITES, Site

SOON = {"seconds": 1.0}
SENDS: tuple[dict[str, Any], ...] = (
    {"kind": "drop_before"}, {"kind": "drop_after"}, {"kind": "slow", "seconds": 0.6}, {"kind": "slow", "seconds": 1.5},
    {"kind": "html"}, {"kind": "html_after"}, {"kind": "error_before"}, {"kind": "error_after"}, {"kind": "not_json"}, {"kind": "not_json_after"},
    {"kind": "ok_with_error"}, {"kind": "ok_with_error_after"}, {"kind": "rate_limited", **SOON}, {"kind": "window"}, {"kind": "unavailable"},
    {"kind": "held_elsewhere"}, {"kind": "error", "code": 100}, {"kind": "error", "code": 2, "status": 503},
)  # fmt: skip
# After these the account waits for an admin.
GRAVE: tuple[dict[str, Any], ...] = ({"kind": "token_dead", "subcode": 463}, {"kind": "restricted"})
SPOILED = ("drop_before", "drop_after", "html", "html_after", "error_before", "error_after", "not_json", "ok_with_error")
UPLOADS: tuple[dict[str, Any], ...] = (
    *({"kind": kind, "route": "message_attachments"} for kind in SPOILED),
    {"kind": "slow", "route": "message_attachments", "seconds": 0.8},
    {"kind": "rate_limited", "route": "message_attachments", **SOON},
)
READS: tuple[dict[str, Any], ...] = tuple(
    {"kind": kind, "route": route} for kind in ("drop_before", "html", "error_before") for route in ("conversations", "profile")
)
# What leaves Meta as 200, so that its list of calls does not tell it from a plain answer: a blind account does not meet these.
LOOKS_PLAIN = ("not_json_after", "ok_with_error_after")
# After these nobody knows whether the message was sent; of Meta's codes, those of an unknown error and of a service that is down.
SAYS_NOTHING = (*SPOILED, *LOOKS_PLAIN)
UNSURE = (1, 2)
ECHOES = ("after", "before", "late", "never", "twice")
CALM_MODE: dict[str, Any] = {"batch": 1, "disorder": False, "duplicates": 0, "wrong_signature": 0}
# One fault for so many messages.
EVERY = 7
GRAVE_EVERY = 9.0


@dataclass
class Weather:
    """Changes for as long as the run lasts."""

    meta: Meta
    course: Course
    ordered: Counter[str] = field(default_factory=Counter)

    def __post_init__(self) -> None:
        self._dice = self.course.dice("weather")
        self._faults = [*SENDS, *UPLOADS, *SENDS]
        self._dice.shuffle(self._faults)
        self._faults += READS
        self._grave_at = time.monotonic() + 3

    def begin(self) -> None:
        """Where nobody can ever know, no thread can be read either."""
        for site in SITES:
            if site.is_blind:
                self.meta.post("faults", kind="error_before", route="conversations", account=site.id, times=None)

    def blow(self) -> None:
        """Until the run is over."""
        while not self.course.is_over:
            self._change_echo()
            self._change_webhooks()
            for _ in range(8):
                self._add_faults()
                time.sleep(0.25)

    def calm(self) -> None:
        """What was ordered already still comes."""
        for app in APPS.values():
            self.meta.post("webhook-mode", app=app, **CALM_MODE)

    def add(self, site: Site, **fault: Any) -> None:
        self.meta.post("faults", account=site.id, **fault)
        self.ordered[name_of(fault)] += 1

    @property
    def met(self) -> Counter[str]:
        """What calls ran into, as Meta has it."""
        return met(self.meta.faults)

    def _add_faults(self) -> None:
        wanted = 4 + self.course.ledger.accepted // EVERY + (self.course.ledger.inbound // 20)
        number = sum(self.ordered.values())
        for _ in range(min(5, max(0, wanted - number))):
            place = sum(self.ordered.values())
            fault = self._faults[place] if place < len(self._faults) else self._dice.choice(self._dice.choice((SENDS, SENDS, SENDS, SENDS, UPLOADS, READS)))
            self.add(self._dice.choice([site for site in SITES if not (site.is_blind and name_of(fault) in LOOKS_PLAIN)]), **fault)
        if time.monotonic() > self._grave_at:
            self._grave_at = time.monotonic() + GRAVE_EVERY
            self.add(self._dice.choice([site for site in SITES if not site.is_blind]), **GRAVE[sum(self.ordered[name_of(fault)] for fault in GRAVE) % 2])

    def _change_echo(self) -> None:
        site = self._dice.choice([site for site in SITES if not site.echo])
        self.meta.post("echo", account=site.id, echo=self._dice.choice(ECHOES))

    def _change_webhooks(self) -> None:
        mode = {
            "batch": self._dice.choice((1, 5, 20)), "disorder": self._dice.random() < 0.5, "duplicates": self._dice.choice((0, 0, 1, 2)),
            "wrong_signature": self._dice.choice((0, 0, 2)),
        }  # fmt: skip
        self.meta.post("webhook-mode", app=self._dice.choice(list(APPS.values())), **mode)


def name_of(fault: Mapping[str, Any]) -> str:
    """What a fault is called here, as it was ordered or as Meta keeps it."""
    route, code = fault.get("route", "messages"), fault.get("code")
    return ":".join(part for part in ("" if route == "messages" else route, fault["kind"], str(code or "")) if part)


def met(faults: Iterable[Mapping[str, Any]]) -> Counter[str]:
    """How many of them were used up, by name."""
    return Counter(name_of(fault) for fault in faults if fault["times"] == 0)


def never_met(known: Counter[str]) -> list[str]:
    """The kinds of fault that no call ran into."""
    return sorted({name_of(fault) for fault in (*SENDS, *GRAVE, *UPLOADS, *READS)} - known.keys())


def spoiled_at(accounts: Collection[str], faults: Iterable[Mapping[str, Any]]) -> int:
    """How many calls that send there got an answer that says neither yes nor no."""
    here = [fault for fault in faults if fault["account"] in accounts and fault["route"] == "messages" and fault["times"] == 0]
    return sum(fault["kind"] in SAYS_NOTHING or (fault["kind"] == "error" and fault["code"] in UNSURE) for fault in here)
