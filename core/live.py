"""Tells browsers what changed: a hub per process, fed after each commit, and by LISTEN/NOTIFY across processes on PostgreSQL.

An event names what changed and nothing more; browsers fetch the fragment again, and permission is decided there.
"""

import asyncio
import json
import threading
from collections import Counter
from collections.abc import Hashable, Iterable
from dataclasses import asdict, dataclass, field

from django.conf import settings
from django.db import connection, transaction

CHANNEL = "countersign_live"
QUEUE_SIZE = 100


@dataclass(frozen=True)
class Change:
    """What changed.

    Args:
        account: primary key of the account it belongs to; None means that anything may have changed.
        conversation: public id of the conversation, or "".
        what: the only thing about it that changed, such as "presence"; "" means whatever a screen shows of it.
    """

    account: int | None = None
    conversation: str = ""
    what: str = ""


# What is there, each with the change that its coming and going is to browsers.
Present = frozenset[tuple[Change, Hashable]]


@dataclass(eq=False)
class Subscription:
    """One open stream: the accounts it may hear of, and its bounded queue."""

    accounts: frozenset[int]
    loop: asyncio.AbstractEventLoop
    queue: asyncio.Queue[Change | None] = field(default_factory=lambda: asyncio.Queue(QUEUE_SIZE))

    def hears(self, change: Change) -> bool:
        return change.account is None or change.account in self.accounts

    def offer(self, change: Change | None) -> None:
        """Queue a change, from the loop's thread. A full queue is emptied for one "anything may have changed"."""
        if self.queue.full():
            while not self.queue.empty():
                self.queue.get_nowait()
            change = change and Change()
        self.queue.put_nowait(change)


class Hub:
    """The streams that are open in this process."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._subscriptions: set[Subscription] = set()
        self.closed = False
        # How often each `what` was told; who looks for what others did has to know what this process told by itself.
        self.announced: Counter[str] = Counter()

    def subscribe(self, accounts: Iterable[int], loop: asyncio.AbstractEventLoop) -> Subscription:
        subscription = Subscription(frozenset(accounts), loop)
        with self._lock:
            self._subscriptions.add(subscription)
        if self.closed:
            subscription.offer(None)
        return subscription

    def unsubscribe(self, subscription: Subscription) -> None:
        with self._lock:
            self._subscriptions.discard(subscription)

    def announce(self, change: Change) -> None:
        """Pass a change to every stream that may hear of it. Callable from any thread."""
        self.announced[change.what] += 1
        for subscription in self._open():
            if subscription.hears(change):
                self._offer(subscription, change)

    def close(self) -> None:
        """End every stream, so that the server can stop."""
        self.closed = True
        for subscription in self._open():
            self._offer(subscription, None)

    def _open(self) -> list[Subscription]:
        with self._lock:
            return list(self._subscriptions)

    @staticmethod
    def _offer(subscription: Subscription, change: Change | None) -> None:
        try:
            subscription.loop.call_soon_threadsafe(subscription.offer, change)
        except RuntimeError:
            # Its event loop has ended between our look and our call; the stream is gone with it.
            return


hub = Hub()


def publish(change: Change) -> None:
    """Announce a change once the current transaction has committed."""
    if settings.POSTGRES:
        body = json.dumps(asdict(change))
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_notify(%s, %s)", [CHANNEL, body])
    else:
        transaction.on_commit(lambda: hub.announce(change))
