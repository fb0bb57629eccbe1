"""Two web processes and two workers, started as the Procfile says: what one does the others show, and what one leaves behind another goes on with."""

import re
import threading
from typing import Any

import psycopg
import pytest
from django.conf import settings

from tests.loopback.stage import PAGE, PASSWORD, Browser, Running, Stage, eventually, process, text_of
from tests.loopback.test_whole_path import _choose, _picture

pytestmark = [
    pytest.mark.loopback, pytest.mark.xdist_group("loopback"), pytest.mark.skipif(not settings.POSTGRES, reason="Several processes need PostgreSQL."),
]  # fmt: skip


def ask(installation: Stage, question: str, *values: Any) -> tuple[Any, ...] | None:
    with psycopg.connect(installation.environment["DATABASE_URL"]) as database:
        return database.execute(question, values).fetchone()


def thread_with(installation: Stage, words: str) -> str:
    """The address of the conversation in which somebody wrote this."""
    question = "SELECT c.public_id FROM inbox_conversation c JOIN inbox_message m ON m.conversation_id = c.id WHERE m.text = %s"
    return f"/conversations/{eventually(lambda: ask(installation, question, words), words)[0]}/"


def sending(installation: Stage, path: str, *, handed_over: bool) -> Running | None:
    """The worker that is at the newest message of this conversation."""
    question = f"""SELECT d.worker FROM inbox_dispatch d JOIN inbox_conversation c ON c.id = d.conversation_id
        WHERE c.public_id = %s AND d.state = 'sending' AND d.handed_over_at IS {"NOT NULL" if handed_over else "NULL"}"""
    found = ask(installation, question, path.split("/")[2])
    pid = int(found[0].split(":")[1]) if found else 0
    return next((running for running in installation.running if running.process.pid == pid), None)


def outcome(installation: Stage, path: str) -> tuple[str, int]:
    """The state of its only message, and how many calls handed it to Meta."""
    question = """SELECT d.state, (SELECT count(*) FROM inbox_attempt a WHERE a.dispatch_id = d.id AND a.step = 'send')
        FROM inbox_dispatch d JOIN inbox_conversation c ON c.id = d.conversation_id WHERE c.public_id = %s"""
    found = ask(installation, question, path.split("/")[2])
    assert found
    return found[0], found[1]


def begin(installation: Stage, name: str, words: str) -> tuple[Browser, str, str]:
    """Somebody writes, and bob looks at it."""
    contact = installation.meta.post("contacts", account=PAGE, name=name)["id"]
    installation.meta.post("messages", account=PAGE, contact=contact, text=words)
    bob = installation.browser()
    bob.sign_in("bob@example.test", PASSWORD)
    return bob, thread_with(installation, words), contact


@pytest.fixture
def crowd(installation, key):
    """The installation with both workers, also after one was killed."""
    yield installation
    installation.meta.clear_faults()
    installation.meta.post("echo", account=PAGE, echo="after")
    for number in {0, 1} - {running.number for running in installation.running if running.name == "worker"}:
        installation.begin("worker", number)


def test_what_comes_in_at_one_web_process_is_told_at_the_other(crowd):
    bob = crowd.browser(at=1)
    bob.sign_in("bob@example.test", PASSWORD)
    heard, listening = [], threading.Event()

    def listen():
        with bob.http.stream("GET", "/events", timeout=60) as stream:
            for line in stream.iter_lines():
                listening.set()
                heard.append(line)
                if any(line.startswith("data: {\"conversation\"") for line in heard):
                    return

    ear = threading.Thread(target=listen)
    ear.start()
    assert listening.wait(20)
    contact = crowd.meta.post("contacts", account=PAGE, name="Live Lena")["id"]
    crowd.meta.post("messages", account=PAGE, contact=contact, text="Who is there at the other door?")
    path = thread_with(crowd, "Who is there at the other door?")
    ear.join(45)
    assert not ear.is_alive()
    assert any(path.split("/")[2] in line for line in heard)
    assert "Who is there at the other door?" in text_of(bob.page(path))


def test_what_a_killed_worker_had_handed_over_is_settled_by_the_other(crowd):
    bob, path, contact = begin(crowd, "Killed Kim", "Does it matter who answers?")
    crowd.meta.post("echo", account=PAGE, echo="never")
    crowd.meta.post("faults", kind="slow", account=PAGE, seconds=60)
    bob.submit(path, "/messages/", kind="text", text="Not at all")
    worker = eventually(lambda: sending(crowd, path, handed_over=True), "a worker that sends")
    eventually(lambda: crowd.meta.received(account=PAGE, contact=contact, direction="out"), "the message at Meta")
    crowd.kill(worker)
    eventually(lambda: outcome(crowd, path)[0] == "sent", "the thread that tells of it")
    assert outcome(crowd, path) == ("sent", 1)
    assert len(crowd.meta.received(account=PAGE, contact=contact, direction="out")) == 1
    assert re.search("Sent|Delivered|Read", text_of(bob.page(path)))


def test_what_a_killed_worker_had_not_handed_over_leaves_by_the_other(crowd):
    bob, path, contact = begin(crowd, "Cut-off Cora", "May I see it?")
    crowd.meta.post("faults", kind="slow", route="message_attachments", account=PAGE, seconds=60)
    chosen = _choose(bob, path, file=("cup.png", _picture("navy"), "image/png"), conversation=path.split("/")[2])
    bob.submit(path, "/messages/", kind="file", media=chosen)
    worker = eventually(lambda: sending(crowd, path, handed_over=False), "a worker that uploads")
    eventually(lambda: any("message_attachments" in path for path in crowd.meta.requests()), "the upload at Meta")
    crowd.kill(worker)
    eventually(lambda: outcome(crowd, path)[0] == "sent", "the other worker")
    assert outcome(crowd, path) == ("sent", 1)
    assert len(crowd.meta.received(account=PAGE, contact=contact, direction="out")) == 1


FREEZE = """
import time
from datetime import timedelta
from django.db import transaction
from accounts.models import User
from inbox.content import Content
from inbox.models import Conversation
conversation = Conversation.objects.get(public_id="{conversation}")
conversation.reply(Content(text="Not at all"), by=User.objects.get(email="bob@example.test"), hold=timedelta(seconds=3))
with transaction.atomic():
    Conversation.objects.lock(conversation.pk)
    print("frozen", flush=True)
    time.sleep(600)
"""


def test_a_process_that_stops_in_a_transaction_holds_the_others_up_no_longer_than_a_lease(crowd):
    _bob, path, contact = begin(crowd, "Frozen Fred", "Is it cold there?")
    log = crowd.folder / "frozen.log"
    with process(["manage.py", "shell", "-v", "0", "-c", FREEZE.format(conversation=path.split("/")[2])], crowd.environment, log):
        eventually(lambda: "frozen" in log.read_text(), "the lock")
        assert outcome(crowd, path)[0] == "queued"
        eventually(lambda: outcome(crowd, path)[0] == "sent", "the message")
    assert len(crowd.meta.received(account=PAGE, contact=contact, direction="out")) == 1
