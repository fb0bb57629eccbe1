"""Which messages of a conversation stand on a page, fetched in one query with all that their bubbles show."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.db.models import F, OuterRef, Q, QuerySet, Subquery

from core.json_rows import ModelRows, columns, known, remember
from inbox.lanes import Among
from inbox.models import Attachment, Attempt, Conversation, Dispatch, MediaFile, Message
from inbox.models.message import told_along
from inbox.views.entries import is_ahead

LINES = 50
MOST_LINES = 400
# Around a message far back: so many before it, and so many from it on.
BEFORE, FROM = 20, 30

EVERY = Q()
State = Dispatch.State


@dataclass(frozen=True)
class Stretch:
    """Messages that stand together.

    Args:
        said: oldest first.
        ahead: what is to leave later, the next one first.
        has_earlier: whether anything was said before these.
        end: up to when things stand beside these messages; None where these are the newest.
        is_apart: whether they stand far back, and the newest are not on the page.
    """

    said: list[Message]
    ahead: list[Message] = field(default_factory=list)
    has_earlier: bool = False
    end: datetime | None = None
    is_apart: bool = False


def newest(conversation: Conversation, *, since: str = "") -> Stretch:
    """The newest messages, and what is to leave later.

    Args:
        since: public id of the oldest that was on the page before.
    """
    parts = [_newest_of(conversation, LINES)]
    if since:
        at, pk = _place_of(conversation, since)
        parts += [_newest_of(conversation, MOST_LINES, _from(at, pk)), conversation.messages.filter(_before(at, pk)).order_by("-at", "-pk")[:1]]
    said, ahead = _apart(_fetched(conversation, parts))
    place = next((number for number, message in enumerate(said) if message.public_id == since), None)
    most = min(MOST_LINES, place + 1) if place is not None else MOST_LINES if len(said) > MOST_LINES else LINES
    return Stretch(said[:most][::-1], ahead, len(said) > most)


def stretch_before(conversation: Conversation, before: str) -> Stretch:
    """What was said before the message with this public id."""
    edge = conversation.messages.filter(public_id=before).first()
    said = _known(with_everything(_newest_of(conversation, LINES, _before(edge.at, edge.pk) if edge else EVERY)))
    return Stretch(said[:LINES][::-1], [], len(said) > LINES, edge.at if edge else None)


def stretch_around(conversation: Conversation, sought: str) -> Stretch:
    """The newest, where the message with this public id is among them or nowhere; else what was said around it."""
    at, pk = _place_of(conversation, sought)
    later = conversation.messages.filter(_from(at, pk)).order_by("at", "pk")[:FROM]
    earlier = conversation.messages.filter(_before(at, pk)).order_by("-at", "-pk")[: BEFORE + FROM]
    said, ahead = _apart(_fetched(conversation, [_newest_of(conversation, LINES), later, earlier]))
    place = next((number for number, message in enumerate(said) if message.public_id == sought), 0)
    if place < LINES:
        return Stretch(said[:LINES][::-1], ahead, len(said) > LINES)
    around = said[max(0, place - FROM + 1) :]
    shown = around[: BEFORE + FROM]
    return Stretch(shown[::-1], [], len(around) > len(shown), shown[0].at, is_apart=True)


def with_everything(rows: QuerySet[Message]) -> QuerySet[Message]:
    """With all that a bubble shows of the message itself."""
    attached = Attachment.objects.filter(message=OuterRef("pk")).order_by("position", "pk")
    answered = Message.objects.filter(conversation=OuterRef("conversation"), mid=OuterRef("reply_to_mid")).exclude(mid="").annotate(told=told_along())
    calls = Attempt.objects.filter(dispatch__message=OuterRef("pk"), dispatch__state__in=(State.UNKNOWN, State.FAILED)).order_by("number")
    return rows.select_related("written_by", "edited_by", "dispatch__released_by", "dispatch__settled_by").annotate(
        attached=ModelRows(attached, *columns(Attachment), *columns(MediaFile, via="media"), known_as="attachments"),
        answered=ModelRows(answered, *columns(Message), "told"),
        calls=ModelRows(calls, *columns(Attempt)),
    )


def _newest_of(conversation: Conversation, most: int, which: Q = EVERY) -> QuerySet[Message]:
    """One more than so many, so that it is known whether there are more. What waits for its moment was not said yet."""
    rows: QuerySet[Message] = conversation.messages.filter(which)
    if getattr(conversation, "has_scheduled", False):
        rows = rows.exclude(dispatch__in=Dispatch.objects.scheduled().filter(conversation=conversation))
    return rows.order_by("-at", "-pk")[: most + 1]


def _fetched(conversation: Conversation, parts: list[QuerySet[Message]]) -> list[Message]:
    """These, and what waits for its moment; newest first."""
    if getattr(conversation, "has_scheduled", False):
        parts = [*parts, Message.objects.filter(dispatch__in=Dispatch.objects.scheduled().filter(conversation=conversation))]
    if len(parts) == 1:
        return _known(with_everything(parts[0]))
    wanted = Q()
    for part in parts:
        wanted |= Q(Among(F("pk"), Subquery(part.values("pk"))))
    return _known(with_everything(conversation.messages.filter(wanted)).order_by("-at", "-pk"))


def _known(rows: QuerySet[Message]) -> list[Message]:
    """Nobody has to ask for what came along."""
    messages = known(rows)
    for message in messages:
        if hasattr(message, "dispatch") and message.dispatch.state in (State.UNKNOWN, State.FAILED):
            remember(message.dispatch, attempts=message.calls)
    return messages


def _apart(messages: list[Message]) -> tuple[list[Message], list[Message]]:
    """What was said, and what is to leave later."""
    ahead = sorted(filter(is_ahead, messages), key=lambda message: (message.dispatch.not_before, message.pk))
    return [message for message in messages if not is_ahead(message)], ahead


def _place_of(conversation: Conversation, public_id: str) -> tuple[Subquery, Subquery]:
    """Where this message stands; nowhere where it is not in this conversation."""
    there = conversation.messages.filter(public_id=public_id)
    return Subquery(there.values("at")[:1]), Subquery(there.values("pk")[:1])


def _before(at: Any, pk: Any) -> Q:
    return Q(at__lt=at) | Q(at=at, pk__lt=pk)


def _from(at: Any, pk: Any) -> Q:
    return Q(at__gt=at) | Q(at=at, pk__gte=pk)
