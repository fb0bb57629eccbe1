"""Reads back what was said before an account was connected."""

from datetime import datetime


def backfill_next() -> bool:
    """Read the next part of the next history. False where none is due."""
    return False


def next_backfill_due(at: datetime) -> datetime | None:
    """When the next one goes on."""
    return None
