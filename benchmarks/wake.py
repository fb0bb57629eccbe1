"""From the commit of a reply to the first line of its claim: threads of one process on SQLite, a worker process on PostgreSQL.

The parent starts one process for each; on PostgreSQL that one starts a worker beside it, in a database of its own.
"""

import itertools
import json
import os
import statistics
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

REPLIES = int(os.environ.get("REPLIES", "300"))
POSTGRES = os.environ.get("POSTGRES", "postgres://postgres@127.0.0.1:5432/postgres")
# CLOCK_MONOTONIC is one clock for all processes of a machine.
clock = time.monotonic


def main() -> None:
    this = [sys.executable, "-m", "benchmarks.wake"]
    environment = {name: value for name, value in os.environ.items() if name != "DATABASE_URL"}
    subprocess.run([*this, "embedded"], env=environment, check=True)
    with _database() as url:
        subprocess.run([*this, "postgresql"], env=environment | {"DATABASE_URL": url}, check=True)


def embedded() -> None:
    from benchmarks.stage import set_up  # first: it prepares Django

    set_up()
    from inbox.engine import Engine

    _meta_takes_everything()
    claims: list[tuple[float, str]] = []
    _note_claims(claims.append)
    engine = Engine()
    engine.start()
    taken = _measure(lambda text: _found(claims, text))
    engine.stop()
    _tell("embedded", taken, _bare_event())


def postgresql() -> None:
    from benchmarks.stage import set_up  # first: it prepares Django

    set_up()
    claims: list[tuple[float, str]] = []
    beside = subprocess.Popen([sys.executable, "-m", "benchmarks.wake", "worker"], stdout=subprocess.PIPE, text=True)
    threading.Thread(target=lambda: claims.extend(_told(beside.stdout)), daemon=True).start()
    while not claims:
        time.sleep(0.01)  # its first line says that it is there
    taken = _measure(lambda text: _found(claims, text))
    beside.terminate()
    beside.wait(20)
    _tell("PostgreSQL", taken, _bare_notify())


def worker() -> None:
    """`manage.py worker`, which says when each claim began that found something."""
    import django

    django.setup()  # in the surroundings of whoever started it: the same database, the same keys
    from django.core.management import call_command

    _meta_takes_everything()
    _note_claims(lambda claim: print(json.dumps(claim), flush=True))
    print(json.dumps((0.0, "")), flush=True)
    call_command("worker", stdout=sys.stderr)


# What is measured -------------------------------------------------------------------------------------------------------
def _note_claims(note: Callable[[tuple[float, str]], object]) -> None:
    from inbox import sending

    claim = sending.claim

    def noting(*what, **more):
        begun = clock()
        found = claim(*what, **more)
        if found:
            note((begun, found.message.text))
        return found

    sending.claim = noting


def _meta_takes_everything() -> None:
    import httpx
    from django.conf import settings

    numbers = itertools.count()
    settings.GRAPH_TRANSPORT = httpx.MockTransport(
        lambda request: httpx.Response(200, json={"recipient_id": "7300000000000001", "message_id": f"m_{os.getpid()}_{next(numbers)}"})
    )


def _measure(begun: Callable[[str], float | None]) -> list[float]:
    from accounts.models import AccountPace, User
    from inbox.content import Content
    from inbox.models import Conversation, Dispatch

    root, taken = User.objects.create_superuser("root@example.test", "-", name="Root"), []
    for number in range(REPLIES):
        text = f"Number {number}"
        AccountPace.objects.all().delete()
        Conversation.objects.get().reply(Content(text=text), by=root)
        committed = clock()
        while (at := begun(text)) is None or Dispatch.objects.exclude(state="sent").exists():
            time.sleep(0.002)
        taken.append(max(0.0, at - committed))
        time.sleep(0.02)  # whoever sent it waits for its bell again
    return taken


def _found(claims: list[tuple[float, str]], text: str) -> float | None:
    return next((at for at, words in reversed(claims) if words == text), None)


def _told(lines) -> Iterator[tuple[float, str]]:
    for line in lines:
        yield tuple(json.loads(line))


def _tell(kind: str, taken: list[float], floor: list[float]) -> None:
    ratio = round(statistics.median(taken) / statistics.median(floor), 1)
    print(json.dumps({"benchmark": f"wake, {kind}", **_figures(taken), "floor": _figures(floor), "ratio": ratio}), flush=True)


def _figures(seconds: list[float]) -> dict[str, float]:
    return {"p50_ms": round(statistics.median(seconds) * 1000, 2), "p99_ms": round(statistics.quantiles(seconds, n=100)[98] * 1000, 2)}


# The floors -------------------------------------------------------------------------------------------------------------
def _bare_event() -> list[float]:
    """A thread that waits for an event, and nothing else."""
    bell, awake, woken = threading.Event(), threading.Event(), []

    def wait() -> None:
        while len(woken) < REPLIES:
            bell.wait()
            woken.append(clock())
            bell.clear()
            awake.set()

    threading.Thread(target=wait, daemon=True).start()
    return [at - begun for begun, at in _rung(bell.set, awake, woken)]


def _bare_notify() -> list[float]:
    """One connection that listens, and another that notifies."""
    import psycopg

    url, awake, woken = os.environ["DATABASE_URL"], threading.Event(), []

    def wait(listening: psycopg.Connection) -> None:
        for _ in listening.notifies(stop_after=REPLIES):
            woken.append(clock())
            awake.set()

    with psycopg.connect(url, autocommit=True) as speaker, psycopg.connect(url, autocommit=True) as listening:
        listening.execute("LISTEN floor")
        threading.Thread(target=wait, args=(listening,), daemon=True).start()
        return [at - begun for begun, at in _rung(lambda: speaker.execute("NOTIFY floor"), awake, woken)]


def _rung(ring: Callable[[], object], awake: threading.Event, woken: list[float]) -> list[tuple[float, float]]:
    rung = []
    for _ in range(REPLIES):
        time.sleep(0.02)
        rung.append(clock())
        ring()
        awake.wait()
        awake.clear()
    return list(zip(rung, woken, strict=True))


@contextmanager
def _database() -> Iterator[str]:
    import psycopg

    name = f"countersign_bench_{os.getpid()}"
    with psycopg.connect(POSTGRES, autocommit=True) as admin:
        admin.execute(f"CREATE DATABASE {name}")
        try:
            yield POSTGRES.rsplit("/", 1)[0] + f"/{name}"
        finally:
            admin.execute(f"DROP DATABASE {name} WITH (FORCE)")


if __name__ == "__main__":
    {"embedded": embedded, "postgresql": postgresql, "worker": worker}.get(sys.argv[-1], main)()
