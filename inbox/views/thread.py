"""What was said in one conversation, and what happened between, as lines of a page."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta

from django.db.models import Prefetch, Q, QuerySet
from django.http import HttpRequest
from django.utils.functional import cached_property
from django.utils.timezone import localtime

from accounts.models import Stop
from core.clock import now
from graph.readers import mapping, moment, words
from inbox.models import Attachment, Conversation, Dispatch, MediaFile, Message, Occurrence
from inbox.models.message import MADE_UP
from inbox.views.attachments import Shown, shown_of, story_lives
from inbox.views.between import Between, Row
from inbox.views.context import context_of
from inbox.views.occurrences import words_of
from inbox.views.standing import Standing, standing_of
from inbox.views.waiting import Around
from inbox.views.web import web_link

LINES = 50
MOST_LINES = 400
# Around a message far back: so many before it, and so many from it on.
BEFORE, FROM = 20, 30
TOGETHER = timedelta(minutes=5)


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
        return _moment(self.message)

    @property
    def may_be_answered(self) -> bool:
        """Whether Meta knows it by an id that a reply can name."""
        return bool(self.message.mid) and not self.message.removed_at and not self.message.mid.startswith(MADE_UP)


Entry = Line | Happening | Noted
Thing = Message | Happening | Noted


@dataclass(frozen=True)
class Thread:
    """A stretch of one conversation, oldest line first.

    Args:
        since: public id of the oldest message to show, so that a refreshed page loses nothing that was loaded before.
        before: public id of the message before which to look for earlier ones.
        at: public id of the message that somebody came for; where it stands far back, the stretch around it is shown.
        new: public id of the message at which what was new began when the page was made.
        is_opened: whether the page is made now, so that what is new begins where this person has read to.
    """

    conversation: Conversation
    since: str = ""
    before: str = ""
    at: str = ""
    new: str = ""
    is_opened: bool = False

    @classmethod
    def asked_by(cls, request: HttpRequest, conversation: Conversation, *, since: str = "") -> "Thread":
        """What a page that is open asks for anew."""
        return cls(conversation, since=since, at=request.GET.get("at", ""), new=request.GET.get("new", ""))

    @cached_property
    def lines(self) -> list[Line]:
        """The messages alone."""
        return [entry for entry in self._arranged(self.messages) if isinstance(entry, Line)]

    @cached_property
    def entries(self) -> list[Entry]:
        """The messages, and what happened and was noted before and between them."""
        return self._arranged(sorted([*self._happenings, *self._notes, *self.messages], key=_place))

    @cached_property
    def between(self) -> Between:
        since = self._said[0].at if self.has_earlier else None
        return Between(self.conversation, since=since, before=self._end, is_whole=not self.before)

    @cached_property
    def divider(self) -> str:
        """Public id of the message above which stands that what follows is new; "" where everything is, or nothing."""
        if not self.is_opened or not getattr(self.conversation, "unread", 0):
            return self.new
        seen_until: datetime | None = getattr(self.conversation, "seen_until", None)
        news = (message for message in self._said if message.is_inbound and not message.is_history and (seen_until is None or message.received_at > seen_until))
        first = next(news, None)
        return first.public_id if first and (self.has_earlier or first is not self._said[0]) else ""

    @property
    def first(self) -> str:
        return self._said[0].public_id if self._said else ""

    @property
    def asks_ms(self) -> int | None:
        """When a person will next be asked what became of one of these messages; then they are shown anew."""
        ahead = [asks_at for message in self.messages if (asks_at := _asks_at(message)) and asks_at > self._now]
        return int(min(ahead).timestamp() * 1000) if ahead else None

    @property
    def has_earlier(self) -> bool:
        return len(self._found) > len(self._said)

    @property
    def is_apart(self) -> bool:
        """Whether what is shown stands far back, and the newest are not on the page."""
        return bool(self._around_sought)

    @cached_property
    def messages(self) -> list[Message]:
        """Oldest first; what is to leave later stands after all that was said."""
        return self._said if self.before or self.is_apart else [*self._said, *self._ahead]

    @cached_property
    def _said(self) -> list[Message]:
        return self._found[: self._most][::-1]

    @property
    def _most(self) -> int:
        return BEFORE + FROM if self.is_apart else MOST_LINES if self.since else LINES

    @cached_property
    def _ahead(self) -> list[Message]:
        """What waits for the moment that a person chose; `has_scheduled` comes with the conversation."""
        if not getattr(self.conversation, "has_scheduled", False):
            return []
        waiting = Dispatch.objects.scheduled().filter(conversation=self.conversation)
        return list(with_everything(Message.objects.filter(dispatch__in=waiting)).order_by("dispatch__not_before", "pk"))

    def _arranged(self, things: Sequence[Thing]) -> list[Entry]:
        after: Sequence[Thing | None] = [*things[1:], None]
        return [self._entry(*three) for three in zip([None, *things], things, after, strict=False)]

    def _entry(self, previous: Thing | None, thing: Thing, following: Thing | None) -> Entry:
        opens_day = previous is None or _day(previous) != _day(thing)
        if not isinstance(thing, Message):
            return replace(thing, opens_day=opens_day)
        return Line(
            message=thing,
            opens_day=opens_day,
            opens_new=thing.public_id == self.divider,
            is_sought=thing.public_id == self.at,
            ends_group=not (isinstance(following, Message) and following.public_id != self.divider and _together(thing, following)),
            quoted=self._quoted.get(thing.reply_to_mid) if thing.reply_to_mid else None,
            standing=None if thing.is_inbound else standing_of(thing, self.conversation, self._around, self._now),
            reactions=self.between.reactions.get(thing.pk, ()),
            now=self._now,
        )

    @cached_property
    def _now(self) -> datetime:
        return now()

    @cached_property
    def _happenings(self) -> list[Happening]:
        """Each stands on one page only: that of the first message after it, or the newest."""
        return [Happening(row, line) for row in self.between.occurrences if (line := words_of(row))]

    @cached_property
    def _notes(self) -> list[Noted]:
        return [Noted(row, self.between.mentioned.get(row.key, ())) for row in self.between.notes]

    @property
    def _found(self) -> list[Message]:
        """Newest first, and one more where there is more."""
        return self._around_sought or self._newest

    @cached_property
    def _newest(self) -> list[Message]:
        rows = self._narrowed(self._rows.exclude(pk__in=[message.pk for message in self._ahead]))
        found = list(rows.order_by("-at", "-pk")[: (MOST_LINES if self.since else LINES) + 1])
        if self.since:
            return self._up_to_since(found)
        return found

    @cached_property
    def _around_sought(self) -> list[Message]:
        """Around the message that somebody came for, where it is not among the newest."""
        if not self.at or any(message.public_id == self.at for message in self._newest[: MOST_LINES if self.since else LINES]):
            return []
        sought = self.conversation.messages.filter(public_id=self.at).first()
        if sought is None:
            return []
        later = self._rows.filter(Q(at__gt=sought.at) | Q(at=sought.at, pk__gte=sought.pk)).order_by("at", "pk")[:FROM]
        earlier = self._rows.filter(_before(sought)).order_by("-at", "-pk")[: BEFORE + FROM]
        found = list(later)[::-1]
        return [*found, *list(earlier)[: BEFORE + FROM + 1 - len(found)]]

    @property
    def _rows(self) -> QuerySet[Message]:
        return with_everything(self.conversation.messages.all())

    @property
    def _end(self) -> datetime | None:
        """Up to when things stand beside these messages; None where these are the newest."""
        if self.is_apart:
            return self._said[-1].at
        return self._edge.at if self._edge else None

    def _up_to_since(self, found: list[Message]) -> list[Message]:
        """What was on the page, and one more where something stands before it."""
        place = next((number for number, message in enumerate(found) if message.public_id == self.since), None)
        return found if place is None else found[: place + 1]

    def _narrowed(self, rows: QuerySet[Message]) -> QuerySet[Message]:
        edge = self._edge
        return rows.filter(_before(edge)) if edge else rows

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
        return around_of(self.conversation, [message.dispatch for message in self.messages if hasattr(message, "dispatch")])


def around_of(conversation: Conversation, dispatches: Sequence[Dispatch]) -> Around:
    """What may stand in the way of these. Stops are asked for only where an agent's message waits."""
    agents = {each.message.written_by_id for each in dispatches if each.state == Dispatch.State.QUEUED and each.message.is_by_agent}
    if not agents:
        return Around((), dispatches)
    in_force = Stop.objects.in_force().filter(Q(agent=None) | Q(agent__in=agents), Q(account=None) | Q(account=conversation.account_id))
    return Around(list(in_force.filter(Q(conversation="") | Q(conversation=conversation.public_id))), dispatches)


def with_everything(rows: QuerySet[Message]) -> QuerySet[Message]:
    """With all that a bubble shows of the message itself."""
    return rows.select_related("written_by", "edited_by", "dispatch__released_by", "dispatch__settled_by").prefetch_related(
        Prefetch("attachments", queryset=Attachment.objects.select_related("media")),
    )


def _before(edge: Message) -> Q:
    return Q(at__lt=edge.at) | Q(at=edge.at, pk__lt=edge.pk)


def _asks_at(message: Message) -> datetime | None:
    dispatch: Dispatch | None = getattr(message, "dispatch", None)
    return dispatch.asks_at if dispatch else None


def _moment(thing: Thing) -> datetime:
    return thing.dispatch.not_before if isinstance(thing, Message) and _is_ahead(thing) else thing.at


def _is_ahead(message: Message) -> bool:
    dispatch: Dispatch | None = getattr(message, "dispatch", None)
    return dispatch is not None and dispatch.is_scheduled


def _day(thing: Thing) -> date:
    return localtime(_moment(thing)).date()


def _place(thing: Thing) -> tuple[bool, datetime, int]:
    """Of two at one moment, what led to the message stands before it, and a note after it. What is to leave later stands last."""
    order = 0 if isinstance(thing, Happening) else 2 if isinstance(thing, Noted) else 1
    return isinstance(thing, Message) and _is_ahead(thing), _moment(thing), order


def _together(message: Message, following: Message) -> bool:
    """Whether both are one breath of one author."""
    if _moment(following) - _moment(message) > TOGETHER or _day(following) != _day(message):
        return False
    return _author(message) == _author(following)


def _author(message: Message) -> tuple[object, ...]:
    dispatch: Dispatch | None = getattr(message, "dispatch", None)
    released = dispatch.released_by_id if dispatch else None
    state = dispatch.state if dispatch else ""
    return message.direction, message.source, message.about.get("app"), message.written_by_id, message.edited_by_id, released, state, _is_ahead(message)
