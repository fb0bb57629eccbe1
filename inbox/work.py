"""The kinds of work that go on behind the pages, each as "do one unit, say whether there was one"."""

from collections.abc import Callable
from datetime import datetime

from core.clock import now
from inbox.claiming import next_due as next_dispatch_due
from inbox.ingesting import ingest_next
from inbox.media import fetch_next
from inbox.profiles import fetch_next_profile
from inbox.sending import send_next
from inbox.settling import sweep


def fetch_any() -> bool:
    """Pictures first: a person waits for them."""
    return fetch_next() or fetch_next_profile()


WORK: dict[str, Callable[[], bool]] = {"ingest": ingest_next, "dispatch": send_next, "fetch": fetch_any, "sweep": sweep}


def next_due(work: str) -> datetime | None:
    """When the next unit that waits for its time becomes due; None where none does."""
    return next_dispatch_due(now()) if work == "dispatch" else None


def work_until_idle(*kinds: str) -> int:
    """Do all that there is to do of these kinds, in this thread. Returns how many units were done."""
    done = 0
    while any(WORK[kind]() for kind in kinds):
        done += 1
    return done
