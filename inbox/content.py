"""What one outgoing message says, before it is a row: text, media, several pictures or a link."""

import hashlib
import json
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from graph.limits import Problem, media_problems, problems
from graph.networks import Network
from graph.payloads import Album, Link, Media, MediaKind, Outgoing, Text
from inbox.complaints import sentence

if TYPE_CHECKING:
    from inbox.models import Conversation, MediaFile, Message


@dataclass(frozen=True)
class Content:
    """Exactly one of text, media, album and link.

    Args:
        text: words, as the contact will read them.
        media: a picture, video, sound or file whose bytes we hold.
        album: several pictures in one message; only Instagram has that.
        link: a card that opens an address, or the address in plain words.
        reply_to_mid: Meta's id of the message that it answers, whatever it says.
    """

    text: str = ""
    media: "MediaFile | None" = None
    link: Link | None = None
    album: "tuple[MediaFile, ...]" = ()
    reply_to_mid: str = ""

    @classmethod
    def of(cls, message: "Message") -> "Content":
        """What a stored outgoing message says."""
        files = tuple(each.media for each in message.attachments.select_related("media") if each.media)
        link = Link(**message.link) if message.link else None
        media, album = (None, files) if len(files) > 1 else (next(iter(files), None), ())
        return cls(text=message.text, media=media, album=album, link=link, reply_to_mid=message.reply_to_mid)

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
    def link_fields(self) -> dict[str, Any] | None:
        return asdict(self.link) if self.link else None

    def outgoing(self, attachment_ids: Iterable[str] = ()) -> Outgoing:
        """The same in Meta's language.

        Args:
            attachment_ids: the id at Meta of each of `files`, in their order.
        """
        if self.link:
            return self.link
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
            "media": [file.sha256 for file in self.files],
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
        return found + problems(self.outgoing("?" * len(self.files)), network)


def _file_problems(file: "MediaFile", network: Network) -> list[Problem]:
    if file.state != file.State.READY:
        return [Problem(str(MediaKind.IMAGE), "not_ready")]
    return media_problems(file.kind, file.size, file.mime, network)
