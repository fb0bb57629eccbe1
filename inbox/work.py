"""The kinds of work that go on behind the pages, each as "do one unit, say whether there was one"."""

from collections.abc import Callable
from datetime import datetime

from core.clock import now
from inbox.claiming import next_due as next_dispatch_due
from inbox.copying import copy_next, next_copy_due
from inbox.forgetting import forget_next
from inbox.ingesting import ingest_next
from inbox.media import fetch_next
from inbox.profiles import fetch_next_profile
from inbox.retention import retention
from inbox.sending import send_next
from inbox.settling import sweep


def fetch_any() -> bool:
    """What a person or an agent waits for first."""
    return fetch_next() or fetch_next_profile()


def upkeep() -> bool:
    """What takes long and nobody waits for. Who wants to be forgotten comes first, what is merely old comes last."""
    return forget_next() or copy_next() or retention.step()


WORK: dict[str, Callable[[], bool]] = {"ingest": ingest_next, "dispatch": send_next, "fetch": fetch_any, "upkeep": upkeep, "sweep": sweep}

_DUE: dict[str, Callable[[datetime], datetime | None]] = {"dispatch": next_dispatch_due, "upkeep": next_copy_due}


def next_due(work: str) -> datetime | None:
    """When the next unit that waits for its time becomes due; None where none does."""
    ask = _DUE.get(work)
    return ask(now()) if ask else None


def work_until_idle(*kinds: str) -> int:
    """Do all that there is to do of these kinds, in this thread. Returns how many units were done."""
    done = 0
    while any(WORK[kind]() for kind in kinds):
        done += 1
    return done
