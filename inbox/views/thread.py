"""What was said in one conversation, and what happened between, as lines of a page."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from django.db.models import Prefetch, Q, QuerySet
from django.utils.functional import cached_property
from django.utils.timezone import localtime

from accounts.models import Stop
from core.clock import now
from graph.readers import mapping, moment, words
from inbox.models import Attachment, Conversation, Dispatch, Message, Occurrence, Reaction
from inbox.views.attachments import Shown, shown_of, story_lives
from inbox.views.context import context_of
from inbox.views.occurrences import words_of
from inbox.views.standing import Standing, standing_of
from inbox.views.waiting import Around
from inbox.views.web import web_link

LINES = 50
MOST_LINES = 400
MOST_HAPPENINGS = 200
TOGETHER = timedelta(minutes=5)
# Made up by us for what came without an id of Meta's, so nothing can answer it.
MADE_UP = "postback:"


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


@dataclass(frozen=True)
class Line:
    """One message and how it stands among its neighbours.

    Args:
        opens_day: the first of its day, so the day is named above it.
        ends_group: the last of several in a row by one author, so who and when stands below it.
        quoted: the message it replies to, where we have it.
        standing: what became of an outgoing one.
        now: the moment that is shown.
    """

    message: Message
    opens_day: bool
    ends_group: bool
    quoted: Message | None
    standing: Standing | None
    now: datetime

    @cached_property
    def attachments(self) -> list[Shown]:
        return shown_of(list(self.message.attachments.all()), self.message.at, self.now)

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
    def may_be_answered(self) -> bool:
        """Whether Meta knows it by an id that a reply can name."""
        return bool(self.message.mid) and not self.message.removed_at and not self.message.mid.startswith(MADE_UP)


@dataclass(frozen=True)
class Thread:
    """A stretch of one conversation, oldest line first.

    Args:
        since: public id of the oldest message to show, so that a refreshed page loses nothing that was loaded before.
        before: public id of the message before which to look for earlier ones.
    """

    conversation: Conversation
    since: str = ""
    before: str = ""

    @cached_property
    def lines(self) -> list[Line]:
        """The messages alone."""
        return [entry for entry in self._arranged(self.messages) if isinstance(entry, Line)]

    @cached_property
    def entries(self) -> list[Line | Happening]:
        """The messages, and what happened before and between them."""
        return self._arranged(sorted([*self._happenings, *self.messages], key=_place))

    @property
    def first(self) -> str:
        return self.messages[0].public_id if self.messages else ""

    @property
    def has_earlier(self) -> bool:
        return len(self._found) > len(self.messages)

    @cached_property
    def messages(self) -> list[Message]:
        """Oldest first."""
        return self._found[: MOST_LINES if self.since else LINES][::-1]

    def _arranged(self, things: Sequence[Message | Happening]) -> list[Line | Happening]:
        after: Sequence[Message | Happening | None] = [*things[1:], None]
        return [self._entry(*three) for three in zip([None, *things], things, after, strict=False)]

    def _entry(self, previous: Message | Happening | None, thing: Message | Happening, following: Message | Happening | None) -> Line | Happening:
        opens_day = previous is None or _day(previous) != _day(thing)
        if isinstance(thing, Happening):
            return Happening(thing.occurrence, thing.words, opens_day)
        return Line(
            message=thing,
            opens_day=opens_day,
            ends_group=not (isinstance(following, Message) and _together(thing, following)),
            quoted=self._quoted.get(thing.reply_to_mid) if thing.reply_to_mid else None,
            standing=None if thing.is_inbound else standing_of(thing, self.conversation, self._around, self._now),
            now=self._now,
        )

    @cached_property
    def _now(self) -> datetime:
        return now()

    @cached_property
    def _happenings(self) -> list[Happening]:
        """Each stands on one page only: that of the first message after it, or the newest."""
        rows = self.conversation.occurrences.all()
        if self.has_earlier:
            rows = rows.filter(at__gte=self.messages[0].at)
        if self._edge:
            rows = rows.filter(at__lt=self._edge.at)
        newest = rows.order_by("-at", "-pk")[:MOST_HAPPENINGS]
        return [Happening(row, line) for row in reversed(newest) if (line := words_of(row))]

    @cached_property
    def _found(self) -> list[Message]:
        """Newest first, and one more where there is more."""
        rows = self._narrowed(with_everything(self.conversation.messages.all()))
        found = list(rows.order_by("-at", "-pk")[: (MOST_LINES if self.since else LINES) + 1])
        if self.since:
            return self._up_to_since(found)
        return found

    def _up_to_since(self, found: list[Message]) -> list[Message]:
        """What was on the page, and one more where something stands before it."""
        place = next((number for number, message in enumerate(found) if message.public_id == self.since), None)
        return found if place is None else found[: place + 1]

    def _narrowed(self, rows: QuerySet[Message]) -> QuerySet[Message]:
        edge = self._edge
        return rows.filter(Q(at__lt=edge.at) | Q(at=edge.at, pk__lt=edge.pk)) if edge else rows

    @cached_property
    def _edge(self) -> Message | None:
        return self.conversation.messages.filter(public_id=self.before).first() if self.before else None

    @cached_property
    def _quoted(self) -> dict[str, Message]:
        """What the messages reply to: mostly messages that are on the page already."""
        known = {message.mid: message for message in self.messages if message.mid}
        missing = {message.reply_to_mid for message in self.messages if message.reply_to_mid} - known.keys()
        if missing:
            known |= {message.mid: message for message in self.conversation.messages.filter(mid__in=missing).prefetch_related("attachments")}
        return known

    @cached_property
    def _around(self) -> Around:
        dispatches: list[Dispatch] = [message.dispatch for message in self.messages if hasattr(message, "dispatch")]
        return Around(self._stops, dispatches)

    @property
    def _stops(self) -> list[Stop]:
        """Stops that may hold a waiting message back; asked for only where an agent's message waits."""
        agents = {message.written_by_id for message in self.messages if _waits_for_agents(message)}
        if not agents:
            return []
        in_force = Stop.objects.in_force().filter(Q(agent=None) | Q(agent__in=agents), Q(account=None) | Q(account=self.conversation.account_id))
        return list(in_force.filter(Q(conversation="") | Q(conversation=self.conversation.public_id)))


def with_everything(rows: QuerySet[Message]) -> QuerySet[Message]:
    """With all that a bubble shows."""
    return rows.select_related("written_by", "edited_by", "dispatch__released_by", "dispatch__settled_by").prefetch_related(
        Prefetch("attachments", queryset=Attachment.objects.select_related("media")),
        Prefetch("reactions", queryset=Reaction.objects.filter(removed_at=None)),
    )


def _moment(thing: Message | Happening) -> datetime:
    return thing.at if isinstance(thing, Message) else thing.occurrence.at


def _day(thing: Message | Happening) -> date:
    return localtime(_moment(thing)).date()


def _place(thing: Message | Happening) -> tuple[datetime, bool]:
    """Of two at one moment, what led to the message stands before it."""
    return _moment(thing), isinstance(thing, Message)


def _together(message: Message, following: Message) -> bool:
    """Whether both are one breath of one author."""
    if following.at - message.at > TOGETHER or _day(following) != _day(message):
        return False
    return _author(message) == _author(following)


def _author(message: Message) -> tuple[object, ...]:
    dispatch: Dispatch | None = getattr(message, "dispatch", None)
    released = dispatch.released_by_id if dispatch else None
    state = dispatch.state if dispatch else ""
    return message.direction, message.source, message.about.get("app"), message.written_by_id, message.edited_by_id, released, state


def _waits_for_agents(message: Message) -> bool:
    dispatch: Dispatch | None = getattr(message, "dispatch", None)
    return bool(dispatch and dispatch.state == Dispatch.State.QUEUED and dispatch.checks_newest)

