"""What one outgoing message says, before it is a row: text, media, several pictures or a link."""

import hashlib
import json
from collections.abc import Iterable
from dataclasses import asdict, dataclass, replace
from typing import TYPE_CHECKING, Any

from graph.limits import Problem, media_problems, problems
from graph.networks import Network
from graph.payloads import Album, Link, Media, MediaKind, Outgoing, Text
from inbox.complaints import sentence
from inbox.served import address_of, can_be_fetched

if TYPE_CHECKING:
    from inbox.models import Conversation, MediaFile, Message

# Meta names no types for the picture of a card; these two are taken everywhere.
CARD_PICTURES = ("image/png", "image/jpeg")


@dataclass(frozen=True)
class Content:
    """Exactly one of text, media, album and link.

    Args:
        text: words, as the contact will read them.
        media: a picture, video, sound or file whose bytes we hold.
        album: several pictures in one message; only Instagram has that.
        link: a card that opens an address, or the address in plain words.
        picture: what the card of a link shows; Meta fetches it from us.
        reply_to_mid: Meta's id of the message that it answers, whatever it says.
    """

    text: str = ""
    media: "MediaFile | None" = None
    link: Link | None = None
    picture: "MediaFile | None" = None
    album: "tuple[MediaFile, ...]" = ()
    reply_to_mid: str = ""

    @classmethod
    def of(cls, message: "Message") -> "Content":
        """What a stored outgoing message says."""
        files = tuple(each.media for each in message.attachments.select_related("media") if each.media)
        if message.link:
            return cls(link=Link(**message.link), picture=next(iter(files), None), reply_to_mid=message.reply_to_mid)
        media, album = (None, files) if len(files) > 1 else (next(iter(files), None), ())
        return cls(text=message.text, media=media, album=album, reply_to_mid=message.reply_to_mid)

    @property
    def kind(self) -> str:
        """text, link, album, image, video, audio or file."""
        if self.link:
            return "link"
        if self.album:
            return "album"
        return str(self.media.kind) if self.media else "text"

    @property
    def files(self) -> "tuple[MediaFile, ...]":
        """What has to be at Meta before it can be sent."""
        return self.album or ((self.media,) if self.media else ())

    @property
    def enclosed(self) -> "tuple[MediaFile, ...]":
        """Every file that belongs to it, whichever way Meta gets it."""
        return (*self.files, *((self.picture,) if self.picture else ()))

    @property
    def link_fields(self) -> dict[str, Any] | None:
        return asdict(self.link) if self.link else None

    def outgoing(self, attachment_ids: Iterable[str] = ()) -> Outgoing:
        """The same in Meta's language.

        Args:
            attachment_ids: the id at Meta of each of `files`, in their order.
        """
        if self.link:
            return replace(self.link, image_url=address_of(self.picture)) if self.picture else self.link
        media = tuple(Media(file.kind, attachment_id=id) for file, id in zip(self.files, attachment_ids, strict=True))
        if self.album:
            return Album(media)
        return media[0] if media else Text(self.text)

    def digest(self, conversation: "Conversation") -> str:
        """SHA-256 of exactly what is to be sent and to whom; a vote is bound to it."""
        what = {
            "account": conversation.account.public_id,
            "contact": conversation.contact.external_id,
            "text": self.text,
            "media": [file.sha256 for file in self.enclosed],
            "link": self.link_fields,
            "reply_to": self.reply_to_mid,
        }
        return hashlib.sha256(json.dumps(what, sort_keys=True, ensure_ascii=False).encode("utf-8", "surrogatepass")).hexdigest()

    def complaints(self, network: str) -> list[str]:
        """Why Meta would refuse it on this network, in sentences for people; empty where nothing is known against it."""
        return [sentence(problem, network) for problem in self._problems(Network(network))]

    def _problems(self, network: Network) -> list[Problem]:
        if sum(bool(part) for part in (self.text, self.files, self.link)) > 1:
            return [Problem("content", "too_many")]
        found = [problem for file in self.files for problem in _file_problems(file, network)]
        if self.media:
            return found
        if self.picture:
            found += _picture_problems(self.picture, self.link, network)
        return found + problems(self.link or self.outgoing("?" * len(self.files)), network)


def picture_complaints(file: "MediaFile", network: str) -> list[str]:
    """Why a file cannot be the picture of a card on this network, in sentences for people."""
    return [sentence(problem, network) for problem in _picture_problems(file, Link(url="", title=""), Network(network))]


def _picture_problems(file: "MediaFile", link: Link | None, network: Network) -> list[Problem]:
    if link is None or link.plain:
        return [Problem("picture", "unsupported")]
    if not can_be_fetched():
        return [Problem("picture", "unreachable")]
    if file.state == file.State.READY and file.mime not in CARD_PICTURES:
        return [Problem("picture", "wrong_type")]
    return _file_problems(file, network)


def _file_problems(file: "MediaFile", network: Network) -> list[Problem]:
    if file.state != file.State.READY:
        return [Problem(str(MediaKind.IMAGE), "not_ready")]
    return media_problems(file.kind, file.size, file.mime, network)
