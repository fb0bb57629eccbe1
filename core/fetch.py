"""Fetches a picture from an address that somebody else chose, without becoming their way into our network.

Every name is resolved here, every address it resolves to must be public, and the connection goes to exactly the address that was
checked (a second look-up could answer differently). Redirects are followed by hand, each hop through the same door. The bytes are
taken as they come: what unpacks can unpack to anything.
"""

import ipaddress
import socket
from dataclasses import dataclass

import httpcore
import httpx
from django.conf import settings
from django.utils.translation import gettext as _

from core.deadline import Deadline, PunctualBackend

MAX_HOPS = 4
# For all hops together. A look-up of a name cannot be interrupted; the last one may end a little later.
TOTAL_SECONDS = 20.0
TIMEOUTS = {"connect": 5.0, "read": 10.0, "write": 10.0}
# A request of this length leaves in one piece, so that nobody can take it from us drop by drop.
LONGEST_ADDRESS = 4_000
PORTS = {"http": 80, "https": 443}
# Where files stand. Behind other ports of a public address is what is not meant for strangers, perhaps of our own.
WEB_PORTS = {80, 443, 8080, 8443}
REDIRECTS = {301, 302, 303, 307, 308}

# Everything that IANA has given out as public IPv6; what lies outside of it is local, reserved, or IPv4 in disguise.
_PUBLIC_IPV6 = ipaddress.IPv6Network("2000::/3")
# By these addresses a network without IPv4 reaches all of IPv4 (RFC 6052).
_NAT64 = ipaddress.IPv6Network("64:ff9b::/96")


class FetchRefused(Exception):
    """The address was not fetched; the text says why, in words for the person who gave it.

    Args:
        status: the HTTP status, where the server answered with one that is not 200.
    """

    def __init__(self, why: str, *, status: int | None = None) -> None:
        super().__init__(why)
        self.status = status


@dataclass(frozen=True)
class Fetched:
    """What an address answered: its bytes and the media type that it claims."""

    content: bytes
    mime: str


def fetch(url: str, *, max_bytes: int, accept: str = "image/*", total_seconds: float | None = None) -> Fetched:
    """Fetch `url`.

    Args:
        url: an http or https address.
        max_bytes: the most that is read.
        accept: the media types that are asked for.
        total_seconds: how long it may take, with all redirects; None is twenty seconds.

    Raises:
        FetchRefused: the address is not public, does not answer 200, is too large, too slow, or redirects too often.
    """
    deadline, address = Deadline(total_seconds or TOTAL_SECONDS), web_address(url)
    try:
        for _hop in range(MAX_HOPS):
            answer = _get(address, _public_ip(address), max_bytes, deadline, accept)
            if isinstance(answer, Fetched):
                return answer
            address = answer
    except httpcore.TimeoutException as error:
        raise FetchRefused(_("The server was too slow.")) from error
    except (httpcore.NetworkError, httpcore.ProtocolError) as error:
        raise FetchRefused(_("The server did not answer.")) from error
    raise FetchRefused(_("This address redirects too often."))


def web_address(text: str, *, base: httpx.URL | None = None) -> httpx.URL:
    """What somebody wrote, read once: names beyond ASCII are encoded, and who resolves, connects and asks uses the same reading.

    Args:
        base: where `text` was found; it may then be relative.

    Raises:
        FetchRefused: this is no http or https address, or it holds a password.
    """
    try:
        url = base.join(text) if base else httpx.URL(text.strip())
    except (httpx.InvalidURL, ValueError) as error:
        raise FetchRefused(_("This is not a web address.")) from error
    if url.scheme not in PORTS or not url.raw_host or url.userinfo or not 0 < _port(url) < 65_536:
        raise FetchRefused(_("This is not a web address."))
    if len(str(url)) > LONGEST_ADDRESS:
        raise FetchRefused(_("This address is too long."))
    return url


def _port(url: httpx.URL) -> int:
    return PORTS[url.scheme] if url.port is None else url.port


def _public_ip(url: httpx.URL) -> str:
    try:
        answers = socket.getaddrinfo(url.raw_host.decode(), _port(url), type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as error:
        raise FetchRefused(_("No server of that name was found.")) from error
    found = [str(answer[4][0]) for answer in answers]
    if _is_allowed(url):
        return found[0]
    if not all(map(_is_public, found)):
        raise FetchRefused(_("This address is inside a private network, so it was not fetched."))
    if _port(url) not in WEB_PORTS:
        raise FetchRefused(_("Files are fetched from the usual ports of the web only: 80, 443, 8080 and 8443."))
    return found[0]


def _is_allowed(url: httpx.URL) -> bool:
    allowed = [httpx.URL(f"//{host}") for host in settings.FETCH_ALLOWED_HOSTS]
    return (url.raw_host, _port(url)) in [(each.raw_host, each.port) for each in allowed]


def _is_public(text: str) -> bool:
    address = ipaddress.ip_address(text.split("%")[0])
    if isinstance(address, ipaddress.IPv6Address):
        carried = _carried(address)
        if carried is None:
            return address in _PUBLIC_IPV6 and address.is_global and not address.teredo
        address = carried
    return address.is_global and not address.is_multicast


def _carried(address: ipaddress.IPv6Address) -> ipaddress.IPv4Address | None:
    """The IPv4 address to which this one leads in the end."""
    if address in _NAT64:
        return ipaddress.IPv4Address(address.packed[-4:])
    return address.ipv4_mapped or address.sixtofour


def _get(url: httpx.URL, ip: str, max_bytes: int, deadline: Deadline, accept: str) -> Fetched | httpx.URL:
    """One hop: what was fetched, or the address that it redirects to."""
    place = httpcore.URL(scheme=url.raw_scheme, host=ip.encode(), port=_port(url), target=url.raw_path)
    headers: dict[bytes | str, bytes | str] = {"Host": url.netloc, "Accept": accept, "Accept-Encoding": "identity", "User-Agent": "Countersign"}
    extensions = {"sni_hostname": url.raw_host.decode(), "timeout": TIMEOUTS}
    pool = httpcore.ConnectionPool(network_backend=PunctualBackend(deadline))
    with pool, pool.stream("GET", place, headers=headers, extensions=extensions) as response:
        return _answer(url, response, max_bytes)


def _answer(url: httpx.URL, response: httpcore.Response, max_bytes: int) -> Fetched | httpx.URL:
    headers = httpx.Headers(response.headers)
    if response.status in REDIRECTS and "location" in headers:
        return web_address(headers["location"], base=url)
    if response.status != 200:
        raise FetchRefused(_("The server answered %(status)s instead of the file.") % {"status": response.status}, status=response.status)
    if headers.get("content-encoding", "identity").strip().lower() not in {"identity", ""}:
        raise FetchRefused(_("The server sent the file packed, although it was asked not to."))
    _check_size(int(headers.get("content-length", 0)), max_bytes)
    return Fetched(_body(response, max_bytes), headers.get("content-type", "").split(";")[0].strip().lower())


def _body(response: httpcore.Response, max_bytes: int) -> bytes:
    content = bytearray()
    for chunk in response.iter_stream():
        content += chunk
        _check_size(len(content), max_bytes)
    return bytes(content)


def _check_size(size: int, max_bytes: int) -> None:
    if size > max_bytes:
        raise FetchRefused(_("The file is larger than %(size)s MB.") % {"size": max_bytes // 1_000_000})
