"""Takes one part of an account's conversations into the inbox: each in a short transaction, so that nobody else has to wait for long."""

import logging
import traceback
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from django.db import InterfaceError, OperationalError, transaction

from accounts.graph import client_for
from accounts.models import Account
from core.lease import TakenOver
from core.live import Change, publish
from graph.client import GraphClient
from graph.errors import Rejected
from graph.threads import Thread, ThreadPage
from inbox.again import has_come
from inbox.importing import Imported, Look, import_thread, marks_of

logger = logging.getLogger("countersign.history")
# A part that needs more readings than this is asked for smaller from then on: others wait for it.
MANY_READINGS = 10

# Called within the transaction of each conversation.
Note = Callable[[Imported], None]


def client_of(account: Account) -> GraphClient:
    """Who reads for this account.

    Raises:
        GraphError: its token or its id cannot be one.
    """
    try:
        return client_for(account)
    except ValueError:
        raise Rejected("The stored id of the account cannot be one.") from None


@dataclass(frozen=True)
class Taken:
    """What a part brought.

    Args:
        messages: how many were stored.
        left_out: how many conversations are with nobody in particular, do not open at Meta, or could not be taken in.
    """

    messages: int
    left_out: int


def take_part(account: Account, page: ThreadPage, look: Look, note: Note) -> Taken:
    """Take in every conversation of a part.

    Raises:
        TakenOver: `note` did.
        OperationalError, InterfaceError: the database had a bad moment; the part can be taken in again.
    """
    found: list[Imported | None] = []
    try:
        for thread in page.threads:
            found.append(_take(account, thread, look, note))
    finally:
        # Also where it was stopped in the middle: what was taken in stays, and nobody may read this part again.
        _tell(account, page.threads[: len(found)], found)
    return Taken(_stored(found), found.count(None))


def _tell(account: Account, threads: Sequence[Thread], found: Sequence[Imported | None]) -> None:
    # After the commits: what is kept meanwhile looks for its message by itself, and has to see it.
    has_come(marks_of(account, threads))
    if _stored(found):
        # One for all: history is no news, and a screen that looks again sees everything.
        publish(Change(account=account.pk))


def _stored(found: Iterable[Imported | None]) -> int:
    return sum(imported.messages for imported in found if imported)


def smaller(part: int, page: ThreadPage, readings: int) -> int:
    """How many conversations the next part asks for."""
    return max(1, part // 2) if readings > MANY_READINGS and page.limit == part else min(part, page.limit)


def _take(account: Account, thread: Thread, look: Look, note: Note) -> Imported | None:
    """One conversation that cannot be taken in must not keep its neighbours from being."""
    try:
        with transaction.atomic():
            imported = import_thread(account, thread, look)
            note(imported)
        return imported if thread.is_whole and thread.summary.contact_id else None
    except (OperationalError, InterfaceError, TakenOver):
        raise
    except Exception as error:
        # Frames and the class, without its words: a database error can repeat what somebody wrote.
        frames = "".join(traceback.format_tb(error.__traceback__))
        logger.error("A conversation of account %s could not be read back: %s\n%s", account.public_id, type(error).__name__, frames)
    return None
