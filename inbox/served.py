"""Addresses at which Meta fetches a picture of ours that it takes no upload of: signed, and good for a time only.

Whoever has such an address has the picture and nothing else: it names one file, its exact bytes, and when it ends.
"""

import base64
import ipaddress
from datetime import datetime
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from django.conf import settings
from django.urls import reverse
from django.utils.crypto import constant_time_compare, salted_hmac

from core.clock import now

if TYPE_CHECKING:
    from inbox.models import MediaFile

# Meta does not say how long it keeps its copy of a card's picture, or that it fetches it before the card is looked at.
SERVED_FOR_SECONDS = 30 * 24 * 3600
_LONGEST_MOMENT = 12


def address_of(media: "MediaFile") -> str:
    """Where Meta finds these bytes from now on, for thirty days."""
    until = str(int(now().timestamp()) + SERVED_FOR_SECONDS)
    return settings.PUBLIC_URL.rstrip("/") + reverse("inbox:served-file", args=[media.public_id, f"{until}.{_signature(media, until)}"])


def seconds_left(media: "MediaFile", proof: str, at: datetime) -> int:
    """How long this proof still opens these bytes; 0 where it does not, or no longer."""
    until, _dot, signature = proof.partition(".")
    is_right = constant_time_compare(signature, _signature(media, until))
    is_moment = until.isascii() and until.isdigit() and len(until) <= _LONGEST_MOMENT
    return max(0, int(until) - int(at.timestamp())) if is_right and is_moment else 0


def can_be_fetched() -> bool:
    """Whether Meta, or the simulator in its place, reaches this installation under its public address."""
    return settings.DEMO or (settings.HTTPS and not _is_local(urlsplit(settings.PUBLIC_URL).hostname or ""))


def _is_local(host: str) -> bool:
    try:
        return not ipaddress.ip_address(host).is_global
    except ValueError:
        return "." not in host or host.endswith((".localhost", ".local", ".internal"))


def _signature(media: "MediaFile", until: str) -> str:
    made = salted_hmac("inbox.served", f"{media.public_id}.{media.sha256}.{until}", algorithm="sha256").digest()
    return base64.urlsafe_b64encode(made).rstrip(b"=").decode()
