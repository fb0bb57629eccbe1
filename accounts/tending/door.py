"""Calls our own public address, as Meta would."""

import ipaddress
import ssl
from urllib.parse import urlsplit

import httpx
from django.conf import settings

from accounts.lines.door import callback_url
from accounts.models import MetaApp

Door = MetaApp.Door
PATIENCE = httpx.Timeout(8.0, connect=5.0)
# What the door says to whoever is not Meta (`inbox.webhooks.door`).
ITS_WORDS = "This address is for Meta."
_LONGEST_ANSWER = 200
# Names that no public resolver knows (RFC 6761, RFC 6762, RFC 9476 and the ICANN decision on .internal).
_PRIVATE_ENDINGS = ("localhost", "local", "internal", "test", "invalid", "example", "alt", "lan", "home.arpa")


def look_at_door() -> MetaApp.Door:
    """What answers there: over HTTPS with a valid certificate, without following redirects, since Meta follows none."""
    address = callback_url()
    if not is_public(address):
        return Door.NOT_PUBLIC
    try:
        with httpx.Client(timeout=PATIENCE, transport=settings.DOOR_TRANSPORT, follow_redirects=False) as http:
            return _what_answers(http, address)
    except httpx.HTTPError as error:
        return Door.CERTIFICATE if _is_about_the_certificate(error) else Door.SILENT


def is_public(address: str) -> bool:
    """Whether Meta could call it at all. Names are not resolved: behind a router ours may lead elsewhere than the internet's."""
    parts = urlsplit(address)
    host = (parts.hostname or "").rstrip(".").lower()
    if parts.scheme != "https" or not host:
        return False
    try:
        return ipaddress.ip_address(host).is_global
    except ValueError:
        return "." in host and not any(host == ending or host.endswith(f".{ending}") for ending in _PRIVATE_ENDINGS)


def _what_answers(http: httpx.Client, address: str) -> MetaApp.Door:
    with http.stream("GET", address) as response:
        start = next(response.iter_bytes(_LONGEST_ANSWER), b"")
    is_ours = response.status_code == httpx.codes.FORBIDDEN and start.decode("utf-8", "replace").strip() == ITS_WORDS
    return Door.OPEN if is_ours else Door.SOMETHING_ELSE


def _is_about_the_certificate(error: BaseException | None) -> bool:
    while error is not None:
        if isinstance(error, ssl.SSLCertVerificationError) or "CERTIFICATE_VERIFY_FAILED" in str(error):
            return True
        error = error.__cause__ or error.__context__
    return False
