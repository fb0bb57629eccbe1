"""E-mails: written with what they tell, sent by a worker."""

from datetime import datetime


def mail_next() -> bool:
    """Send the next e-mail that is due. False where none is."""
    return False


def next_mail_due(at: datetime) -> datetime | None:
    """When the next one becomes due."""
    return None
