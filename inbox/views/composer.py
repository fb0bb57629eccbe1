"""What a person is writing: from the form to messages, and back to the form where they were refused."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from django.utils.functional import cached_property
from django.utils.translation import gettext as _

from accounts.models import Account, User
from core.clock import now
from core.fields import new_public_id
from graph.limits import Limits, limits_for
from graph.networks import Network
from graph.payloads import Link, MediaKind
from inbox.beside import CLOSE, KEEP, Beside, waiting_in
from inbox.canning import gaps
from inbox.content import CARD_PICTURES, Content
from inbox.drafting import draft_of
from inbox.errors import ContentRefused, MomentRefused
from inbox.models import Conversation, Draft, MediaFile, Message
from inbox.schedule import is_now
from inbox.views.later import Later, in_box
from inbox.views.occurrences import holder_of
from inbox.views.waiting import why_nothing_leaves
from inbox.views.way_on import way_on

KINDS = ("text", "file", "link")
# What stands in the form for each kind; files stand beside.
BOXES = {"text": ("text",), "file": ("address",), "link": ("url", "title", "subtitle", "plain", "picture")}
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
        named: public ids of the proposals of which it was said what becomes of them.
        asks: whether to ask what becomes of the proposals that wait here.
        draft: what it begins with, where this person left something here.
        stock: the files that are in the draft, where they were fetched along; None looks them up.
    """

    conversation: Conversation
    user: User
    typed: Mapping[str, str] = field(default_factory=dict)
    chosen: Sequence[str] = ()
    errors: Sequence[str] = ()
    named: Sequence[str] = ()
    asks: bool = False
    draft: Draft | None = None
    stock: Sequence[MediaFile] | None = None

    @classmethod
    def kept(cls, conversation: Conversation, user: User, *, since: str = "", stock: Sequence[MediaFile] | None = None) -> "Composer":
        """The form with what this person left in it."""
        draft = draft_of(conversation, user) if getattr(conversation, "may_reply", False) else None
        if draft is None:
            return cls(conversation, user, typed={"since": since})
        found = cls(conversation, user, typed=draft.words | {"since": since}, chosen=draft.chosen, draft=draft, stock=stock)
        return replace(found, errors=found._what_is_gone())

    @property
    def kind(self) -> str:
        kind = self.typed.get("kind", "")
        return kind if kind in KINDS else "text"

    @cached_property
    def key(self) -> str:
        """The same for every try of the same words, so that a second click or a lost answer sends nothing twice."""
        return self.typed.get("key", "")[:KEY_SIZE] or new_public_id()

    @cached_property
    def files(self) -> list[MediaFile]:
        """What was chosen here. Copies of what contacts sent are not ours to send."""
        wanted = list(self.chosen)[:MOST_FILES]
        return sorted(self._chosen(*wanted), key=lambda file: wanted.index(file.public_id))

    @cached_property
    def picture(self) -> MediaFile | None:
        """What the card of the link is to show."""
        return next(iter(self._chosen(self._box("picture"))), None)

    @cached_property
    def answers(self) -> Message | None:
        """The message that this one replies to, where Meta knows it and it is still there."""
        wanted = self.typed.get("reply_to", "")
        if not wanted:
            return None
        if self.draft and hasattr(self.draft, "answered") and wanted == self.draft.words.get("reply_to"):
            return next((message for message in self.draft.answered if message.public_id == wanted), None)
        return self.conversation.messages.answerable().filter(public_id=wanted).prefetch_related("attachments").first()

    @cached_property
    def later(self) -> Later:
        """When it leaves, and when it may."""
        return Later(self.conversation, self.typed, now())

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
    def card_picture_types(self) -> str:
        """What the browser offers to choose for a card."""
        return ",".join(CARD_PICTURES)

    @property
    def largest(self) -> int:
        """The most bytes of anything that is no picture."""
        return max(limit.max_bytes for limit in self.limits.media.values())

    @cached_property
    def proposals(self) -> list[Any]:
        """What agents propose here and nobody has decided."""
        return waiting_in(self.conversation)

    @property
    def beside(self) -> Beside:
        """What was said of these."""
        choice = self.typed.get("beside", "")
        return Beside(choice if choice in (CLOSE, KEEP) else "", self.named)

    @cached_property
    def window(self) -> str:
        return str(self.conversation.window.state(now()).value)

    # What the form says ---------------------------------------------------------------------------------------------
    def pieces(self) -> list[Piece]:
        """The messages that it makes.

        Raises:
            ContentRefused: it asks for a file, or answers a message, that is not there; or for more files than go out at once.
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
        # A new key: what was kept of the old one is gone with its message.
        return Composer(self.conversation, self.user, typed=typed, chosen=() if self.kind == "file" else self.chosen)

    def with_words_of(self, message: Message) -> "Composer":
        """The form with what a message says that did not leave, beside all that stands in it already."""
        content, typed = Content.of(message), dict(self.typed) | {"key": ""}
        errors: list[str] = []
        if content.link and any(typed.get(box) for box in BOXES["link"]):
            errors = [_("Another link stands here already, so the one that you took back stays where it is.")]
        else:
            typed |= _typed_of(content, beside=typed.get("text", ""))
        if not typed.get("reply_to"):
            typed["reply_to"] = self._known(content.reply_to_mid)
        if not typed.get("when"):
            typed |= _moment_of(message, now())
        chosen = [*self.chosen, *(file.public_id for file in content.files if file.public_id not in self.chosen)]
        return replace(self, typed=typed, chosen=chosen, errors=errors)

    def _known(self, mid: str) -> str:
        """The public id of the message that Meta knows by this id, or ""."""
        known = self.conversation.messages.filter(mid=mid, removed_at=None) if mid else Message.objects.none()
        return known.values_list("public_id", flat=True).first() or ""

    def _words(self) -> Content:
        if self.kind == "link":
            plain = self.typed.get("plain") == "on"
            subtitle = "" if plain else self._box("subtitle")
            link = Link(url=_address(self._box("url")), title=self._box("title"), subtitle=subtitle, plain=plain)
            _check_gaps(f"{link.title}\n{link.subtitle}")
            return Content(link=link, picture=None if plain else self._picture_of_card())
        text = self.typed.get("text", "").replace("\r\n", "\n")
        _check_gaps(text)
        return Content(text=text)

    def _picture_of_card(self) -> MediaFile | None:
        if self._box("picture") and not self.picture:
            raise ContentRefused([_("The picture is not here any more. Choose it again.")])
        return self.picture

    def _files_apart(self) -> list[Piece]:
        """Each file is a message of its own, except that several pictures are one on Instagram."""
        if not self.files:
            raise ContentRefused([_("Choose a file first.")])
        if len(set(self.chosen)) > MOST_FILES:
            raise ContentRefused([too_many_files()])
        pictures = tuple(file for file in self.files if file.kind is MediaKind.IMAGE and file.state == MediaFile.State.READY)
        if not self.limits.album_max or len(pictures) < 2:
            return [self._alone(file) for file in self.files]
        album = Piece(Content(album=pictures), f"{self.key}:album", pictures)
        return [album, *(self._alone(file) for file in self.files if file not in pictures)]

    def _alone(self, file: MediaFile) -> Piece:
        """The key names the file and not its place: a form that is sent once more, because its answer was lost, sends each file once."""
        return Piece(Content(media=file), f"{self.key}:{file.public_id}", (file,))

    def _chosen(self, *public_ids: str) -> list[MediaFile]:
        wanted = list(filter(None, public_ids))
        if self.stock is not None:
            return [file for file in self.stock if file.public_id in wanted]
        rows = MediaFile.objects.filter(public_id__in=wanted, account=self.conversation.account_id).exclude(by=None)
        return list(rows) if wanted else []

    def _what_is_gone(self) -> list[str]:
        """What was chosen for a draft and is not to be had any more."""
        gone = [_("A file that you chose is not here any more. Choose it again.")] if len(self.files) < len(self.chosen) else []
        if self._box("picture") and not self.picture:
            gone.append(_("The picture is not here any more. Choose it again."))
        if self.typed.get("reply_to") and not self.answers:
            gone.append(_("The message that you reply to is not there any more."))
        try:
            passed = self.later.moment is not None and self.later.moment < now()
        except MomentRefused:
            passed = True
        return [*gone, _("The moment that you chose has passed. Choose a later one.")] if passed else gone

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


def too_many_files() -> str:
    """Why a form with so many is not sent."""
    return _("At most %(most)s files go out at once. Nothing was sent; the first %(most)s are here, choose the others after these.") % {"most": MOST_FILES}


def _check_gaps(text: str) -> None:
    """What a canned reply could not fill in is filled in by hand before anything leaves."""
    if found := gaps(text):
        raise ContentRefused([_("Fill in %s first.") % ", ".join(found)])


def _typed_of(content: Content, *, beside: str) -> dict[str, str]:
    """What somebody types who writes this. Words stand below those that are there."""
    if content.link:
        picture = content.picture.public_id if content.picture else ""
        plain = "on" if content.link.plain else ""
        boxes = {"url": content.link.url, "title": content.link.title, "subtitle": content.link.subtitle, "plain": plain, "picture": picture}
        return {"kind": "link"} | boxes
    if content.files:
        return {"kind": "file"}
    return {"kind": "text", "text": f"{beside.rstrip()}\n\n{content.text}" if beside.strip() else content.text}


def _moment_of(message: Message, at: datetime) -> dict[str, str]:
    """The moment that it was to wait for, while that is still ahead."""
    dispatch = message.dispatch
    if dispatch.scheduled_for is None or is_now(dispatch.scheduled_for, at):
        return {}
    return {"when": "at", "moment": in_box(dispatch.scheduled_for), "unless": "on" if dispatch.checks_newest else ""}


def _address(typed: str) -> str:
    """People leave out the beginning that every browser adds by itself."""
    return typed if not typed or "://" in typed else f"https://{typed}"
