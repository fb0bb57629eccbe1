"""What was said in one conversation, and what happened between, as lines of a page."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from functools import cached_property

from django.http import HttpRequest
from django.utils.timezone import localtime

from accounts.models import Stop
from core.clock import now
from inbox.models import Conversation, Dispatch, Message
from inbox.views.between import Between
from inbox.views.entries import Entry, Happening, Line, Noted, Thing, is_ahead, moment_of
from inbox.views.occurrences import words_of
from inbox.views.standing import standing_of
from inbox.views.stretch import Stretch, newest, stretch_around, stretch_before
from inbox.views.waiting import Around

TOGETHER = timedelta(minutes=5)


@dataclass(frozen=True)
class Thread:
    """A stretch of one conversation, oldest line first.

    Args:
        since: public id of the oldest message to show, so that a refreshed page loses nothing that was loaded before.
        before: public id of the message before which to look for earlier ones.
        at: public id of the message that somebody came for; where it stands far back, the stretch around it is shown.
        new: public id of the message at which what was new began when the page was made.
        is_opened: whether the page is made now, so that what is new begins where this person has read to.
        files: public ids of files to be looked up on the way, those of a draft.
    """

    conversation: Conversation
    since: str = ""
    before: str = ""
    at: str = ""
    new: str = ""
    is_opened: bool = False
    files: Sequence[str] = ()

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
        return Between(self.conversation, since=since, before=self._stretch.end, is_whole=not self.before, files=self.files)

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
        ahead = [asks_at for message in self.messages if (asks_at := _asks_at(message)) and asks_at > self.made_at]
        return int(min(ahead).timestamp() * 1000) if ahead else None

    @property
    def has_earlier(self) -> bool:
        return self._stretch.has_earlier

    @property
    def is_apart(self) -> bool:
        """Whether what is shown stands far back, and the newest are not on the page."""
        return self._stretch.is_apart

    @property
    def messages(self) -> list[Message]:
        """Oldest first; what is to leave later stands after all that was said."""
        return [*self._said, *self._stretch.ahead]

    @property
    def _said(self) -> list[Message]:
        return self._stretch.said

    @cached_property
    def _stretch(self) -> Stretch:
        if self.before:
            return stretch_before(self.conversation, self.before)
        return stretch_around(self.conversation, self.at) if self.at else newest(self.conversation, since=self.since)

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
            quoted=next(iter(getattr(thing, "answered", [])), None),
            standing=None if thing.is_inbound else standing_of(thing, self.conversation, self._around, self.made_at),
            reactions=self.between.reactions.get(thing.pk, ()),
            now=self.made_at,
        )

    @property
    def notes_until(self) -> datetime:
        """Before when the notes were written that stand here; they begin with `between.since`."""
        return self.between.before or self.made_at

    @property
    def mentions_until_ms(self) -> int | None:
        """The same for the browser, where there is a mention to be seen."""
        return int(self.notes_until.timestamp() * 1000) + 1 if getattr(self.conversation, "mentions_me", False) else None

    @property
    def mentions_since_ms(self) -> int | None:
        return int(self.between.since.timestamp() * 1000) + 1 if self.between.since else None

    @property
    def is_newest(self) -> bool:
        """Whether these are the newest messages."""
        return not (self.before or self.is_apart)

    @cached_property
    def made_at(self) -> datetime:
        """The moment that is shown."""
        return now()

    @cached_property
    def _happenings(self) -> list[Happening]:
        """Each stands on one page only: that of the first message after it, or the newest."""
        return [Happening(row, line) for row in self.between.occurrences if (line := words_of(row))]

    @cached_property
    def _notes(self) -> list[Noted]:
        return [Noted(row, self.between.mentioned.get(row.key, ())) for row in self.between.notes]

    @cached_property
    def _around(self) -> Around:
        return around_of(self.conversation, [message.dispatch for message in self.messages if hasattr(message, "dispatch")])


def around_of(conversation: Conversation, dispatches: Sequence[Dispatch]) -> Around:
    """What may stand in the way of these. Stops are asked for only where an agent's message waits, and did not come with the conversation."""
    agents = {each.message.written_by_id for each in dispatches if each.state == Dispatch.State.QUEUED and each.message.is_by_agent}
    known = getattr(conversation, "stops_here", None)
    if agents and known is None:
        known = list(Stop.objects.in_force().on(account=conversation.account_id, conversation=conversation.public_id))
    return Around((known or ()) if agents else (), dispatches)


def _asks_at(message: Message) -> datetime | None:
    dispatch: Dispatch | None = getattr(message, "dispatch", None)
    return dispatch.asks_at if dispatch else None


def _day(thing: Thing) -> date:
    return localtime(moment_of(thing)).date()


def _place(thing: Thing) -> tuple[bool, datetime, int]:
    """Of two at one moment, what led to the message stands before it, and a note after it. What is to leave later stands last."""
    order = 0 if isinstance(thing, Happening) else 2 if isinstance(thing, Noted) else 1
    return isinstance(thing, Message) and is_ahead(thing), moment_of(thing), order


def _together(message: Message, following: Message) -> bool:
    """Whether both are one breath of one author."""
    if moment_of(following) - moment_of(message) > TOGETHER or _day(following) != _day(message):
        return False
    return _author(message) == _author(following)


def _author(message: Message) -> tuple[object, ...]:
    dispatch: Dispatch | None = getattr(message, "dispatch", None)
    released = dispatch.released_by_id if dispatch else None
    state = dispatch.state if dispatch else ""
    return message.direction, message.source, message.about.get("app"), message.written_by_id, message.edited_by_id, released, state, is_ahead(message)
