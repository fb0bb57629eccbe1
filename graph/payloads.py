"""What we can say to a contact, and the JSON that Meta's Send API wants for it."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Literal

from graph.networks import Network


class MediaKind(StrEnum):
    """Meta's types of media, in its own words. Source: Meta, Send API reference, "Attachments"."""

    IMAGE = "image"
    VIDEO = "video"
    AUDIO = "audio"
    FILE = "file"


@dataclass(frozen=True)
class Text:
    """Plain words; a web address inside is shown with a preview by the contact's own app."""

    text: str


@dataclass(frozen=True)
class Media:
    """One picture, film, sound or file: uploaded before (`attachment_id`), or at a public https address that Meta fetches (`url`)."""

    kind: MediaKind
    attachment_id: str = ""
    url: str = ""


@dataclass(frozen=True)
class Album:
    """Two to ten pictures in one Instagram message; Messenger takes one picture a message."""

    images: tuple[Media, ...]


@dataclass(frozen=True)
class Link:
    """A card that opens a web page, or with `plain` a text whose address the contact's own app previews.

    Instagram on the web does not draw cards and sends the person to the app.
    """

    url: str
    title: str
    subtitle: str = ""
    image_url: str = ""
    button: str = "Open"
    plain: bool = False

    @property
    def words(self) -> str:
        """What a plain link says."""
        return "\n".join(filter(None, (self.title, self.url)))


Outgoing = Text | Media | Album | Link
Action = Literal["typing_on", "typing_off", "mark_seen", "react", "unreact"]


def message_body(
    outgoing: Outgoing,
    *,
    to: str,
    network: Network,
    metadata: str | None = None,
    human_agent: bool = False,
    reply_to: str = "",
    media_share: bool = False,
) -> dict[str, Any]:
    """The JSON of `POST /{node}/messages`.

    `HUMAN_AGENT` is the only tag that can be expressed: Meta removed the others on 27 April 2026.
    Source: Meta, Send API reference, "Request" and "Message tags"; Messenger Platform changelog, 27 April 2026.

    Args:
        metadata: comes back in Messenger's echo; Instagram's echo has no place for it, so it is left out there.
        reply_to: the id of the message that this one answers. Source: Meta, Send API reference, "Replying to a message".
        media_share: send what was uploaded to Instagram, other than pictures, under the type MEDIA_SHARE. One page of Meta's wants
            that (Instagram Platform, "Send messages", "Uploaded media"), the others name the plain type.

    Raises:
        ValueError: the content has no form on this network.
    """
    message = _Content(network, media_share).of(outgoing)
    if metadata and network is Network.MESSENGER:
        message["metadata"] = metadata
    answered = {"reply_to": {"mid": reply_to}} if reply_to else {}
    return {"recipient": {"id": to}, **_occasion(human_agent), **answered, "message": message}


def action_body(action: Action, *, to: str, mid: str = "", reaction: str = "") -> dict[str, Any]:
    """The JSON of a sender action, which goes where messages go and carries no message.

    Source: Meta, Send API reference, "Sender actions" and "Reacting to a message".
    """
    payload = {name: value for name, value in (("message_id", mid), ("reaction", reaction)) if value}
    return {"recipient": {"id": to}, "sender_action": action, **({"payload": payload} if payload else {})}


def upload_body(kind: MediaKind, *, url: str = "") -> dict[str, Any]:
    """The `message` of an upload: what it is, and where Meta fetches it unless the bytes come beside.

    Source: Meta, Attachment Upload API reference.
    """
    return {"attachment": {"type": kind.value, "payload": {**({"url": url} if url else {}), "is_reusable": True}}}


def _occasion(human_agent: bool) -> dict[str, str]:
    if human_agent:
        return {"messaging_type": "MESSAGE_TAG", "tag": "HUMAN_AGENT"}
    return {"messaging_type": "RESPONSE"}


@dataclass(frozen=True)
class _Content:
    """The `message` for one network."""

    network: Network
    media_share: bool

    def of(self, outgoing: Outgoing) -> dict[str, Any]:
        match outgoing:
            case Text():
                return {"text": outgoing.text}
            case Media():
                return {"attachment": self._attachment(outgoing)}
            case Album():
                return {"attachments": self._pictures(outgoing)}
            case Link():
                return {"text": outgoing.words} if outgoing.plain else {"attachment": {"type": "template", "payload": _card(outgoing)}}

    def _attachment(self, media: Media) -> dict[str, Any]:
        return {"type": self._type(media), "payload": _source(media)}

    def _type(self, media: Media) -> str:
        shared = self.media_share and self.network is Network.INSTAGRAM and media.attachment_id and media.kind is not MediaKind.IMAGE
        return "MEDIA_SHARE" if shared else media.kind.value

    def _pictures(self, album: Album) -> list[dict[str, Any]]:
        """Source: Meta, Instagram Platform, "Send messages", "Multiple images"."""
        if self.network is not Network.INSTAGRAM:
            raise ValueError("Messenger takes one picture a message.")
        if any(image.kind is not MediaKind.IMAGE for image in album.images):
            raise ValueError("An album holds pictures only.")
        return [self._attachment(image) for image in album.images]


def _source(media: Media) -> dict[str, str]:
    if media.attachment_id:
        return {"attachment_id": media.attachment_id}
    if media.url:
        return {"url": media.url}
    raise ValueError("Media needs an attachment id or an address.")


def _card(link: Link) -> dict[str, Any]:
    """Source: Meta, Send API reference, "Generic template"."""
    element: dict[str, Any] = {"title": link.title}
    if link.subtitle:
        element["subtitle"] = link.subtitle
    if link.image_url:
        element["image_url"] = link.image_url
    element["default_action"] = {"type": "web_url", "url": link.url}
    element["buttons"] = [{"type": "web_url", "url": link.url, "title": link.button}]
    return {"template_type": "generic", "elements": [element]}
