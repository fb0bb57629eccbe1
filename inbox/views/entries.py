"""What stands in a thread: a message, a note, or what happened between."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from django.utils.functional import cached_property

from graph.readers import mapping, moment, words
from inbox.models import MediaFile, Message, Occurrence
from inbox.models.message import MADE_UP
from inbox.views.attachments import Shown, shown_of, story_lives
from inbox.views.between import Row
from inbox.views.context import context_of
from inbox.views.standing import Standing
from inbox.views.web import web_link


@dataclass(frozen=True)
class Happening:
    """Something that stands between messages.

    Args:
        words: the line.
        opens_day: the first of its day, so the day is named above it.
    """

    occurrence: Occurrence
    words: str
    opens_day: bool = False

    @property
    def at(self) -> datetime:
        return self.occurrence.at


@dataclass(frozen=True)
class Noted:
    """A note, where it stands between messages.

    Args:
        mentioned: the names of those whom it mentions.
        opens_day: the first of its day, so the day is named above it.
    """

    note: Row
    mentioned: Sequence[str]
    opens_day: bool = False

    @property
    def at(self) -> datetime:
        return self.note.at


@dataclass(frozen=True)
class Line:
    """One message and how it stands among its neighbours.

    Args:
        opens_day: the first of its day, so the day is named above it.
        opens_new: the first that this person had not seen when they opened the conversation.
        is_sought: what somebody came here for.
        ends_group: the last of several in a row by one author, so who and when stands below it.
        quoted: the message it replies to, where we have it.
        standing: what became of an outgoing one.
        reactions: of the contact's, as long as they are in force.
        now: the moment that is shown.
    """

    message: Message
    opens_day: bool
    opens_new: bool
    is_sought: bool
    ends_group: bool
    quoted: Message | None
    standing: Standing | None
    reactions: Sequence[Row]
    now: datetime

    @cached_property
    def attachments(self) -> list[Shown]:
        """What stands by itself; the picture of a card is part of the card."""
        return shown_of([] if self.message.link else list(self.message.attachments.all()), self.message.at, self.now)

    @property
    def card_picture(self) -> MediaFile | None:
        return next((each.media for each in self.message.attachments.all()), None)

    @property
    def pictures(self) -> list[Shown]:
        """What stands side by side."""
        return [each for each in self.attachments if each.form == "image"]

    @property
    def others(self) -> list[Shown]:
        return [each for each in self.attachments if each.form != "image"]

    @cached_property
    def context(self) -> list[str]:
        return context_of(self.message)

    @property
    def is_about_story(self) -> bool:
        return bool(self.message.about.get("story_url") or self.message.about.get("story_id"))

    @property
    def story_lives(self) -> bool:
        return story_lives(self.message.at, self.now)

    @property
    def story(self) -> str:
        """The address of the story that it answers, for as long as that may live."""
        return web_link(words(self.message.about.get("story_url")))

    @property
    def edited_at(self) -> datetime | None:
        return moment(mapping(self.message.about.get("edit")).get("at"))

    @property
    def at(self) -> datetime:
        """When it was said, or is to leave."""
        return moment_of(self.message)

    @property
    def may_be_answered(self) -> bool:
        """Whether Meta knows it by an id that a reply can name."""
        return bool(self.message.mid) and not self.message.removed_at and not self.message.mid.startswith(MADE_UP)


Entry = Line | Happening | Noted
Thing = Message | Happening | Noted


def moment_of(thing: Thing) -> datetime:
    """When it was said or happened; of what is to leave later, when that is."""
    return thing.dispatch.not_before if isinstance(thing, Message) and is_ahead(thing) else thing.at


def is_ahead(message: Message) -> bool:
    """Whether it waits for the moment that a person chose."""
    dispatch = getattr(message, "dispatch", None)
    return dispatch is not None and dispatch.is_scheduled
