"""What we can say to a contact, and the JSON that Meta's Send API wants for it."""

from dataclasses import dataclass
from typing import Any

from graph.networks import Network


@dataclass(frozen=True)
class Text:
    """Plain words; a web address inside is shown with a preview by the contact's own app."""

    text: str


@dataclass(frozen=True)
class Image:
    """One picture: uploaded before (`attachment_id`), or at a public https address that Meta fetches (`url`)."""

    attachment_id: str = ""
    url: str = ""


@dataclass(frozen=True)
class Link:
    """A card that opens a web page. Instagram on the web does not draw cards and sends the person to the app."""

    url: str
    title: str
    subtitle: str = ""
    image_url: str = ""
    button: str = "Open"


Outgoing = Text | Image | Link


def message_body(
    outgoing: Outgoing,
    *,
    to: str,
    network: Network,
    metadata: str | None = None,
    human_agent: bool = False,
) -> dict[str, Any]:
    """The JSON of `POST /{node}/messages`.

    `metadata` comes back in Messenger's echo; Instagram's echo has no place for it, so it is left out there.
    `HUMAN_AGENT` is the only tag that can be expressed: Meta removed the others on 27 April 2026.
    Source: Meta, Send API reference, "Request" and "Message tags".
    """
    message = _content(outgoing)
    if metadata and network is Network.MESSENGER:
        message["metadata"] = metadata
    return {"recipient": {"id": to}, **_occasion(human_agent), "message": message}


def _occasion(human_agent: bool) -> dict[str, str]:
    if human_agent:
        return {"messaging_type": "MESSAGE_TAG", "tag": "HUMAN_AGENT"}
    return {"messaging_type": "RESPONSE"}


def _content(outgoing: Outgoing) -> dict[str, Any]:
    match outgoing:
        case Text():
            return {"text": outgoing.text}
        case Image():
            return {"attachment": {"type": "image", "payload": _image_source(outgoing)}}
        case Link():
            return {"attachment": {"type": "template", "payload": _card(outgoing)}}


def _image_source(image: Image) -> dict[str, str]:
    if image.attachment_id:
        return {"attachment_id": image.attachment_id}
    if image.url:
        return {"url": image.url}
    raise ValueError("An image needs an attachment id or an address.")


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
