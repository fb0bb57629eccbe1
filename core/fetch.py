"""Fetches a picture from an address that somebody else chose, without becoming their way into our network.

Every name is resolved here, every address it resolves to must be public, and the connection goes to exactly the address that was
checked (a second look-up could answer differently). Redirects are followed by hand, each hop through the same door.
"""

import ipaddress
import socket
import time
from dataclasses import dataclass
from urllib.parse import urljoin, urlsplit

import httpx
from django.conf import settings
from django.utils.translation import gettext as _

MAX_HOPS = 4
TOTAL_SECONDS = 20.0


class FetchRefused(Exception):
    """The address was not fetched; the text says why, in words for the person who gave it."""


@dataclass(frozen=True)
class Fetched:
    """What an address answered: its bytes and the media type that it claims."""

    content: bytes
    mime: str


@dataclass(frozen=True)
class _Target:
    url: str
    host: str
    port: int
    scheme: str
    address: str


def fetch(url: str, *, max_bytes: int) -> Fetched:
    """Fetch `url`.

    Args:
        url: an http or https address.
        max_bytes: the most that is read.

    Raises:
        FetchRefused: the address is not public, does not answer 200, is too large, too slow, or redirects too often.
    """
    deadline = time.monotonic() + TOTAL_SECONDS
    for _hop in range(MAX_HOPS):
        answer = _get(_target(url), max_bytes, deadline)
        if isinstance(answer, Fetched):
            return answer
        url = urljoin(url, answer)
    raise FetchRefused(_("This address redirects too often."))


def _target(url: str) -> _Target:
    try:
        parts = urlsplit(url)
        port = parts.port or (443 if parts.scheme == "https" else 80)
    except ValueError as error:
        raise FetchRefused(_("This is not a web address.")) from error
    if parts.scheme not in {"http", "https"} or not parts.hostname or parts.username or parts.password:
        raise FetchRefused(_("This is not a web address."))
    return _Target(url, parts.hostname, port, parts.scheme, _public_address(parts.hostname, port))


def _public_address(host: str, port: int) -> str:
    try:
        answers = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as error:
        raise FetchRefused(_("No server of that name was found.")) from error
    addresses = [str(answer[4][0]) for answer in answers]
    if f"{host}:{port}" not in settings.FETCH_ALLOWED_HOSTS and not all(map(_is_public, addresses)):
        raise FetchRefused(_("This address is inside a private network, so it was not fetched."))
    return addresses[0]


def _is_public(text: str) -> bool:
    address = ipaddress.ip_address(text.split("%")[0])
    mapped = getattr(address, "ipv4_mapped", None) or getattr(address, "sixtofour", None)
    if mapped is not None:
        address = mapped
    return address.is_global and not address.is_multicast


def _get(target: _Target, max_bytes: int, deadline: float) -> Fetched | str:
    """One hop: what was fetched, or the address that it redirects to."""
    host = f"[{target.address}]" if ":" in target.address else target.address
    request = httpx.Request(
        "GET",
        httpx.URL(target.url).copy_with(host=host, port=target.port),
        headers={"Host": urlsplit(target.url).netloc, "Accept": "image/*", "User-Agent": "Countersign"},
        extensions={"sni_hostname": target.host, "timeout": httpx.Timeout(10.0, connect=5.0).as_dict()},
    )
    try:
        with httpx.Client(trust_env=False) as client:
            response = client.send(request, stream=True, follow_redirects=False)
            try:
                return _answer(response, max_bytes, deadline)
            finally:
                response.close()
    except httpx.HTTPError as error:
        raise FetchRefused(_("The server did not answer.")) from error


def _answer(response: httpx.Response, max_bytes: int, deadline: float) -> Fetched | str:
    if response.is_redirect:
        return response.headers["location"]
    if response.status_code != 200:
        raise FetchRefused(_("The server answered %(status)s instead of the picture.") % {"status": response.status_code})
    content = bytearray()
    for chunk in response.iter_bytes():
        content += chunk
        if len(content) > max_bytes:
            raise FetchRefused(_("The picture is larger than %(size)s MB.") % {"size": max_bytes // 1_000_000})
        if time.monotonic() > deadline:
            raise FetchRefused(_("The server was too slow."))
    return Fetched(bytes(content), response.headers.get("content-type", "").split(";")[0].strip().lower())
