"""One search among many messages, on SQLite and on PostgreSQL, against reading the same messages by their keys.

The parent starts one process for each; on PostgreSQL in a database of its own.
"""

import itertools
import json
import os
import random
import subprocess
import sys
import time
from collections.abc import Callable

from benchmarks.wake import _database

MESSAGES = int(os.environ.get("MESSAGES", "100000"))
CONVERSATIONS, ACCOUNTS, ROUNDS = max(MESSAGES // 20, 1), 12, 30
# Few words are said often, as people do; the first of them is in nearly every third message.
VOCABULARY = ["".join(letters) for letters in itertools.product("aeioubcdfghklmnprstvw", repeat=3)]
random.Random(6).shuffle(VOCABULARY)
QUESTIONS = {
    "common": VOCABULARY[0], "common, in a rare account": VOCABULARY[0], "two common": " ".join(VOCABULARY[:2]), "beginning": VOCABULARY[0][:2],
    "rare": "seldom", "none": "nobody",
}  # fmt: skip


def main() -> None:
    this = [sys.executable, "-m", "benchmarks.search", "measure"]
    environment = {name: value for name, value in os.environ.items() if name != "DATABASE_URL"}
    subprocess.run(this, env=environment, check=True)
    with _database() as url:
        subprocess.run(this, env=environment | {"DATABASE_URL": url}, check=True)


def measure() -> None:
    from benchmarks.stage import set_up  # first: it prepares Django

    set_up()
    from django.db import connection

    from accounts.models import Account, Grant, Right, User
    from inbox.models import Message
    from inbox.views.access import conversations_of
    from inbox.views.found import MESSAGES as PAGE
    from inbox.views.found import found_for

    _fill()
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE")
    everywhere, rarely = (User.objects.create_user(f"{name}@example.test", "-", name=name) for name in ("everywhere", "rarely"))
    for account in Account.objects.all():
        Grant.objects.create(user=everywhere, account=account, right=Right.REPLY)
    rare = Account.objects.get(external_id="rare")
    Grant.objects.create(user=rarely, account=rare, right=Right.REPLY)
    newest = list(Message.objects.order_by("-pk").values_list("pk", flat=True)[:PAGE])
    related = ("conversation__contact", "conversation__account", "dispatch", "written_by")
    floor = _milliseconds(lambda: list(Message.objects.filter(pk__in=newest).select_related(*related)))
    taken, found = {}, {}
    for name, question in QUESTIONS.items():
        user = rarely if "rare account" in name else everywhere
        taken[name] = _milliseconds(lambda user=user, question=question: found_for(user, question, conversations_of(user)))
        found[name] = found_for(user, question, conversations_of(user)).heading
    assert found["none"] == "Nothing found"
    print(
        json.dumps(
            {
                "benchmark": f"search, {connection.vendor}", "messages": MESSAGES, "ms": taken, "floor_ms": floor,
                "ratio": {name: round(each / floor, 1) for name, each in taken.items()}, "found": found,
            }
        )
    )  # fmt: skip


def _milliseconds(run: Callable[[], object]) -> float:
    seconds = []
    for _round in range(ROUNDS):
        start = time.perf_counter()
        run()
        seconds.append(time.perf_counter() - start)
    return round(min(seconds) * 1000, 2)  # the others of these rounds tell how busy the machine was


def _fill() -> None:
    """Accounts of which most hold much and one holds little; messages of a dozen words each."""
    from django.db import transaction

    from accounts.models import Account
    from core.clock import now
    from inbox.models import Contact, Conversation, Message
    from inbox.searching import note_contact, note_messages

    random.seed(6)
    weights = [1 / (place + 3) for place in range(len(VOCABULARY))]
    page = Account.objects.get()
    names = [*(f"account {number}" for number in range(ACCOUNTS - 1)), "rare"]
    accounts = [Account.objects.create(network="messenger", meta_app=page.meta_app, name=name, external_id=name, token="-") for name in names]
    at = now()
    with transaction.atomic():
        for number in range(CONVERSATIONS):
            account = accounts[-1] if number % 1_000 == 7 else accounts[number % (ACCOUNTS - 1)]
            contact = Contact.objects.create(account=account, external_id=f"contact {number}", name=f"Person {number}", first_seen_at=at)
            note_contact(contact, name=contact.name, username="")
            conversation = Conversation.objects.create(account=account, contact=contact, last_message_at=at)
            said = [
                Message(
                    account=account, conversation=conversation, direction="in", source="contact", mid=f"{number}.{line}", at=at, received_at=at,
                    text=" ".join([*random.choices(VOCABULARY, weights=weights, k=12), *(["seldom"] if number % 500 == line == 3 else [])]),
                )
                for line in range(MESSAGES // CONVERSATIONS)
            ]  # fmt: skip
            note_messages(Message.objects.bulk_create(said), are_bare=True)


if __name__ == "__main__":
    measure() if sys.argv[1:] == ["measure"] else main()
