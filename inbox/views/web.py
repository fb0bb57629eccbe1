"""Addresses that others wrote, before they become links."""

from urllib.parse import urlsplit

FACEBOOK = "https://www.facebook.com"


def web_link(address: str) -> str:
    """The address where it leads into the web; "" for anything that a browser could run or misread. Facebook's reels come without a host."""
    if address.startswith("/") and not address.startswith(("//", "/\\")):
        address = f"{FACEBOOK}{address}"
    try:
        parts = urlsplit(address)
        host = parts.hostname
    except ValueError:
        return ""
    plain = not any(letter.isspace() or not letter.isprintable() for letter in address)
    return address if host and plain and parts.scheme in ("https", "http") else ""


def host_of(address: str) -> str:
    """Where a link leads, as short as people read it."""
    return (urlsplit(address).hostname or "").removeprefix("www.") if address else ""
