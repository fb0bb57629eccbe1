"""What Meta accepts in one message, so that a person hears of a problem before sending instead of after."""

from dataclasses import dataclass
from typing import Literal
from urllib.parse import urlsplit

from graph.networks import Network
from graph.payloads import Image, Link, Outgoing, Text


@dataclass(frozen=True)
class Limits:
    """The sizes of one network. Instagram counts text in bytes: an emoji is four of them."""

    text_max: int
    text_unit: Literal["characters", "bytes"]
    image_bytes: int
    image_types: tuple[str, ...]
    link_title: int
    link_subtitle: int
    button_title: int


@dataclass(frozen=True)
class Problem:
    """One reason why Meta would refuse. `code` is one of: empty, too_long, too_large, wrong_type, bad_address,
    needs_https, not_unicode. `limit` and `actual` are 0 where the problem has no size."""

    field: str
    code: str
    limit: int = 0
    actual: int = 0


_EIGHT_MEGABYTES = 8 * 1024 * 1024

# Source: Meta, Send API reference, "Text", "Attachments" and "Generic template"; Instagram Platform, "Send messages".
_LIMITS = {
    Network.MESSENGER: Limits(
        text_max=2000,
        text_unit="characters",
        image_bytes=_EIGHT_MEGABYTES,
        image_types=("image/png", "image/jpeg", "image/gif"),
        link_title=80,
        link_subtitle=80,
        button_title=20,
    ),
    Network.INSTAGRAM: Limits(
        text_max=1000,
        text_unit="bytes",
        image_bytes=_EIGHT_MEGABYTES,
        image_types=("image/png", "image/jpeg"),
        link_title=80,
        link_subtitle=80,
        button_title=20,
    ),
}


def limits_for(network: Network) -> Limits:
    return _LIMITS[network]


def text_size(text: str, network: Network) -> int:
    """How long the text is, in the unit in which the network counts."""
    if limits_for(network).text_unit == "bytes":
        return len(text.encode("utf-8", "surrogatepass"))
    return len(text)


def problems(outgoing: Outgoing, network: Network) -> list[Problem]:
    """Everything that Meta would refuse in this message; empty when nothing is known against it."""
    match outgoing:
        case Text():
            return _text_problems(outgoing.text, network)
        case Image():
            return _image_source_problems(outgoing)
        case Link():
            return _link_problems(outgoing, limits_for(network))


def image_problems(size: int, mime: str, network: Network) -> list[Problem]:
    """What is wrong with an image file of `size` bytes before it is uploaded."""
    limits = limits_for(network)
    found = []
    if size <= 0:
        found.append(Problem("image", "empty"))
    if size > limits.image_bytes:
        found.append(Problem("image", "too_large", limits.image_bytes, size))
    if mime.lower() not in limits.image_types:
        found.append(Problem("image", "wrong_type"))
    return found


def _text_problems(text: str, network: Network) -> list[Problem]:
    if not text.strip():
        return [Problem("text", "empty")]
    found = _unicode_problems("text", text)
    limit, actual = limits_for(network).text_max, text_size(text, network)
    if actual > limit:
        found.append(Problem("text", "too_long", limit, actual))
    return found


def _image_source_problems(image: Image) -> list[Problem]:
    if image.attachment_id:
        return []
    if not image.url:
        return [Problem("image", "empty")]
    return _address_problems("url", image.url, https=True)


def _link_problems(link: Link, limits: Limits) -> list[Problem]:
    found = _address_problems("url", link.url)
    found += _label_problems("title", link.title, limits.link_title, required=True)
    found += _label_problems("subtitle", link.subtitle, limits.link_subtitle)
    found += _label_problems("button", link.button, limits.button_title, required=True)
    if link.image_url:
        found += _address_problems("image_url", link.image_url, https=True)
    return found


def _label_problems(field: str, label: str, limit: int, *, required: bool = False) -> list[Problem]:
    if required and not label.strip():
        return [Problem(field, "empty")]
    found = _unicode_problems(field, label)
    if len(label) > limit:
        found.append(Problem(field, "too_long", limit, len(label)))
    return found


def _unicode_problems(field: str, text: str) -> list[Problem]:
    """Half of a surrogate pair cannot be written as UTF-8, and NUL cannot be stored by PostgreSQL: neither can leave this machine."""
    if "\0" in text:
        return [Problem(field, "not_unicode")]
    try:
        text.encode()
    except UnicodeEncodeError:
        return [Problem(field, "not_unicode")]
    return []


def _address_problems(field: str, url: str, *, https: bool = False) -> list[Problem]:
    scheme = _web_scheme(url)
    if not scheme:
        return [Problem(field, "bad_address")]
    if https and scheme != "https":
        return [Problem(field, "needs_https")]
    return _unicode_problems(field, url)


def _web_scheme(url: str) -> str:
    """`http` or `https` for an address that has a host and no blanks, otherwise nothing."""
    try:
        parts = urlsplit(url)
        host = parts.hostname
    except ValueError:
        return ""
    blank = any(character.isspace() or not character.isprintable() for character in url)
    return parts.scheme if host and not blank and parts.scheme in ("http", "https") else ""
