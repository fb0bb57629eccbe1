"""One attachment as a bubble shows it: from our own copy, from Meta's address while that may live, or in words."""

import mimetypes
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.urls import reverse
from django.utils.functional import cached_property
from django.utils.translation import gettext as _

from graph.payloads import MediaKind
from graph.readers import mapping, moment, words
from inbox.copying import KINDS as COPIED
from inbox.models import Attachment, MediaFile
from inbox.views.cards import Card, cards_in, is_shared_comment
from inbox.views.file_names import file_name
from inbox.views.formats import shows_as
from inbox.views.web import host_of, web_link

# Meta, Instagram Platform, "Webhooks": a story's media may not be stored, and dies with it.
STORY_LIVES = timedelta(hours=24)
SHARES = ("link", "post", "reel", "story", "story_mention")
IN_WORDS = ("heart", "location", "card", "booking", "view_once")
State = MediaFile.State


def story_lives(told_at: datetime, now: datetime) -> bool:
    """Whether the story that a message from `told_at` is about may still be there."""
    return now - told_at < STORY_LIVES


@dataclass(frozen=True)
class Place:
    """Somewhere on Earth."""

    latitude: float
    longitude: float

    @property
    def words(self) -> str:
        return f"{self.latitude:.5f}, {self.longitude:.5f}"

    @property
    def map(self) -> str:
        point = f"{self.latitude:.6f}/{self.longitude:.6f}"
        return f"https://www.openstreetmap.org/?mlat={self.latitude:.6f}&mlon={self.longitude:.6f}#map=16/{point}"


@dataclass(frozen=True)
class Shown:
    """One attachment, at the moment `now`.

    Args:
        told_at: when its message was written.
        number, of: which of how many of its message it is, for those who hear it.
    """

    attachment: Attachment
    told_at: datetime
    now: datetime
    number: int = 1
    of: int = 1

    @cached_property
    def form(self) -> str:
        """image, video, audio, file, sticker, saving, lost, share, heart, location, card, booking, view_once, or words."""
        kind = self.attachment.kind
        if kind in IN_WORDS:
            return kind
        if kind in SHARES:
            return "share"
        return self._media_form() if kind in COPIED or self.media else "words"

    def _media_form(self) -> str:
        if self.is_ours:
            return self._form_of_ours()
        if self.is_being_saved:
            return "saving"
        return self.attachment.kind if self.address and not self.is_gone else "lost"

    def _form_of_ours(self) -> str:
        """As what the bytes can be shown, and among these as what they were sent."""
        form, kind = shows_as(self.media.mime if self.media else ""), self.attachment.kind
        if form is MediaKind.IMAGE and kind == "sticker":
            return "sticker"
        return "audio" if form is MediaKind.VIDEO and kind == "audio" else form.value

    @property
    def media(self) -> MediaFile | None:
        return self.attachment.media

    @property
    def is_ours(self) -> bool:
        return self.media is not None and self.media.state == State.READY

    @property
    def is_being_saved(self) -> bool:
        """The first try takes a moment. What failed once may take hours, and is shown from Meta meanwhile."""
        return self.media is not None and self.media.state == State.FETCHING and self.media.not_before is None

    @property
    def is_gone(self) -> bool:
        return self.media is not None and self.media.state == State.GONE

    @property
    def address(self) -> str:
        """Meta's own, or the one that was shared."""
        return web_link(self.attachment.url)

    @property
    def source(self) -> str:
        """Where its bytes are."""
        return reverse("inbox:media-file", args=[self.media.public_id]) if self.media and self.is_ours else self.address

    @property
    def host(self) -> str:
        return host_of(self.address)

    @property
    def name(self) -> str:
        return self.attachment.title or (file_name(self.media) if self.media else "")

    @property
    def type_name(self) -> str:
        """"PDF", as people call it by the end of its name; "" where that says nothing."""
        ending = mimetypes.guess_extension(self.media.mime) if self.media else ""
        return "" if ending in (None, "", ".bin") else str(ending).removeprefix(".").upper()

    @property
    def label(self) -> str:
        """What it is, and which one, for those who hear it."""
        if self.of > 1:
            return _("%(what)s %(number)s of %(all)s") % {"what": self.attachment.label, "number": self.number, "all": self.of}
        return f"{self.attachment.label}: {self.name}" if self.name else self.attachment.label

    @property
    def why_from_meta(self) -> str:
        """Why something is shown from Meta and not from here."""
        if self.media is None:
            return _("Shown from Meta, where it lives for some days. This account keeps no copies.")
        if self.media.state == State.FETCHING:
            return _("Shown from Meta. It could not be saved here yet and is tried again by itself.")
        return _("Shown from Meta, where it lives for some days. It could not be saved here.")

    # What lives at Meta ---------------------------------------------------------------------------------------------
    @property
    def is_story(self) -> bool:
        return self.attachment.kind in ("story", "story_mention")

    @property
    def lives(self) -> bool:
        return not self.is_story or story_lives(self.told_at, self.now)

    @property
    def is_shared_comment(self) -> bool:
        return is_shared_comment(self._payload)

    @property
    def cards(self) -> list[Card]:
        return cards_in(self._payload)

    @property
    def place(self) -> Place | None:
        found = mapping(self._payload.get("coordinates"))
        latitude, longitude = found.get("lat"), found.get("long")
        if not isinstance(latitude, int | float) or not isinstance(longitude, int | float):
            return None
        return Place(latitude, longitude) if abs(latitude) <= 90 and abs(longitude) <= 180 else None

    @property
    def begins_at(self) -> datetime | None:
        return moment(self._payload.get("start_time"))

    @property
    def ends_at(self) -> datetime | None:
        return moment(self._payload.get("end_time"))

    @property
    def status(self) -> str:
        return words(self._payload.get("status")).replace("_", " ").lower()

    @property
    def _payload(self) -> Mapping[str, Any]:
        return mapping(self.attachment.payload)


def shown_of(attachments: list[Attachment], told_at: datetime, now: datetime) -> list[Shown]:
    """All of one message; of several of a kind each has its number."""
    kinds = [attachment.kind for attachment in attachments]
    return [
        Shown(each, told_at, now, number=kinds[: place + 1].count(each.kind), of=kinds.count(each.kind))
        for place, each in enumerate(attachments)
    ]  # fmt: skip
