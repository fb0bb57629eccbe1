"""Delivered and read: marks that only move forward."""

from datetime import datetime

from accounts.models import Account
from graph import events
from inbox.arrivals import Kept, known_conversation, message_mark
from inbox.models import Message


def delivered(account: Account, event: events.Delivered, received_at: datetime) -> None:
    _move(account, event, "delivered_until", event.until or _newest_of(account, event.mids))


def read(account: Account, event: events.Read, received_at: datetime) -> None:
    # What was read was delivered, also on Instagram, which never says so; the screen knows that without a mark.
    _move(account, event, "read_until", event.until or _newest_of(account, (event.mid,)))


def _newest_of(account: Account, mids: tuple[str, ...]) -> datetime:
    """When the newest of these messages was said; a mark by id covers what came before it too."""
    known = Message.objects.filter(account=account, mid__in=[mid for mid in mids if mid]).order_by("-at").values_list("at", flat=True).first()
    if known is None:
        raise Kept("The message that it is about has not arrived.", waits_for=message_mark(account, next(iter(mids), "")))
    return known


def _move(account: Account, event: events.Event, mark: str, until: datetime) -> None:
    conversation = known_conversation(account, event)
    present = getattr(conversation, mark)
    if present is None or until > present:
        setattr(conversation, mark, until)
        conversation.show()
