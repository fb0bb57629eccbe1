"""Slows down whoever guesses passwords: ten wrong tries for one e-mail, or from one address, are all that a quarter of an hour holds.

The counts live in Django's cache. As installed that is the memory of one process: where several processes or machines serve, each counts
for itself, until CACHES names a cache that they share. The address is the one that connected, as the server (uvicorn) tells it.
"""

import hashlib
import unicodedata
from contextlib import suppress
from datetime import datetime, timedelta

from django.core.cache import cache

from core.clock import now

MOST = 10
WINDOW = timedelta(minutes=15)
SECONDS = int(WINDOW.total_seconds())


def count_try(email: str, address: str) -> timedelta:
    """Count one try, before the password is looked at. How long to wait where it is one too many, else nothing."""
    return max(_count(key) for key in _keys(email, address))


def forgive(email: str, address: str) -> None:
    """The try was right, so it does not count."""
    for key in _keys(email, address):
        with suppress(ValueError):  # its quarter of an hour has ended meanwhile
            cache.decr(key)


def _count(key: str) -> timedelta:
    at = now()
    cache.add(f"{key}:begun", at, SECONDS)
    if cache.add(key, 1, SECONDS) or _one_more(key) <= MOST:
        return timedelta(0)
    begun: datetime = cache.get(f"{key}:begun", at)
    return max(begun + WINDOW - at, timedelta(seconds=1))


def _one_more(key: str) -> int:
    try:
        return cache.incr(key)
    except ValueError:
        return 1  # it ended between the two questions


def _keys(email: str, address: str) -> list[str]:
    """An e-mail counts whatever its case, as it does for signing in; nothing that a stranger typed is a key as it stands."""
    same = unicodedata.normalize("NFKC", email).strip().upper()
    return [f"sign-in:{kind}:{hashlib.sha256(text.encode()).hexdigest()}" for kind, text in (("email", same), ("address", address))]
