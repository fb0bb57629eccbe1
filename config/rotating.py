"""Changes the key that encrypts stored secrets, while everything runs.

Order of the steps, and what an end after each leaves behind: a new key is in the file (everything opens, with the old one) → values are
encrypted under it one by one (each opens with one of the two) → the old key is dropped, after a proof. To begin again goes on from there.
"""

import os
from collections.abc import Generator, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

from django.db import transaction

from config.keys import new_key, replace_encryption_keys
from core.clock import now
from core.keyring import reread_keys
from core.reencrypting import Place, Survey, encrypted_columns, keep_writers_out, renewing, survey

# A process of ours notices a new file at once; a folder that several machines share may tell it a minute late.
SETTLED_AFTER = timedelta(minutes=5)
# A pass finds nothing once everybody writes with the new key. Who still does not after so many never will.
MOST_PASSES = 10


class NotProven(Exception):
    """Not every value opens with the newest key alone, so no older key may go."""

    def __init__(self, found: Survey) -> None:
        super().__init__("Not every stored value opens with the newest key.")
        self.found = found


def begin(path: Path) -> tuple[str, ...]:
    """The keys to rotate with: those of a rotation that was not finished, or the old ones behind a new one that is in the file now."""
    for draft in path.parent.glob(f".{path.name}.*"):
        draft.unlink(missing_ok=True)  # left behind by somebody who was ended while writing it; nothing was encrypted under it
    keys = reread_keys()
    if survey(keys).is_renewed:
        replace_encryption_keys(path, (new_key(), *keys))
    return reread_keys()


def renew_all(keys: Sequence[str]) -> Generator[Place, None, Survey]:
    """Encrypt everything under the first key, pass after pass until one finds nothing under another. Returns what the last look found.

    Whoever had encrypted under the old key may have waited to write; so nobody has to look again after the last look.
    """
    for _number in range(MOST_PASSES):
        found = survey(keys)
        if found.is_renewed:
            return found
        yield from renewing(keys)
    return survey(keys)


def settles_at(path: Path) -> datetime:
    """From when on everybody surely writes with the newest key."""
    return datetime.fromtimestamp(os.stat(path).st_mtime, UTC) + SETTLED_AFTER


def is_settled(path: Path) -> bool:
    return settles_at(path) <= now()


def forget_old(path: Path) -> int:
    """Drop every key but the newest, once it is proven that it opens everything. Returns how many went.

    Raises:
        NotProven: something needs an older key, or opens with none.
    """
    keys = reread_keys()
    with transaction.atomic():
        # The proof has to hold until the file is replaced.
        keep_writers_out(encrypted_columns())
        found = survey(keys[:1])
        if found.unreadable:
            raise NotProven(survey(keys))
        replace_encryption_keys(path, keys[:1])
    return len(keys) - 1
