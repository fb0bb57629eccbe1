"""Work that one worker has at a time: a row is leased until a moment, and after it anybody may go on."""

from datetime import datetime

from django.db.models import Q


def is_free(at: datetime) -> Q:
    """Rows with a `lease_until` that no worker is at."""
    return Q(lease_until=None) | Q(lease_until__lt=at)
