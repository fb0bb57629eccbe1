"""What was said in one conversation, as lines of a page."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

from django.db.models import Prefetch, Q, QuerySet
from django.utils.functional import cached_property
from django.utils.timezone import localtime

from accounts.models import Stop
from core.clock import now
from inbox.models import Attachment, Conversation, Dispatch, Message, Reaction
from inbox.views.standing import Standing, standing_of
from inbox.views.waiting import Around

LINES = 50
MOST_LINES = 400
TOGETHER = timedelta(minutes=5)


@dataclass(frozen=True)
class Line:
    """One message and how it stands among its neighbours.

    Args:
        opens_day: the first of its day, so the day is named above it.
        ends_group: the last of several in a row by one author, so who and when stands below it.
        quoted: the message it replies to, where we have it.
        standing: what became of an outgoing one.
    """

    message: Message
    opens_day: bool
    ends_group: bool
    quoted: Message | None
    standing: Standing | None


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
        messages, quoted, around, at = self._messages, self._quoted, self._around, now()
        after: Sequence[Message | None] = [*messages[1:], None]
        return [
            Line(
                message=message,
                opens_day=not previous or localtime(previous.at).date() != localtime(message.at).date(),
                ends_group=not _together(message, following),
                quoted=quoted.get(message.reply_to_mid) if message.reply_to_mid else None,
                standing=None if message.is_inbound else standing_of(message, self.conversation, around, at),
            )
            for previous, message, following in zip([None, *messages], messages, after, strict=False)
        ]

    @property
    def first(self) -> str:
        return self._messages[0].public_id if self._messages else ""

    @property
    def has_earlier(self) -> bool:
        return len(self._found) > len(self._messages)

    @cached_property
    def _messages(self) -> list[Message]:
        """Oldest first."""
        return self._found[: MOST_LINES if self.since else LINES][::-1]

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
        edge = self.conversation.messages.filter(public_id=self.before).first() if self.before else None
        return rows.filter(Q(at__lt=edge.at) | Q(at=edge.at, pk__lt=edge.pk)) if edge else rows

    @property
    def _quoted(self) -> dict[str, Message]:
        """What the messages reply to: mostly messages that are on the page already."""
        known = {message.mid: message for message in self._messages if message.mid}
        missing = {message.reply_to_mid for message in self._messages if message.reply_to_mid} - known.keys()
        if missing:
            known |= {message.mid: message for message in self.conversation.messages.filter(mid__in=missing).prefetch_related("attachments")}
        return known

    @property
    def _around(self) -> Around:
        dispatches: list[Dispatch] = [message.dispatch for message in self._messages if hasattr(message, "dispatch")]
        return Around(self._stops, dispatches)

    @property
    def _stops(self) -> list[Stop]:
        """Stops that may hold a waiting message back; asked for only where an agent's message waits."""
        agents = {message.written_by_id for message in self._messages if _waits_for_agents(message)}
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


def _together(message: Message, following: Message | None) -> bool:
    """Whether both are one breath of one author."""
    if following is None or following.at - message.at > TOGETHER or localtime(following.at).date() != localtime(message.at).date():
        return False
    return _author(message) == _author(following)


def _author(message: Message) -> tuple[object, ...]:
    dispatch: Dispatch | None = getattr(message, "dispatch", None)
    released = dispatch.released_by_id if dispatch else None
    state = dispatch.state if dispatch else ""
    return message.direction, message.source, message.written_by_id, message.edited_by_id, released, state


def _waits_for_agents(message: Message) -> bool:
    dispatch: Dispatch | None = getattr(message, "dispatch", None)
    return bool(dispatch and dispatch.state == Dispatch.State.QUEUED and dispatch.checks_newest)

