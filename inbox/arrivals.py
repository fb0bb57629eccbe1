"""What a contact does, as it changes our rows."""

import hashlib
from collections.abc import Iterable
from datetime import datetime
from typing import Any

from django.db.models import F

from accounts.models import Account
from core.clock import now
from core.wake import wake
from graph import events
from inbox.models import Attachment, Contact, Conversation, Message, Reaction
from inbox.recording import erase, erase_parked


class Kept(Exception):
    """This event cannot be applied (yet): keep it, with the reason.

    Args:
        kind: its name; empty is the event's own.
        waits_for: the mark (`message_mark`, `contact_mark`) of what it makes no sense without.
    """

    def __init__(self, reason: str, *, kind: str = "", waits_for: str = "") -> None:
        super().__init__(reason)
        self.reason, self.kind, self.waits_for = reason, kind, waits_for


def message_received(account: Account, event: events.MessageReceived, received_at: datetime) -> None:
    about = {"quick_reply": event.quick_reply, "story_url": event.story_url, "referral": _dict(event.referral), "unsupported": event.unsupported}
    _inbound(
        account, event, received_at, cause="message", mid=event.mid, text=event.text, attachments=event.attachments,
        reply_to_mid=event.reply_to_mid, about=about,
    )  # fmt: skip


def postback_received(account: Account, event: events.PostbackReceived, received_at: datetime) -> None:
    """A tapped button stands in the thread as what its label says."""
    about = {"postback": event.payload or event.title, "title": event.title, "referral": _dict(event.referral)}
    _inbound(account, event, received_at, cause="postback", mid=event.mid or _made_up_mid(event), text=event.title, about=about)


def referral_followed(account: Account, event: events.ReferralFollowed, received_at: datetime) -> None:
    """A link or an ad that led into a thread that exists refreshes the window; without a thread there is nothing to refresh."""
    conversation = known_conversation(account, event)
    conversation.open_window("referral", at=event.at or received_at)
    conversation.show()


def message_unsent(account: Account, event: events.MessageUnsent, received_at: datetime) -> None:
    """Take the content away and leave a tombstone; one that comes before its message keeps the message from being stored.

    Source: Meta, Platform Terms and Instagram webhooks, "message deletion": the business has to delete its copy.
    """
    at = event.at or received_at
    if event.contact_id is None:
        raise Kept("It names no contact.")
    conversation = locked_conversation(account, event.contact_id, at)
    message = Message.objects.filter(account=account, mid=event.mid).first()
    erase_parked(conversation, event.mid)
    if message is None:
        direction, source = (Message.Direction.IN, Message.Source.CONTACT) if event.by_contact else (Message.Direction.OUT, Message.Source.ELSEWHERE)
        message = Message.objects.create(
            account=account, conversation=conversation, direction=direction, source=source, mid=event.mid, at=at, received_at=now(), removed_at=at
        )
        conversation.add(message)
    elif message.removed_at is None:
        erase(message, at)
        _changed(conversation, message)


def message_edited(account: Account, event: events.MessageEdited, received_at: datetime) -> None:
    """The first words stay; the newest edit stands beside them."""
    conversation, message = _locked_message(account, event.mid)
    known = message.about.get("edit", {}).get("number", 0)
    if message.removed_at or event.number <= known:
        return
    message.about["edit"] = {"number": event.number, "text": event.text, "at": (event.at or received_at).isoformat()}
    message.save(update_fields=["about"])
    _changed(conversation, message)


def reacted(account: Account, event: events.Reacted, received_at: datetime) -> None:
    """The newest word of the contact about a message holds, in whatever order the words come in."""
    conversation, message = _locked_message(account, event.mid)
    at = event.at or received_at
    values = {"emoji": event.emoji or event.name or "♥", "at": at, "removed_at": at if event.removed else None}
    reaction, is_new = Reaction.objects.get_or_create(message=message, contact=conversation.contact, defaults=values)
    if not is_new and at < reaction.at:
        return
    if not is_new:
        Reaction.objects.filter(pk=reaction.pk).update(**values)
    if not event.removed:
        conversation.open_window("reaction", at=at)
    conversation.show()


def locked_conversation(account: Account, contact_id: str, at: datetime) -> Conversation:
    """The conversation with this contact, locked; made where it is the first that we hear of them."""
    contact, is_new = Contact.objects.get_or_create(account=account, external_id=contact_id, defaults={"first_seen_at": at})
    if is_new:
        wake("fetch")
    conversation, _made = Conversation.objects.get_or_create(contact=contact, defaults={"account": account, "last_message_at": at})
    return Conversation.objects.lock(conversation.pk)


def known_conversation(account: Account, event: events.Event) -> Conversation:
    """The conversation that an event is about, locked.

    Raises:
        Kept: there is none yet; the event is applied once there is.
    """
    conversation = Conversation.objects.filter(account=account, contact__external_id=event.contact_id).first()
    if conversation is None:
        raise Kept("There is no conversation with this contact yet.", waits_for=contact_mark(account, event.contact_id or ""))
    return Conversation.objects.lock(conversation.pk)


def attach(message: Message, attachments: Iterable[events.MediaReceived]) -> None:
    """Keep what Meta says of each attachment of a message."""
    Attachment.objects.bulk_create(
        Attachment(message=message, position=position, kind=each.kind, url=each.url, title=each.title, payload=dict(each.payload))
        for position, each in enumerate(attachments)
    )


def contact_mark(account: Account, contact_id: str) -> str:
    """What an event waits for that came before the first message of its contact."""
    return f"{account.pk} contact {contact_id}"


def message_mark(account: Account, mid: str) -> str:
    """What an event waits for that came before the message it is about."""
    return f"{account.pk} message {mid}"


def _inbound(
    account: Account, event: events.Event, received_at: datetime, *, cause: str, mid: str, about: dict[str, Any],
    text: str = "", attachments: Iterable[events.MediaReceived] = (), reply_to_mid: str = "",
) -> None:  # fmt: skip
    at = event.at or received_at
    conversation = locked_conversation(account, event.contact_id or "", at)
    if known := Message.objects.filter(account=account, mid=mid).first():
        return _late_to_its_own_unsend(conversation, known, cause, at)
    message = Message.objects.create(
        account=account, conversation=conversation, direction=Message.Direction.IN, source=Message.Source.CONTACT, mid=mid, at=at,
        received_at=now(), text=text, reply_to_mid=reply_to_mid, about={key: value for key, value in about.items() if value},
    )  # fmt: skip
    attach(message, attachments)
    conversation.open_window(cause, at=at, message=message)
    conversation.add(message)


def _late_to_its_own_unsend(conversation: Conversation, known: Message, cause: str, at: datetime) -> None:
    """A message that was there already changes nothing; one whose unsend came first still opens the window, from when it was written."""
    opened = conversation.window_opened_at
    if known.removed_at and (opened is None or at > opened):
        Message.objects.filter(pk=known.pk).update(at=at)
        conversation.open_window(cause, at=at, message=known)
        conversation.show()


def _locked_message(account: Account, mid: str) -> tuple[Conversation, Message]:
    """The message and its conversation, locked before the message is read: an edit and an unsend may come at once.

    Raises:
        Kept: the message has not arrived.
    """
    pk = Message.objects.filter(account=account, mid=mid).values_list("conversation", flat=True).first() if mid else None
    if pk is None:
        raise Kept("The message that it is about has not arrived.", waits_for=message_mark(account, mid))
    conversation = Conversation.objects.lock(pk)
    return conversation, Message.objects.get(account=account, mid=mid)


def _changed(conversation: Conversation, message: Message) -> None:
    """What was said is not what it was: no decision about the old words holds."""
    conversation.revision = F("revision") + 1
    if message.is_inbound:
        conversation.hear()
    conversation.show()


def _made_up_mid(event: events.PostbackReceived) -> str:
    """Old postbacks have no id; who, when and what make one that a repeated delivery shares."""
    what = f"{event.contact_id} {event.at} {event.payload} {event.title}"
    return f"postback:{hashlib.sha256(what.encode()).hexdigest()}"


def _dict(value: Any) -> dict[str, Any]:
    return dict(value) if value else {}
