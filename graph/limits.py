"""What Meta accepts in one message and in one second, so that a person hears of a problem before sending instead of after."""

from collections.abc import Mapping
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Literal
from urllib.parse import urlsplit

from graph.networks import Login, Network
from graph.payloads import Album, Link, Media, MediaKind, Outgoing, Text


@dataclass(frozen=True)
class MediaLimit:
    """What a network takes of one kind. A type may end in `*`, as in `audio/*`: where Meta names no types of its own."""

    max_bytes: int
    types: tuple[str, ...]

    def takes(self, mime: str) -> bool:
        plain = mime.partition(";")[0].strip().lower()
        return any(fnmatchcase(plain, pattern) for pattern in self.types)


@dataclass(frozen=True)
class Limits:
    """The sizes of one network. Instagram counts text in bytes: an emoji is four of them."""

    text_max: int
    text_unit: Literal["characters", "bytes"]
    media: Mapping[MediaKind, MediaLimit]
    album_max: int
    link_title: int
    link_subtitle: int
    button_title: int

    @property
    def image_bytes(self) -> int:
        return self.media[MediaKind.IMAGE].max_bytes

    @property
    def image_types(self) -> tuple[str, ...]:
        return self.media[MediaKind.IMAGE].types


@dataclass(frozen=True)
class Problem:
    """One reason why Meta would refuse.

    Args:
        field: what is wrong: text, url, title, subtitle, button, image_url, the kind of a media, or album.
        code: empty, too_long, too_large, too_few, too_many, wrong_type, unsupported, bad_address, needs_https or not_unicode.
        limit, actual: 0 where the problem has no size.
    """

    field: str
    code: str
    limit: int = 0
    actual: int = 0


_MEGABYTE = 1024 * 1024
_ALBUM_MIN = 2

# Source: Meta, Send API reference, "Attachments"; Messenger Platform, "Send messages", "Media".
_MESSENGER_MEDIA = {
    MediaKind.IMAGE: MediaLimit(8 * _MEGABYTE, ("image/png", "image/jpeg", "image/gif")),
    MediaKind.VIDEO: MediaLimit(25 * _MEGABYTE, ("video/*",)),
    MediaKind.AUDIO: MediaLimit(25 * _MEGABYTE, ("audio/*",)),
    MediaKind.FILE: MediaLimit(25 * _MEGABYTE, ("*/*",)),
}
# Source: Meta, Instagram Platform, "Send messages", "Media types"; its changelog, 19 December 2025 (PDF). Meta names formats;
# one format goes by several types.
_INSTAGRAM_MEDIA = {
    MediaKind.IMAGE: MediaLimit(8 * _MEGABYTE, ("image/png", "image/jpeg")),
    MediaKind.VIDEO: MediaLimit(
        25 * _MEGABYTE, ("video/mp4", "video/quicktime", "video/webm", "video/ogg", "video/x-msvideo", "video/avi", "video/msvideo")
    ),
    MediaKind.AUDIO: MediaLimit(
        25 * _MEGABYTE,
        ("audio/mp4", "audio/aac", "audio/x-aac", "audio/m4a", "audio/x-m4a", "audio/wav", "audio/x-wav", "audio/wave", "audio/vnd.wave"),
    ),
    MediaKind.FILE: MediaLimit(25 * _MEGABYTE, ("application/pdf",)),
}
# Source: Meta, Send API reference, "Text" and "Generic template"; Instagram Platform, "Send messages" and changelog, 6 May 2026 (albums).
_LIMITS = {
    Network.MESSENGER: Limits(
        text_max=2000, text_unit="characters", media=_MESSENGER_MEDIA, album_max=0, link_title=80, link_subtitle=80, button_title=20
    ),
    Network.INSTAGRAM: Limits(
        text_max=1000, text_unit="bytes", media=_INSTAGRAM_MEDIA, album_max=10, link_title=80, link_subtitle=80, button_title=20
    ),
}

# Counted apart from everything else that can be sent.
SOUND_AND_FILM = frozenset({MediaKind.AUDIO, MediaKind.VIDEO})
# Source: Meta, Messenger Platform, "Rate limits", 23 March 2026: the Send API takes 300 calls a second from a Page or an Instagram account, and 10 with
# sound or film; but a Page that sends more than 40 messages a second cannot send at all until it sends less ("High volume"). Instagram Platform, "Rate
# limits": 100 calls a second, and 10 with sound or film. Where the two differ, the lower one.
_TEXT_PER_SECOND = {(Network.MESSENGER, Login.FACEBOOK): 30, (Network.INSTAGRAM, Login.FACEBOOK): 100, (Network.INSTAGRAM, Login.INSTAGRAM): 100}
_SOUND_AND_FILM_PER_SECOND = 10


def limits_for(network: Network) -> Limits:
    return _LIMITS[network]


def sends_per_second(network: Network, login: Login, *, sound_or_film: bool) -> int:
    """How many messages may leave from one account in any second."""
    return _SOUND_AND_FILM_PER_SECOND if sound_or_film else _TEXT_PER_SECOND[network, login]


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
        case Media():
            return _media_source_problems(outgoing)
        case Album():
            return _album_problems(outgoing, limits_for(network))
        case Link(plain=True):
            return _plain_link_problems(outgoing, network)
        case Link():
            return _link_problems(outgoing, limits_for(network))


def media_problems(kind: MediaKind, size: int, mime: str, network: Network) -> list[Problem]:
    """What is wrong with a file of `size` bytes before it is uploaded."""
    limit = limits_for(network).media[kind]
    found = []
    if size <= 0:
        found.append(Problem(kind.value, "empty"))
    if size > limit.max_bytes:
        found.append(Problem(kind.value, "too_large", limit.max_bytes, size))
    if not limit.takes(mime):
        found.append(Problem(kind.value, "wrong_type"))
    return found


def media_kind_of(mime: str) -> MediaKind:
    """As which kind Meta wants bytes of this type."""
    family = mime.partition("/")[0].strip().lower()
    return MediaKind(family) if family in (MediaKind.IMAGE, MediaKind.VIDEO, MediaKind.AUDIO) else MediaKind.FILE


def _text_problems(text: str, network: Network) -> list[Problem]:
    if not text.strip():
        return [Problem("text", "empty")]
    found = _unicode_problems("text", text)
    limit, actual = limits_for(network).text_max, text_size(text, network)
    if actual > limit:
        found.append(Problem("text", "too_long", limit, actual))
    return found


def _media_source_problems(media: Media) -> list[Problem]:
    if media.attachment_id:
        return []
    if not media.url:
        return [Problem(media.kind.value, "empty")]
    return _address_problems("url", media.url, https=True)


def _album_problems(album: Album, limits: Limits) -> list[Problem]:
    count = len(album.images)
    if not limits.album_max:
        return [Problem("album", "unsupported")]
    if count < _ALBUM_MIN:
        return [Problem("album", "too_few", _ALBUM_MIN, count)]
    found = [Problem("album", "too_many", limits.album_max, count)] if count > limits.album_max else []
    if any(image.kind is not MediaKind.IMAGE for image in album.images):
        found.append(Problem("album", "wrong_type"))
    return found + [problem for image in album.images for problem in _media_source_problems(image)]


def _plain_link_problems(link: Link, network: Network) -> list[Problem]:
    """A plain link is a text, so it has a text's limits and no others."""
    return _address_problems("url", link.url) + _text_problems(link.words, network)


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
