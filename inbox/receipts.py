"""Delivered and read: marks that only move forward."""

from datetime import datetime

from accounts.models import Account
from graph import events
from inbox.arrivals import Kept, PartlyKept, known_conversation, said_mark
from inbox.models import Conversation, Message, WebhookDelivery


def delivered(account: Account, event: events.Delivered, delivery: WebhookDelivery) -> None:
    _move(account, event, "delivered_until", event.mids)


def read(account: Account, event: events.Read, delivery: WebhookDelivery) -> None:
    # What was read was delivered, also on Instagram, which never says so; the screen knows that without a mark.
    _move(account, event, "read_until", (event.mid,) if event.mid else ())


def _move(account: Account, event: events.Delivered | events.Read, mark: str, mids: tuple[str, ...]) -> None:
    """Move a mark to the time that Meta names, else to the newest of the messages that it names: what came before is covered too."""
    if event.until:
        return _move_to(known_conversation(account, event), mark, event.until)
    # A tombstone whose message has not come stands at the time of its unsend, and that would be too late.
    known = dict(Message.objects.filter(account=account, mid__in=mids).exclude(about__has_key="unseen").values_list("mid", "at"))
    if known:
        _move_to(_conversation_of(account, next(iter(known))), mark, max(known.values()))
    if missing := [mid for mid in mids if mid not in known]:
        raise (PartlyKept if known else Kept)("The message that it is about has not arrived.", waits_for=said_mark(account, missing[0]))


def _conversation_of(account: Account, mid: str) -> Conversation:
    return Conversation.objects.lock(Message.objects.values_list("conversation", flat=True).get(account=account, mid=mid))


def _move_to(conversation: Conversation, mark: str, until: datetime) -> None:
    present = getattr(conversation, mark)
    if present is None or until > present:
        setattr(conversation, mark, until)
        conversation.show(said=False)
