"""Delivered and read: marks that only move forward."""

from datetime import datetime

from accounts.models import Account
from graph import events
from inbox.arrivals import Kept
from inbox.models import Conversation, Message


def delivered(account: Account, event: events.Delivered, received_at: datetime) -> None:
    _move(account, event, "delivered_until", event.until or _newest_of(account, event.mids))


def read(account: Account, event: events.Read, received_at: datetime) -> None:
    until = event.until or _newest_of(account, (event.mid,))
    _move(account, event, "read_until", until)
    # What was read was delivered, also on Instagram, which never says so.
    _move(account, event, "delivered_until", until)


def _newest_of(account: Account, mids: tuple[str, ...]) -> datetime:
    """When the newest of these messages was said; a mark by id covers what came before it too."""
    known = Message.objects.filter(account=account, mid__in=[mid for mid in mids if mid]).order_by("-at").values_list("at", flat=True).first()
    if known is None:
        raise Kept("The message that it is about has not arrived.", waits_for=next(iter(mids), ""))
    return known


def _move(account: Account, event: events.Event, mark: str, until: datetime) -> None:
    conversation = Conversation.objects.filter(account=account, contact__external_id=event.contact_id).first()
    if conversation is None:
        raise Kept("There is no conversation with this contact yet.")
    conversation = Conversation.objects.lock(conversation.pk)
    present = getattr(conversation, mark)
    if present is None or until > present:
        setattr(conversation, mark, until)
        conversation.show()
