"""What a contact does, as it changes our rows."""

import hashlib
from collections.abc import Iterable
from dataclasses import asdict, dataclass, field
from datetime import datetime, timedelta
from typing import Any, Protocol

from django.db.models import F

from accounts.models import Account
from core.clock import now
from core.wake import wake
from graph import events
from inbox.copying import note_copy
from inbox.erasing import erase, erase_parked, redact
from inbox.models import Attachment, Contact, Conversation, Message, Occurrence, Reaction, WebhookDelivery
from inbox.models.message import MADE_UP
from inbox.profiles import ask_again
from inbox.searching import note_messages

CLOCKS_DIFFER = timedelta(minutes=5)


def not_after(told: datetime, received_at: datetime) -> datetime:
    """When it was: nothing is newer than its arrival. A clock that says so must not open a window for longer than Meta does."""
    return received_at if told > received_at + CLOCKS_DIFFER else told


class Kept(Exception):
    """This event cannot be applied (yet): keep it, with the reason.

    Args:
        kind: its name; empty is the event's own.
        waits_for: the mark (`message_mark`, `contact_mark`) of what it makes no sense without.
    """

    def __init__(self, reason: str, *, kind: str = "", waits_for: str = "") -> None:
        super().__init__(reason)
        self.reason, self.kind, self.waits_for = reason, kind, waits_for


class PartlyKept(Kept):
    """What could be done was done, and stays done; the rest is kept."""


class Bearer(Protocol):
    """What brought an event: a webhook delivery, or a look into the thread at Meta."""

    @property
    def pk(self) -> int | None:
        """The key of the delivery that holds the words; None where nothing of it is kept."""

    @property
    def received_at(self) -> datetime: ...


def message_received(account: Account, event: events.MessageReceived, delivery: WebhookDelivery) -> None:
    _inbound(account, event, delivery, words_of(event), referral=event.referral)


def words_of(event: events.MessageReceived) -> "Words":
    about = {
        "quick_reply": event.quick_reply, "story_url": event.story_url, "story_id": event.story_id, "referral": _referral(event.referral),
        "came_by": event.came_by, "to_self": event.to_self, "unsupported": event.unsupported,
    }  # fmt: skip
    return Words(event.mid, event.text, event.attachments, event.reply_to_mid, about, opens_as="" if event.to_self else "message")


def postback_received(account: Account, event: events.PostbackReceived, delivery: WebhookDelivery) -> None:
    """A tapped button stands in the thread as what its label says."""
    about = {"postback": event.payload or event.title, "title": event.title, "referral": _referral(event.referral)}
    words = Words(event.mid or _made_up_mid(event), event.title, about=about, opens_as="postback")
    _inbound(account, event, delivery, words, referral=event.referral)


def referral_followed(account: Account, event: events.ReferralFollowed, delivery: WebhookDelivery) -> None:
    """A link into a thread that exists refreshes the window; a click on an advertisement does so only with the message that follows.

    Source: Meta, Messenger Platform, "Send a message", standard messaging window.
    """
    conversation, at = known_conversation(account, event), event.at or delivery.received_at
    kind = Occurrence.Kind.AD if event.referral.is_ad else Occurrence.Kind.REFERRAL
    Occurrence.note(conversation, kind, at=at, key=_referral_key(event.referral, at), referral=_referral(event.referral))
    if event.referral.is_ad:
        conversation.weigh_ads()
    else:
        conversation.open_window("referral", at=at)
    conversation.show(said=False)


def message_unsent(account: Account, event: events.MessageUnsent, delivery: WebhookDelivery) -> None:
    """Take the content away and leave a tombstone; one that comes before its message keeps the message from being stored.

    Source: Meta, Platform Terms and Instagram webhooks, "message deletion": the business has to delete its copy.
    """
    at = event.at or delivery.received_at
    # Meta leaves the people out at times; then its message tells whose it is.
    conversation = locked_conversation(account, event.contact_id, at) if event.contact_id else _locked_message(account, event.mid)[0]
    message = Message.objects.filter(account=account, mid=event.mid).first()
    if message is None:
        message = _tombstone(conversation, event, at)
        conversation.add(message)
        redact(message)
    for brought_by in erase_parked(conversation, event.mid):
        remember_delivery(message, brought_by)
    if message.removed_at is None:
        erase(message, at)
        _changed(conversation, message)


def _tombstone(conversation: Conversation, event: events.MessageUnsent, at: datetime) -> Message:
    """The unsend of a message that has not come: it stands at the time of the unsend until its own is known."""
    direction, source = (Message.Direction.IN, Message.Source.CONTACT) if event.by_contact else (Message.Direction.OUT, Message.Source.ELSEWHERE)
    return Message.objects.create(
        account=conversation.account, conversation=conversation, direction=direction, source=source, mid=event.mid, at=at, received_at=now(),
        removed_at=at, about={"unseen": True},
    )  # fmt: skip


def message_edited(account: Account, event: events.MessageEdited, delivery: WebhookDelivery) -> None:
    """The first words stay; the newest edit stands beside them."""
    conversation, message = _locked_message(account, event.mid)
    remember_delivery(message, delivery.pk)
    known = message.about.get("edit", {}).get("number", 0)
    if message.removed_at or event.number <= known:
        return
    message.about["edit"] = {"number": event.number, "text": event.text, "at": (event.at or delivery.received_at).isoformat()}
    message.save(update_fields=["about"])
    note_messages([message])
    if message.is_inbound:
        conversation.come_back(at=delivery.received_at)
    _changed(conversation, message)


def reacted(account: Account, event: events.Reacted, delivery: WebhookDelivery) -> None:
    """The newest word of the contact about a message holds, in whatever order the words come in."""
    at = event.at or delivery.received_at
    if not Message.objects.filter(account=account, mid=event.mid).exists():
        _reacted_to_the_unknown(account, event, at)
    conversation, message = _locked_message(account, event.mid)
    conversation.occurrences.filter(key=_reaction_key(event)).delete()
    put_reaction(conversation, message, event, at=at)
    if not event.removed:
        conversation.open_window("reaction", at=at, message=message)
    conversation.show(said=False)


def put_reaction(conversation: Conversation, message: Message, event: events.Reacted, *, at: datetime) -> bool:
    """Let this be the contact's reaction to a message, unless a newer one is known. False where nothing changes."""
    values = {"emoji": _emoji(event), "at": at, "removed_at": at if event.removed else None}
    reaction, is_new = Reaction.objects.get_or_create(message=message, contact=conversation.contact, defaults=values)
    if is_new or (at, event.removed, values["emoji"]) <= (reaction.at, reaction.removed_at is not None, reaction.emoji):
        return is_new
    Reaction.objects.filter(pk=reaction.pk).update(**values)
    return True


def _reacted_to_the_unknown(account: Account, event: events.Reacted, at: datetime) -> None:
    """A reaction to a message from before we listened is an answer all the same: it is shown, and it opens the window.

    Raises:
        PartlyKept: always; the reaction takes its place once the message is there.
    """
    if not event.contact_id:
        raise Kept("It names no contact.")
    conversation = locked_conversation(account, event.contact_id, at)
    about = {"emoji": _emoji(event), "removed": event.removed}
    Occurrence.note_newest(conversation, Occurrence.Kind.REACTION, at=at, key=_reaction_key(event), **about)
    if not event.removed:
        conversation.open_window("reaction", at=at)
    conversation.show(said=False)
    raise PartlyKept("The message that it is about has not arrived.", waits_for=message_mark(account, event.mid))


def _emoji(event: events.Reacted) -> str:
    return event.emoji or event.name or "♥"


def _reaction_key(event: events.Reacted) -> str:
    return f"reaction {event.mid}"


def thread_control_changed(account: Account, event: events.ThreadControlChanged, delivery: WebhookDelivery) -> None:
    """Another app got the thread, or we did. Who merely asks for it gets nothing yet."""
    conversation, at = known_conversation(account, event), event.at or delivery.received_at
    key = f"control {event.change} {at.isoformat()} {event.owner_app_id}"
    facts = {"change": event.change, "owner": event.owner_app_id, "previous": event.previous_app_id, "note": event.note}
    is_here = event.owner_app_id in ("", account.meta_app.app_id)
    Occurrence.note(conversation, Occurrence.Kind.CONTROL, at=at, key=key, here=is_here, **facts)
    if event.change != "requested":
        conversation.notice_control(Conversation.Control.HERE if is_here else Conversation.Control.ELSEWHERE, at=at)
    conversation.show(said=False)


def locked_conversation(account: Account, contact_id: str, at: datetime) -> Conversation:
    """The conversation with this contact, locked; made where it is the first that we hear of them."""
    contact, is_new = Contact.objects.get_or_create(account=account, external_id=contact_id, defaults={"first_seen_at": at})
    if is_new:
        wake("fetch")
    conversation, _made = Conversation.objects.get_or_create(contact=contact, defaults={"account": account, "last_message_at": at})
    conversation = Conversation.objects.lock(conversation.pk)
    if at < contact.first_seen_at:
        # Under the lock, as everybody changes a contact; before it, two could wait for each other.
        Contact.objects.filter(pk=contact.pk, first_seen_at__gt=at).update(first_seen_at=at)
    if conversation.last_message_id is None:
        # Nothing was said yet: it stands in the list where the newest thing that happened puts it.
        conversation.last_message_at = max(at, conversation.last_message_at)
    return conversation


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
    """Keep what Meta says of each attachment of a message, and have copies made of what may be copied."""
    rows = [
        Attachment(message=message, position=position, kind=each.kind, url=each.url, title=each.title, payload=dict(each.payload))
        for position, each in enumerate(attachments)
    ]
    for row in rows:
        row.media = note_copy(row)
    Attachment.objects.bulk_create(rows)


def contact_mark(account: Account, contact_id: str) -> str:
    """What an event waits for that came before the first message of its contact."""
    return f"{account.pk} contact {contact_id}"


def message_mark(account: Account, mid: str) -> str:
    """What an event waits for that came before the message it is about."""
    return f"{account.pk} message {mid}"


def said_mark(account: Account, mid: str) -> str:
    """What an event waits for that needs to know when the message was written; a tombstone does not tell."""
    return f"{account.pk} said {mid}"


@dataclass(frozen=True)
class Words:
    """What one incoming message says."""

    mid: str
    text: str = ""
    attachments: Iterable[events.MediaReceived] = ()
    reply_to_mid: str = ""
    about: dict[str, Any] = field(default_factory=dict)
    opens_as: str = ""


def _inbound(account: Account, event: events.Event, delivery: WebhookDelivery, words: Words, *, referral: events.Referral | None) -> None:
    at = event.at or delivery.received_at
    conversation = locked_conversation(account, event.contact_id or "", at)
    # Whoever gets the event in `messaging` holds the thread or nobody does; others get it in `standby`.
    conversation.notice_control(Conversation.Control.ELSEWHERE if event.standby else Conversation.Control.HERE, at=at)
    known = Message.objects.filter(account=account, mid=words.mid).first()
    if known and not complete(conversation, known, words, delivery, at=at):
        return conversation.save(update_fields=["control", "control_at"])
    if not known:
        message = incoming(conversation, words, delivery, at=at)
        message.save(force_insert=True)
        take_in(conversation, message, words.attachments, delivery)
        note_messages([message], are_bare=not words.attachments)
    if referral and referral.is_ad:
        Occurrence.note(conversation, Occurrence.Kind.AD, at=at, key=f"ad {words.mid}", mid=words.mid)
    conversation.weigh_ads()
    ask_again(conversation.contact)
    conversation.show()


def incoming(conversation: Conversation, words: Words, bearer: Bearer, *, at: datetime, is_history: bool = False) -> Message:
    """The row of something that the contact said; to be stored, and then taken in."""
    return Message(
        account=conversation.account, conversation=conversation, direction=Message.Direction.IN, source=Message.Source.CONTACT, mid=words.mid, at=at,
        received_at=now(), text=words.text, reply_to_mid=words.reply_to_mid, about={key: value for key, value in words.about.items() if value},
        opens_as=words.opens_as, brought_by=brought_by(bearer), is_history=is_history,
    )  # fmt: skip


def take_in(conversation: Conversation, message: Message, attachments: Iterable[events.MediaReceived], bearer: Bearer) -> None:
    """Take what was just stored into the facts of this locked conversation, which is saved or shown afterwards."""
    attach(message, attachments)
    _open(conversation, message, bearer)
    conversation.take(message)


def complete(conversation: Conversation, known: Message, words: Words, bearer: Bearer, *, at: datetime) -> bool:
    """It has come before. A tombstone that came before it learns when it was written; False where nothing changes."""
    remember_delivery(known, bearer.pk)
    if not known.about.get("unseen"):
        return False
    _take_its_time(conversation, known, words.opens_as, at)
    _open(conversation, known, bearer)
    return True


def brought_by(bearer: Bearer) -> list[int]:
    """As a new message remembers it (`Message.brought_by`)."""
    return [] if bearer.pk is None else [bearer.pk]


def _open(conversation: Conversation, message: Message, bearer: Bearer) -> None:
    if message.opens_as:
        conversation.open_window(message.opens_as, at=message.at, message=message)
        conversation.reopen(received_at=bearer.received_at, at=message.at)


def _take_its_time(conversation: Conversation, tombstone: Message, opens_as: str, at: datetime) -> None:
    """The message came after its own unsend: its words stay out, but when it was written is known now."""
    tombstone.at, tombstone.opens_as, tombstone.about = at, opens_as, {}
    tombstone.save(update_fields=["at", "opens_as", "about"])
    conversation.find_newest()


def remember_delivery(message: Message, delivery: int | None) -> None:
    """Note which delivery (its key) brought words of this message. Words that were unsent already are taken out of it at once.

    What was read from the thread at Meta was brought by none, and is kept nowhere else.
    """
    if delivery is None:
        return
    if delivery not in message.brought_by:
        message.brought_by.append(delivery)
        message.save(update_fields=["brought_by"])
    if message.removed_at:
        redact(message)


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
    return f"{MADE_UP}{hashlib.sha256(what.encode()).hexdigest()}"


def _referral(referral: events.Referral | None) -> dict[str, Any]:
    return {name: value for name, value in asdict(referral).items() if value} if referral else {}


def _referral_key(referral: events.Referral, at: datetime) -> str:
    what = f"{referral.source} {referral.ref} {referral.ad_id}"  # of any length: whoever makes the link writes `ref`
    return f"referral {at.isoformat()} {hashlib.sha256(what.encode()).hexdigest()}"
