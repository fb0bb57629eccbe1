"""Asks Meta what is new where nothing can come by webhook."""

from datetime import datetime


def poll_next() -> bool:
    """Read what is new on the next account whose turn it is. False where none is due."""
    return False


def next_poll_due(at: datetime) -> datetime | None:
    """When the next one becomes due."""
    return None
