"""What the worker does for connected accounts and apps."""

from datetime import datetime


def tend_next() -> bool:
    """Check the next account or app whose turn it is. False where none is due."""
    return False


def next_tend_due(at: datetime) -> datetime | None:
    """When the next one becomes due."""
    return None
