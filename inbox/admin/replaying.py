"""The addresses on which deliveries are applied again: the question, and the page that says how far it is."""

from collections.abc import Iterable
from datetime import UTC, datetime
from urllib.parse import urlencode

from django.urls import reverse

# As many as fit into an address that every server takes. Who wants more wants all that failed.
MOST = 100


def question_address(public_ids: Iterable[str]) -> str:
    chosen = [("delivery", public_id) for public_id, _number in zip(public_ids, range(MOST), strict=False)]
    return f"{reverse('admin:ingestion-replay')}?{urlencode(chosen)}"


def progress_address(number: int, *, at: datetime) -> str:
    return f"{reverse('admin:ingestion')}?{urlencode({'again': number, 'since': int(at.timestamp())})}"


def since_of(text: str) -> datetime | None:
    return datetime.fromtimestamp(int(text), UTC) if text.isascii() and text.isdigit() and len(text) <= 11 else None
