"""How far a run is, and how everybody keeps in step: neither the messages nor the kills may run ahead of the other."""

import random
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from tests.chaos.ledger import Ledger


@dataclass(frozen=True)
class Size:
    """What a run has to reach, and for how long it may try.

    Args:
        schedules: whether some replies wait for another minute.
        meets_all: whether it is long enough to meet every kind of fault.
        blind: so many replies at most in one conversation of which nothing can be known: each that is lost holds up the next for a minute.
        sending: so many of the kills while the process has handed a message over and not heard of it.
        seconds: how long people write and processes die; draining comes on top.
    """

    messages: int
    kills: int
    sending: int
    conversations: int
    clerks: int
    schedules: bool
    meets_all: bool
    blind: int
    seconds: float
    drain: float


LONG = Size(messages=5100, kills=205, sending=55, conversations=330, clerks=4, schedules=True, meets_all=True, blind=20, seconds=3600, drain=600)
SHORT = Size(messages=36, kills=2, sending=1, conversations=16, clerks=2, schedules=False, meets_all=False, blind=1, seconds=600, drain=180)
# By so much of the whole one side may be ahead of the other.
SLACK = 0.05


class Course:
    """Where a run stands."""

    def __init__(self, size: Size, ledger: Ledger, seed: int) -> None:
        self.size, self.ledger, self.seed = size, ledger, seed
        self.kills = self.kills_while_sending = self._aiming = 0
        self.began_at = time.monotonic()
        self._lock = threading.Lock()
        self._stopped = threading.Event()
        self.left: dict[str, str] = {}
        self.broken: list[str] = []

    def dice(self, name: str) -> random.Random:
        """Everybody has their own, so that each does the same with the same seed, whatever the others do."""
        return random.Random(f"{self.seed}-{name}")

    def killed(self, left: dict[str, str]) -> None:
        """
        Args:
            left: the dispatches that it had handed over and not heard of, with their accounts.
        """
        with self._lock:
            self.kills += 1
            self.kills_while_sending += bool(left)
            self.left |= left

    @contextmanager
    def aiming(self) -> Iterator[None]:
        """Somebody waits for a message on its way, so people may write whatever else is true."""
        with self._lock:
            self._aiming += 1
        try:
            yield
        finally:
            with self._lock:
                self._aiming -= 1

    def fail(self, why: str) -> None:
        """Something that this run cannot go on with."""
        self.broken.append(why)
        self._stopped.set()

    @property
    def is_over(self) -> bool:
        return self._stopped.is_set() or (self.has_enough_messages and self.has_enough_kills) or self.seconds > self.size.seconds

    @property
    def seconds(self) -> float:
        return time.monotonic() - self.began_at

    @property
    def has_enough_messages(self) -> bool:
        return self.ledger.accepted >= self.size.messages

    @property
    def has_enough_kills(self) -> bool:
        return self.kills >= self.size.kills and self.kills_while_sending >= self.size.sending

    @property
    def messages_are_ahead(self) -> bool:
        return not (self._aiming or self.has_enough_kills) and self._part_of_messages > self._part_of_kills + SLACK

    @property
    def kills_are_ahead(self) -> bool:
        return not self.has_enough_messages and self._part_of_kills > self._part_of_messages + SLACK

    @property
    def needs_kills_while_sending(self) -> bool:
        """Whether the next one has to be aimed, so that there are enough of these in the end."""
        return self.kills_while_sending / self.size.sending <= self._part_of_kills

    @property
    def _part_of_messages(self) -> float:
        return self.ledger.accepted / self.size.messages

    @property
    def _part_of_kills(self) -> float:
        return self.kills / self.size.kills
