"""Forgets people who asked for it: through Meta, or a colleague. The work goes in small steps, and can be cut off and begun again.

What stays is that there was a conversation, when, and Meta's ids in it: by them a repeated delivery is known, and brings no word back.
The id that Meta hands on is looked for as it is. On Instagram it may be the id of the contact; Facebook's is one for this app, while a Page
knows people by another, so nobody who only wrote to a Page is found by it. A colleague can have such a contact forgotten.
Source: Meta, Platform Terms, "Data deletion", and App Development, "Data deletion request callback".
"""

from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db import IntegrityError, transaction
from django.db.models import F, ProtectedError, Q, QuerySet, TextField
from django.db.models.functions import Cast

from accounts.connection import forget_connector
from accounts.models import Account, Activity, MetaApp, User
from core.clock import now
from core.lease import Lease, TakenOver, is_free, lease_time
from core.wake import wake
from inbox.erasing import erase_attachments, forget, names, without_person
from inbox.linking import leave
from inbox.looks import SETTLED, UNREAD
from inbox.models import Contact, Conversation, DeletionRequest, Dispatch, Draft, KeptEvent, MediaFile, Mention, Message, Reaction, WebhookDelivery
from inbox.profiles import MOST_ATTEMPTS
from inbox.searching import forget_contact, forget_messages
from inbox.unnaming import Known, unname

# For so long after its lease has ended a worker that stalled may still wake and apply what it had read.
STALLED_FOR = timedelta(minutes=2)
# A worker that has read a body applies what was said in it before; once it is done, all is looked through again.
LOOK_AGAIN_AFTER = timedelta(minutes=1)
# Messages in one transaction: nobody who writes or sends waits for longer than that takes.
MESSAGES = 50
# Bodies and kept events looked through in one step; few of them name anybody in particular.
ROWS = 1_000


def ask(app: MetaApp, user_id: str, *, at: datetime) -> DeletionRequest:
    """Meta hands on that somebody wants to be forgotten. Asked again before it is done, it is the same request."""
    try:
        with transaction.atomic():
            request = DeletionRequest.objects.create(meta_app=app, user_id=user_id, received_at=at)
            Activity.record("deletion.asked", request, by=None, at=at)
            wake("upkeep")
            return request
    except IntegrityError:
        return DeletionRequest.objects.get(meta_app=app, user_id=user_id, contact=None, finished_at=None)


def ask_for(contact: Contact, *, by: User, at: datetime) -> DeletionRequest:
    """A colleague has this one contact forgotten."""
    try:
        with transaction.atomic():
            request = DeletionRequest.objects.create(meta_app=contact.account.meta_app, contact=contact, by=by, received_at=at)
            Activity.record("contact.erasure_asked", contact, by=by, at=at, account=contact.account, request=request.public_id)
            wake("upkeep")
            return request
    except IntegrityError:
        return DeletionRequest.objects.get(contact=contact, finished_at=None)


def forget_next() -> bool:
    """Carry out the oldest request that nobody is at. False where there is none."""
    request = _claim(now())
    if request is None:
        return False
    lease = Lease(request, only=Q(finished_at=None))
    with suppress(TakenOver), lease.kept():  # whoever took it over goes on
        _carry_out(lease)
    return True


def _claim(at: datetime) -> DeletionRequest | None:
    waiting = DeletionRequest.objects.filter(is_free(at), finished_at=None)
    for request in waiting.select_related("meta_app", "contact__account").order_by("pk")[:20]:
        request.lease_until = at + lease_time()
        if waiting.filter(pk=request.pk).update(lease_until=request.lease_until):
            return request
    return None


def _carry_out(lease: Lease[DeletionRequest]) -> None:
    request = lease.row
    contacts = _contacts(request)
    # The bodies first: what is applied again after its rows were erased must not bring them back.
    for place in _places(request, contacts):
        _prune_bodies(lease, place)
        _drop_kept_events(lease, place)
    for contact in contacts:
        _forget_contact(lease, contact)
    if not request.contact:
        _forget_connector(lease)
    if _is_in_hand(request, now()):
        return _look_again(lease)
    _finish(lease, contacts=len(contacts))


def _contacts(request: DeletionRequest) -> list[Contact]:
    if request.contact:
        return [request.contact]
    if _is_account(request.user_id):
        return []
    found = Contact.objects.filter(account__meta_app=request.meta_app, external_id=request.user_id)
    return list(found.select_related("account").order_by("pk"))


def _is_account(meta_id: str) -> bool:
    """Whether this id is an account of ours, as with Instagram Login: then all that its customers told it names the id as well."""
    return Account.objects.filter(external_id=meta_id).exists()


@dataclass(frozen=True)
class _Place:
    """Where the id of a person is looked for.

    Args:
        app: only what this app signed: within one app an id means one person.
        account: Meta's id of the only account on which the person is meant, whoever signed what it was told; "" is everywhere.
    """

    person: str
    app: MetaApp
    account: str = ""

    def deliveries(self) -> QuerySet[WebhookDelivery]:
        found = WebhookDelivery.objects.filter(emptied_at=None)
        return found if self.account else found.filter(meta_app=self.app)

    def kept_events(self) -> QuerySet[KeptEvent]:
        found = KeptEvent.objects.annotate(said=Cast("body", TextField())).filter(said__contains=self.person)
        signed = Q(delivery__meta_app=self.app)
        if not self.account:
            return found.filter(signed)
        unconnected = Q(signed | Q(said__contains=self.account), account=None)
        return found.filter(Q(account__external_id=self.account) | unconnected)


def _places(request: DeletionRequest, contacts: Iterable[Contact]) -> list[_Place]:
    """What Meta hands on is meant in everything that its app signed; a contact on their own account, whichever app signed it.

    An account that wrote to itself is its own contact; everything that it was told names that id.
    """
    app, own = request.meta_app, [contact for contact in contacts if contact.external_id != contact.account.external_id]
    everywhere = [] if request.contact or _is_account(request.user_id) else [_Place(request.user_id, app)]
    return everywhere + [_Place(contact.external_id, app, contact.account.external_id) for contact in own]


def _forget_connector(lease: Lease[DeletionRequest]) -> None:
    request = lease.row
    if "accounts" in DeletionRequest.objects.values_list("erased", flat=True).get(pk=request.pk):
        return  # done in an earlier look
    with transaction.atomic():
        _count(lease, accounts=forget_connector(request.meta_app, request.user_id, at=now()))


# Bodies and kept events --------------------------------------------------------------------------------------------
def _prune_bodies(lease: Lease[DeletionRequest], place: _Place) -> None:
    """Everything is looked through, because receipts and reactions leave no mark that says which body told them."""
    for some in _by_key(place.deliveries()):
        bodies = some.values_list("pk", "body").iterator(chunk_size=10)
        named = [pk for pk, body in bodies if place.person.encode() in bytes(body)]
        with transaction.atomic():
            _count(lease, deliveries=sum(_prune(delivery, place) for delivery in some.select_for_update().filter(pk__in=named).order_by("pk")))


def _prune(delivery: WebhookDelivery, place: _Place) -> int:
    body = bytes(delivery.body)
    left = without_person(body, place.person, account=place.account)
    return 0 if left == body else WebhookDelivery.objects.filter(pk=delivery.pk).update(body=left, redacted_at=now())


def _drop_kept_events(lease: Lease[DeletionRequest], place: _Place) -> None:
    for some in _by_key(place.kept_events()):
        with transaction.atomic():
            found = [kept.pk for kept in some if names(kept.body, place.person)]
            _count(lease, events=KeptEvent.objects.filter(pk__in=found).delete()[0])


def _is_in_hand(request: DeletionRequest, at: datetime) -> bool:
    """Whether a worker may still apply a body as it was before we took the person out of it. One that stalled has some time more."""
    pruned = WebhookDelivery.objects.filter(redacted_at__gte=request.received_at)
    return pruned.filter(lease_until__gt=at - STALLED_FOR).exists()


def _by_key(rows: QuerySet[Any]) -> Iterator[QuerySet[Any]]:
    """The rows a few at a time, in the order of their keys; what comes meanwhile comes last."""
    last = 0
    while keys := list(rows.filter(pk__gt=last).order_by("pk").values_list("pk", flat=True)[:ROWS]):
        yield rows.filter(pk__in=keys)
        last = keys[-1]


# One contact -------------------------------------------------------------------------------------------------------
def _forget_contact(lease: Lease[DeletionRequest], contact: Contact) -> None:
    conversation = Conversation.objects.filter(contact=contact).values_list("pk", flat=True).first()
    with transaction.atomic():
        if conversation:
            _close(lease, Conversation.objects.lock(conversation))
        named = Contact.objects.get(pk=contact.pk)
        # Not counted: how many there were would tell whoever asked what our colleagues look for.
        unname(Known(named.name, named.username, named.external_id), account=contact.account, at=now())
        _count(lease)
        # Its name is not fetched again, and what was said until now is not read back from Meta.
        at = now()
        Contact.objects.filter(pk=contact.pk).update(
            name="", username="", profile_fetched_at=at, profile_attempts=MOST_ATTEMPTS, forgotten_at=at
        )
        forget_contact(contact.pk)
    # Now that they count as erased nobody links them any more.
    leave(contact)
    while conversation and _erase_some(lease, conversation):
        continue


def _close(lease: Lease[DeletionRequest], conversation: Conversation) -> None:
    """Nothing of it leaves any more, and what is not a message goes."""
    at = now()
    outbox = conversation.dispatches
    outbox.filter(Q(state=Dispatch.State.QUEUED) | Q(state=Dispatch.State.SENDING, handed_over_at=None)).update(
        state=Dispatch.State.CANCELLED, reason="erased", lease_until=None
    )
    outbox.filter(state=Dispatch.State.UNKNOWN).update(state=Dispatch.State.FAILED, reason="erased", **SETTLED, **UNREAD)
    # Before the files go that proposals and messages had: what is chosen in nobody's draft any more can go with them.
    colleagues = _take_colleagues_words(conversation, at)
    # After the outbox: an approved proposal whose message is cancelled waits for a decision again, and has to end with the others.
    for agent in User.objects.filter(is_agent=True, agent__isnull=False).select_related("agent"):
        _forget_files(agent.agent.forget(conversation, at=at))
    reactions, _by_model = Reaction.objects.filter(contact=conversation.contact).delete()
    occurrences, _by_model = conversation.occurrences.all().delete()
    conversation.parked_echoes.filter(settled_at=None).update(settled_at=at, outcome="erased")
    conversation.parked_echoes.update(text="", attachments=[], about={}, reply_to_mid="")
    conversation.hear()
    conversation.revision = F("revision") + 1
    conversation.show()
    _count(lease, reactions=reactions, occurrences=occurrences, **colleagues)


def _take_colleagues_words(conversation: Conversation, at: datetime) -> dict[str, int]:
    """What colleagues noted about them and had typed to them goes as well; that there was a note stays. Returns how many."""
    notes = conversation.notes.filter(removed_at=None).update(text="", removed_at=at)
    Mention.objects.filter(conversation=conversation).delete()
    chosen = Draft.objects.filter(conversation=conversation).named_files()
    drafts, _by_model = conversation.drafts.all().delete()
    _forget_files(MediaFile.objects.filter(account=conversation.account, public_id__in=chosen).exclude(by=None))
    return {"notes": notes, "drafts": drafts}


def _erase_some(lease: Lease[DeletionRequest], pk: int) -> bool:
    """Erase the next messages. False where none has any words left."""
    at = now()
    with transaction.atomic():
        conversation = Conversation.objects.lock(pk)
        some = list(conversation.messages.filter(removed_at=None).order_by("pk")[:MESSAGES])
        files = [_take_files(message) for message in some]
        keys = [message.pk for message in some]
        Message.objects.filter(pk__in=keys).update(text="", link=None, about={"erased": True}, reply_to_mid="", removed_at=at)
        forget_messages(keys)
        if some:
            conversation.show()
        _count(lease, messages=len(some), files=sum(files))
    return bool(some)


def _take_files(message: Message) -> int:
    """What was attached goes; what we chose ourselves goes as well, unless it was sent to others too, or chosen for them. Returns how many."""
    ours = list(MediaFile.objects.filter(pk__in=message.attachments.exclude(media=None).values("media")).exclude(by=None))
    number = message.attachments.count()
    erase_attachments(message)
    _forget_files(ours)
    return number


def _forget_files(files: Iterable[MediaFile]) -> None:
    files = list(files)
    named = Draft.objects.named_files() if files else set()
    for media in files:
        if media.public_id in named:
            continue  # somebody has chosen it for somebody else
        try:
            forget([media])
        except ProtectedError:
            continue  # it is part of something that concerns others


# How far it is -----------------------------------------------------------------------------------------------------
def _count(lease: Lease[DeletionRequest], **numbers: int) -> None:
    """Write down, in the step's own transaction, what it did; and hold on to the request for the next one.

    Raises:
        TakenOver: the step is undone, for it is another worker's now.
    """
    with transaction.atomic():
        if not lease.locked():
            raise TakenOver
        erased = Counter(DeletionRequest.objects.values_list("erased", flat=True).get(pk=lease.row.pk)) + Counter(numbers)
        lease.renew(erased=dict(erased))


def _look_again(lease: Lease[DeletionRequest]) -> None:
    """Leave it for another look, by whichever worker is free then."""
    with transaction.atomic():
        _count(lease)
        again_at = now() + LOOK_AGAIN_AFTER
        lease.update(lease_until=again_at)
        wake("upkeep", at=again_at)


def _finish(lease: Lease[DeletionRequest], *, contacts: int) -> None:
    at, request = now(), lease.row
    with transaction.atomic():
        _count(lease, contacts=contacts)
        lease.update(finished_at=at, lease_until=None, user_id="")
        erased = DeletionRequest.objects.values_list("erased", flat=True).get(pk=request.pk)
        about, account = (request.contact, request.contact.account) if request.contact else (request, None)
        Activity.record("contact.erased" if request.contact else "deletion.finished", about, by=request.by, at=at, account=account, erased=erased)
