"""What a person is writing: from the form to content, and back to the form where it was refused."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from django.utils.functional import cached_property
from django.utils.translation import gettext as _

from accounts.models import User
from core.clock import now
from core.fields import new_public_id
from graph.limits import Limits, limits_for
from graph.networks import Network
from graph.payloads import Link
from inbox.content import Content
from inbox.errors import ContentRefused
from inbox.models import Conversation, MediaFile
from inbox.templatetags.windows import when
from inbox.window import WindowState

KINDS = ("text", "image", "link")


@dataclass(frozen=True)
class Composer:
    """The form below a conversation.

    Args:
        typed: what stands in its boxes.
        errors: why it was not sent, in sentences.
    """

    conversation: Conversation
    user: User
    typed: Mapping[str, str] = field(default_factory=dict)
    errors: Sequence[str] = ()

    @property
    def kind(self) -> str:
        kind = self.typed.get("kind", "")
        return kind if kind in KINDS else "text"

    @property
    def key(self) -> str:
        """The same for every try of the same words, so that a second click or a lost answer sends nothing twice."""
        return self.typed.get("key") or new_public_id()

    @cached_property
    def media(self) -> MediaFile | None:
        chosen = self.typed.get("media")
        return MediaFile.objects.filter(public_id=chosen, account=self.conversation.account_id).first() if chosen else None

    @property
    def limits(self) -> Limits:
        return limits_for(Network(self.conversation.account.network))

    @property
    def image_types(self) -> str:
        return ",".join(self.limits.image_types)

    @cached_property
    def window(self) -> str:
        return str(self.conversation.window.state(now()).value)

    def content(self) -> Content:
        """What the form says.

        Raises:
            ContentRefused: it asks for a picture that is not there.
        """
        if self.kind == "link":
            return Content(link=Link(url=_address(self._box("url")), title=self._box("title"), subtitle=self._box("subtitle")))
        if self.kind == "image":
            if self.media is None:
                raise ContentRefused([_("Choose a picture first.")])
            return Content(media=self.media)
        return Content(text=self.typed.get("text", "").replace("\r\n", "\n"))

    def _box(self, name: str) -> str:
        return self.typed.get(name, "").strip()

    @property
    def way_on(self) -> dict[str, str]:
        """What may still be written and, where nothing may, how to go on."""
        window, contact = self.conversation.window, self.conversation.contact
        match window.state(now()):
            case WindowState.HUMAN:
                return {
                    "title": _("Only a person's own words can go out now."),
                    "text": _(
                        "More than 24 hours have passed since the contact last acted. What you write yourself reaches them until %s, "
                        "marked for Meta as a person's reply."
                    ) % _when(window.human_until),
                }  # fmt: skip
            case WindowState.CLOSED:
                return {"title": _("Meta's messaging window is closed."), "text": self._after_closing()}
            case WindowState.UNKNOWN:
                return {
                    "title": _("Nobody knows whether Meta's window is open."),
                    "text": _("%s has not written since this account was connected. You may try; Meta decides, and the answer will stand here.") % contact,
                }
        return {}

    def _after_closing(self) -> str:
        """When it closed, how to go on, and what an admin could do where that would help."""
        conversation = self.conversation
        text = _(
            "It closed on %(when)s. You can write again as soon as %(contact)s writes; until then use another way that they gave you, "
            "such as e-mail or telephone."
        ) % {"when": _when(conversation.window_closes_at), "contact": conversation.contact}  # fmt: skip
        could_be_human = conversation.human_until is not None and now() < conversation.human_until
        if could_be_human and not conversation.account.human_agent_feature:
            text += " " + _(
                "If Meta has approved this app for the Human Agent feature, an admin can switch it on for this account; "
                "a person could then still answer until %s."
            ) % _when(conversation.human_until)  # fmt: skip
        return text


def _when(moment: datetime | None) -> str:
    return when(moment) if moment else ""


def _address(typed: str) -> str:
    """People leave out the beginning that every browser adds by itself."""
    return typed if not typed or "://" in typed else f"https://{typed}"
