"""Conversations a second that are read back, Meta's own time left out, against plain inserts of the same rows."""

import json
import sys
import time

import httpx

from benchmarks.stage import set_up  # first: it prepares Django

from django.conf import settings
from django.db import transaction

from accounts.models import Account, User
from core.clock import now
from graph.simulator import SimulatorTransport
from inbox.backfilling import backfill_next, start_backfill
from inbox.models import Backfill, Contact, Conversation, Message

PAGE = "104857600000001"
CONVERSATIONS, MESSAGES = int(sys.argv[1]) if len(sys.argv) > 1 else 2000, 3


class Timed(httpx.BaseTransport):
    """Meta, and how long it took to answer."""

    def __init__(self, meta: httpx.BaseTransport) -> None:
        self.meta, self.seconds = meta, 0.0

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        start = time.perf_counter()
        try:
            return self.meta.handle_request(request)
        finally:
            self.seconds += time.perf_counter() - start


def main() -> None:
    simulator = set_up()
    simulator.add_history(PAGE, contacts=CONVERSATIONS, messages=MESSAGES)
    settings.GRAPH_READS_PER_SECOND = 1_000_000
    settings.GRAPH_TRANSPORT = meta = Timed(SimulatorTransport(simulator))
    account = Account.objects.get()
    floor = _seconds(lambda: _plain(account))
    taken = _seconds(lambda: _read_back(account)) - meta.seconds
    read = Backfill.objects.get()
    assert (read.state, read.conversations, read.messages) == ("done", CONVERSATIONS + 1, CONVERSATIONS * MESSAGES), read
    print(
        json.dumps(
            {
                "benchmark": "backfill", "conversations_per_s": round(CONVERSATIONS / taken), "floor_per_s": round(CONVERSATIONS / floor),
                "ratio": round(floor / taken, 2), "seconds_for_5000": round(5000 * taken / CONVERSATIONS, 1),
            }
        )
    )  # fmt: skip


def _seconds(run) -> float:
    start = time.perf_counter()
    run()
    return time.perf_counter() - start


def _read_back(account: Account) -> None:
    job = start_backfill(account, by=User.objects.create_superuser("root@example.test", "-", name="Root"), at=now(), since=None)
    while Backfill.objects.unfinished().filter(pk=job.pk).exists():
        backfill_next()


def _plain(account: Account) -> None:
    """A contact, a conversation and its messages, in one commit; and which message is the newest."""
    for number in range(CONVERSATIONS):
        with transaction.atomic():
            contact = Contact.objects.create(account=account, external_id=f"9{number:015d}", name=f"Person {number}", first_seen_at=now())
            conversation = Conversation.objects.create(account=account, contact=contact, last_message_at=now())
            for line in range(MESSAGES):
                message = Message.objects.create(
                    account=account, conversation=conversation, direction="in", source="contact", mid=f"plain{number}.{line}", at=now(), received_at=now(),
                    text=f"Hello, do you still have number {number}?", is_history=True,
                )  # fmt: skip
            conversation.last_message = conversation.newest_inbound = message
            conversation.save()


if __name__ == "__main__":
    main()
