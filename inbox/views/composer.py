"""What a person is writing: from the form to messages, and back to the form where they were refused."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from django.utils.functional import cached_property
from django.utils.translation import gettext as _

from accounts.models import Account, User
from core.clock import now
from core.fields import new_public_id
from graph.limits import Limits, limits_for
from graph.networks import Network
from graph.payloads import Link, MediaKind
from inbox.content import Content
from inbox.errors import ContentRefused
from inbox.models import Conversation, MediaFile, Message
from inbox.models.message import MADE_UP
from inbox.views.occurrences import holder_of
from inbox.views.waiting import why_nothing_leaves
from inbox.views.way_on import way_on

KINDS = ("text", "file", "link")
# What stands in the form for each kind; files stand beside.
BOXES = {"text": ("text",), "file": ("address",), "link": ("url", "title", "subtitle", "plain")}
MOST_FILES = 20
KEY_SIZE = 40


@dataclass(frozen=True)
class Piece:
    """One message of what the form says.

    Args:
        key: the same for every try of it, whatever else was in the form.
        files: what it is made of.
    """

    content: Content
    key: str
    files: tuple[MediaFile, ...] = ()

    @property
    def name(self) -> str:
        return ", ".join(str(file) for file in self.files)


@dataclass(frozen=True)
class Composer:
    """The form below a conversation.

    Args:
        typed: what stands in its boxes.
        chosen: public ids of the files that were chosen, in their order.
        errors: why it was not sent, in sentences.
    """

    conversation: Conversation
    user: User
    typed: Mapping[str, str] = field(default_factory=dict)
    chosen: Sequence[str] = ()
    errors: Sequence[str] = ()

    @property
    def kind(self) -> str:
        kind = self.typed.get("kind", "")
        return kind if kind in KINDS else "text"

    @property
    def key(self) -> str:
        """The same for every try of the same words, so that a second click or a lost answer sends nothing twice."""
        return self.typed.get("key", "")[:KEY_SIZE] or new_public_id()

    @cached_property
    def files(self) -> list[MediaFile]:
        """What was chosen here. Copies of what contacts sent are not ours to send."""
        wanted = list(self.chosen)[:MOST_FILES]
        rows = MediaFile.objects.filter(public_id__in=wanted, account=self.conversation.account_id).exclude(by=None) if wanted else []
        return sorted(rows, key=lambda file: wanted.index(file.public_id))

    @cached_property
    def answers(self) -> Message | None:
        """The message that this one replies to, where Meta knows it and it is still there."""
        wanted = self.typed.get("reply_to", "")
        if not wanted:
            return None
        known = self.conversation.messages.filter(public_id=wanted, removed_at=None).exclude(mid="").exclude(mid__startswith=MADE_UP)
        return known.prefetch_related("attachments").first()

    @property
    def limits(self) -> Limits:
        return limits_for(self.network)

    @property
    def network(self) -> Network:
        return Network(self.conversation.account.network)

    @property
    def file_types(self) -> str:
        """What the browser offers to choose; "" for anything."""
        types = [each for limit in self.limits.media.values() for each in limit.types]
        return "" if "*/*" in types else ",".join(types)

    @property
    def largest(self) -> int:
        """The most bytes of anything that is no picture."""
        return max(limit.max_bytes for limit in self.limits.media.values())

    @cached_property
    def window(self) -> str:
        return str(self.conversation.window.state(now()).value)

    # What the form says ---------------------------------------------------------------------------------------------
    def pieces(self) -> list[Piece]:
        """The messages that it makes.

        Raises:
            ContentRefused: it asks for a file, or answers a message, that is not there.
        """
        first, *rest = self._files_apart() if self.kind == "file" else [Piece(self._words(), self.key)]
        if not self.typed.get("reply_to"):
            return [first, *rest]
        if self.answers is None:
            raise ContentRefused([_("The message that you reply to is not there any more. Send this without it, or choose another one.")])
        return [replace(first, content=replace(first.content, reply_to_mid=self.answers.mid)), *rest]

    def emptied(self) -> "Composer":
        """The form once its message is out: what was written for another kind is still there."""
        kept = [box for kind, boxes in BOXES.items() if kind != self.kind for box in boxes]
        typed = {name: value for name, value in self.typed.items() if name in kept}
        return Composer(self.conversation, self.user, typed=typed, chosen=() if self.kind == "file" else self.chosen)

    def _words(self) -> Content:
        if self.kind == "link":
            plain = self.typed.get("plain") == "on"
            subtitle = "" if plain else self._box("subtitle")
            return Content(link=Link(url=_address(self._box("url")), title=self._box("title"), subtitle=subtitle, plain=plain))
        return Content(text=self.typed.get("text", "").replace("\r\n", "\n"))

    def _files_apart(self) -> list[Piece]:
        """Each file is a message of its own, except that several pictures are one on Instagram."""
        if not self.files:
            raise ContentRefused([_("Choose a file first.")])
        pictures = tuple(file for file in self.files if file.kind is MediaKind.IMAGE and file.state == MediaFile.State.READY)
        if not self.limits.album_max or len(pictures) < 2:
            return [self._alone(file) for file in self.files]
        album = Piece(Content(album=pictures), f"{self.key}:album", pictures)
        return [album, *(self._alone(file) for file in self.files if file not in pictures)]

    def _alone(self, file: MediaFile) -> Piece:
        """The key names the file and not its place: what is left of a form after a part of it went out keeps its keys."""
        return Piece(Content(media=file), f"{self.key}:{file.public_id}", (file,))

    def _box(self, name: str) -> str:
        return self.typed.get(name, "").strip()

    # What stands above it -------------------------------------------------------------------------------------------
    @cached_property
    def way_on(self) -> dict[str, str]:
        """What may still be written and, where nothing may, how to go on."""
        return way_on(self.conversation, now())

    @cached_property
    def waits(self) -> dict[str, str]:
        """That nothing leaves from the account now, and until when. From a disconnected one nothing may be written at all."""
        is_in_use = self.conversation.account.state != Account.State.DISCONNECTED
        why = why_nothing_leaves(self.conversation, now()) if is_in_use else ""
        return {"title": _("What you write waits."), "text": why} if why else {}

    @cached_property
    def held(self) -> dict[str, str]:
        """Who else holds this conversation, and what that means."""
        if self.conversation.control != Conversation.Control.ELSEWHERE:
            return {}
        holder = holder_of(self.conversation)
        return {
            "title": _("%s holds this conversation.") % holder if holder else _("Another app holds this conversation."),
            "text": _("Meta may refuse replies from here until it is handed back, or has been idle for 24 hours."),
        }


def _address(typed: str) -> str:
    """People leave out the beginning that every browser adds by itself."""
    return typed if not typed or "://" in typed else f"https://{typed}"
