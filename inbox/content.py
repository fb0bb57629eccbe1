"""What one outgoing message says, before it is a row: text, a picture or a link card."""

import hashlib
import json
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from django.utils.translation import gettext as _

from graph.limits import Problem, image_problems, problems
from graph.networks import Network
from graph.payloads import Image, Link, Outgoing, Text

if TYPE_CHECKING:
    from inbox.models import Conversation, MediaFile, Message


@dataclass(frozen=True)
class Content:
    """Exactly one of text, media and link.

    Args:
        text: words, as the contact will read them.
        media: a picture whose bytes we hold.
        link: a card that opens an address.
    """

    text: str = ""
    media: "MediaFile | None" = None
    link: Link | None = None

    @classmethod
    def of(cls, message: "Message") -> "Content":
        """What a stored outgoing message says."""
        attachment = message.attachments.select_related("media").first()
        link = Link(**message.link) if message.link else None
        return cls(text=message.text, media=attachment.media if attachment else None, link=link)

    @property
    def kind(self) -> str:
        return "link" if self.link else "image" if self.media else "text"

    @property
    def link_fields(self) -> dict[str, Any] | None:
        return asdict(self.link) if self.link else None

    def outgoing(self, attachment_id: str = "") -> Outgoing:
        """The same in Meta's language; a picture needs the id of its upload."""
        if self.link:
            return self.link
        return Image(attachment_id=attachment_id) if self.media else Text(self.text)

    def digest(self, conversation: "Conversation") -> str:
        """SHA-256 of exactly what is to be sent and to whom; a vote is bound to it."""
        what = {
            "account": conversation.account.public_id,
            "contact": conversation.contact.external_id,
            "text": self.text,
            "media": self.media.sha256 if self.media else "",
            "link": self.link_fields,
        }
        return hashlib.sha256(json.dumps(what, sort_keys=True, ensure_ascii=False).encode("utf-8", "surrogatepass")).hexdigest()

    def complaints(self, network: str) -> list[str]:
        """Why Meta would refuse it on this network, in sentences for people; empty where nothing is known against it."""
        if sum(bool(part) for part in (self.text, self.media, self.link)) > 1:
            return [_("Send text, a picture or a link, one at a time.")]
        found = self._picture_problems(Network(network)) if self.media else problems(self.outgoing(), Network(network))
        return [sentence(problem, network) for problem in found]

    def _picture_problems(self, network: Network) -> list[Problem]:
        media = self.media
        if media is None or media.state != media.State.READY:
            return [Problem("image", "not_ready")]
        return image_problems(media.size, media.mime, network)


def sentence(problem: Problem, network: str) -> str:
    """One problem in words: what is wrong, and what the limit is."""
    numbers = {"limit": problem.limit, "actual": problem.actual}
    if (problem.field, problem.code) == ("text", "too_long"):
        if network == Network.INSTAGRAM:
            return _("Instagram takes 1,000 bytes of text; this is %(actual)s. An emoji counts four.") % numbers
        return _("Messenger takes %(limit)s characters; this is %(actual)s.") % numbers
    if problem.code == "too_large":
        return _("The picture has %(actual)s bytes; Meta takes %(limit)s.") % numbers
    if problem.code == "too_long":
        fields = {"title": _("title"), "subtitle": _("subtitle"), "button": _("button")}
        return _("The %(field)s takes %(limit)s characters; this is %(actual)s.") % (numbers | {"field": fields.get(problem.field, problem.field)})
    return _sentences(problem.field).get(problem.code, _("Meta would not take this message."))


def _sentences(field: str) -> dict[str, str]:
    empty = {
        "text": _("Write something first."), "title": _("A link card needs a title."),
        "image": _("Choose a picture first."), "url": _("Write the address of the link."),
    }  # fmt: skip
    return {
        "empty": empty.get(field, _("Something is missing.")),
        "bad_address": _("This is not a web address. Write it in full, with https://."),
        "needs_https": _("The address must begin with https://."),
        "wrong_type": _("Instagram takes PNG and JPEG pictures; Messenger takes GIF as well."),
        "not_unicode": _("The text holds a character that cannot be sent. Type it again."),
        "not_ready": _("The picture is not ready. Wait a moment, or choose it again."),
    }
