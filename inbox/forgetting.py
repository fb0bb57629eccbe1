"""Forgets people who asked for it: through Meta, or a colleague. The work goes in small steps, and can be cut off and begun again.

What stays is that there was a conversation, when, and Meta's ids in it: by them a repeated delivery is known, and brings no word back.
Source: Meta, Platform Terms, "Data deletion", and App Development, "Data deletion request callback".
"""

from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import suppress
from datetime import datetime, timedelta
from typing import Any

from django.db import IntegrityError, transaction
from django.db.models import F, ProtectedError, Q, QuerySet, TextField
from django.db.models.functions import Cast

from accounts.connection import forget_connector
from accounts.models import Activity, MetaApp, User
from core.clock import now
from core.wake import wake
from inbox.erasing import erase_attachments, forget, names, without_person
from inbox.models import Contact, Conversation, DeletionRequest, Dispatch, KeptEvent, MediaFile, Message, Reaction, WebhookDelivery
from inbox.profiles import MOST_ATTEMPTS

LEASE = timedelta(minutes=2)
# Messages in one transaction: nobody who writes or sends waits for longer than that takes.
MESSAGES = 50
# Bodies and kept events looked through in one step; few of them name anybody in particular.
ROWS = 1_000


class TakenOver(Exception):
    """Our lease has ended and another worker does this now."""


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
    with suppress(TakenOver):  # whoever took it over goes on
        _carry_out(request)
    return True


def _claim(at: datetime) -> DeletionRequest | None:
    waiting = DeletionRequest.objects.filter(Q(lease_until=None) | Q(lease_until__lt=at), finished_at=None)
    for request in waiting.select_related("meta_app", "contact__account").order_by("pk")[:20]:
        request.lease_until = at + LEASE
        if waiting.filter(pk=request.pk).update(lease_until=request.lease_until):
            return request
    return None


def _carry_out(request: DeletionRequest) -> None:
    person, account = _who(request)
    # The bodies first: what is applied again after its rows were erased must not bring them back.
    _prune_bodies(request, person, account)
    _drop_kept_events(request, person, account)
    for contact in _contacts(request):
        _forget_contact(request, contact)
    if not request.contact:
        _count(request, accounts=forget_connector(request.meta_app, person, at=now()))
    _finish(request)


def _who(request: DeletionRequest) -> tuple[str, str]:
    """The id at Meta, and Meta's id of the one account on which it is meant; "" is everywhere."""
    return (request.contact.external_id, request.contact.account.external_id) if request.contact else (request.user_id, "")


def _contacts(request: DeletionRequest) -> list[Contact]:
    if request.contact:
        return [request.contact]
    return list(Contact.objects.filter(account__meta_app=request.meta_app, external_id=request.user_id).order_by("pk"))


# Bodies and kept events --------------------------------------------------------------------------------------------
def _prune_bodies(request: DeletionRequest, person: str, account: str) -> None:
    """Everything that this app signed is looked through, because receipts and reactions leave no mark that says which body told them."""
    for some in _by_key(WebhookDelivery.objects.filter(meta_app=request.meta_app, emptied_at=None)):
        bodies = some.values_list("pk", "body").iterator(chunk_size=10)
        named = [pk for pk, body in bodies if person.encode() in bytes(body)]
        with transaction.atomic():
            _count(request, deliveries=sum(_prune(delivery, person, account) for delivery in some.select_for_update().filter(pk__in=named).order_by("pk")))


def _prune(delivery: WebhookDelivery, person: str, account: str) -> int:
    body = bytes(delivery.body)
    left = without_person(body, person, account=account)
    return 0 if left == body else WebhookDelivery.objects.filter(pk=delivery.pk).update(body=left, redacted_at=now())


def _drop_kept_events(request: DeletionRequest, person: str, account: str) -> None:
    rows = KeptEvent.objects.filter(delivery__meta_app=request.meta_app).annotate(said=Cast("body", TextField())).filter(said__contains=person)
    if account:
        rows = rows.filter(Q(account__external_id=account) | Q(account=None))
    for some in _by_key(rows):
        with transaction.atomic():
            found = [kept.pk for kept in some if names(kept.body, person)]
            _count(request, events=KeptEvent.objects.filter(pk__in=found).delete()[0])


def _by_key(rows: QuerySet[Any]) -> Iterator[QuerySet[Any]]:
    """The rows a few at a time, in the order of their keys; what comes meanwhile comes last."""
    last = 0
    while keys := list(rows.filter(pk__gt=last).order_by("pk").values_list("pk", flat=True)[:ROWS]):
        yield rows.filter(pk__in=keys)
        last = keys[-1]


# One contact -------------------------------------------------------------------------------------------------------
def _forget_contact(request: DeletionRequest, contact: Contact) -> None:
    conversation = Conversation.objects.filter(contact=contact).values_list("pk", flat=True).first()
    with transaction.atomic():
        if conversation:
            _close(request, Conversation.objects.lock(conversation))
        # Its name is not fetched again.
        Contact.objects.filter(pk=contact.pk).update(name="", username="", profile_fetched_at=now(), profile_attempts=MOST_ATTEMPTS)
        _count(request, contacts=1)
    while conversation and _erase_some(request, conversation):
        continue


def _close(request: DeletionRequest, conversation: Conversation) -> None:
    """Nothing of it leaves any more, and what is not a message goes."""
    at = now()
    for agent in User.objects.filter(is_agent=True, agent__isnull=False).select_related("agent"):
        _forget_files(agent.agent.forget(conversation, at=at))
    outbox = conversation.dispatches
    outbox.filter(Q(state=Dispatch.State.QUEUED) | Q(state=Dispatch.State.SENDING, handed_over_at=None)).update(
        state=Dispatch.State.CANCELLED, reason="erased", lease_until=None
    )
    outbox.filter(state=Dispatch.State.UNKNOWN).update(state=Dispatch.State.FAILED, reason="erased", unknown_since=None)
    reactions, _by_model = Reaction.objects.filter(contact=conversation.contact).delete()
    occurrences, _by_model = conversation.occurrences.all().delete()
    conversation.parked_echoes.filter(settled_at=None).update(settled_at=at, outcome="erased")
    conversation.parked_echoes.update(text="", attachments=[], about={}, reply_to_mid="")
    conversation.hear()
    conversation.revision = F("revision") + 1
    conversation.show()
    _count(request, reactions=reactions, occurrences=occurrences)


def _erase_some(request: DeletionRequest, pk: int) -> bool:
    """Erase the next messages. False where none has any words left."""
    at = now()
    with transaction.atomic():
        conversation = Conversation.objects.lock(pk)
        some = list(conversation.messages.filter(removed_at=None).order_by("pk")[:MESSAGES])
        files = [_take_files(message) for message in some]
        Message.objects.filter(pk__in=[message.pk for message in some]).update(text="", link=None, about={"erased": True}, reply_to_mid="", removed_at=at)
        if some:
            conversation.show()
        _count(request, messages=len(some), files=sum(files))
    return bool(some)


def _take_files(message: Message) -> int:
    """What was attached goes; what we chose ourselves goes as well, unless it was also sent to others. Returns how many."""
    ours = list(MediaFile.objects.filter(pk__in=message.attachments.exclude(media=None).values("media")).exclude(by=None))
    number = message.attachments.count()
    erase_attachments(message)
    _forget_files(ours)
    return number


def _forget_files(files: Iterable[MediaFile]) -> None:
    for media in files:
        try:
            forget([media])
        except ProtectedError:
            continue  # it is part of something that concerns others


# How far it is -----------------------------------------------------------------------------------------------------
def _count(request: DeletionRequest, **numbers: int) -> None:
    """Write down, in the step's own transaction, what it did; and hold on to the request for the next one.

    Raises:
        TakenOver: the step is undone, for it is another worker's now.
    """
    with transaction.atomic():
        row = DeletionRequest.objects.select_for_update().filter(pk=request.pk, lease_until=request.lease_until, finished_at=None).first()
        if row is None:
            raise TakenOver
        erased = Counter(row.erased) + Counter(numbers)
        request.lease_until = now() + LEASE
        DeletionRequest.objects.filter(pk=request.pk).update(erased=dict(erased), lease_until=request.lease_until)


def _finish(request: DeletionRequest) -> None:
    at = now()
    with transaction.atomic():
        _count(request)
        DeletionRequest.objects.filter(pk=request.pk).update(finished_at=at, lease_until=None, user_id="")
        erased = DeletionRequest.objects.values_list("erased", flat=True).get(pk=request.pk)
        about, account = (request.contact, request.contact.account) if request.contact else (request, None)
        Activity.record("contact.erased" if request.contact else "deletion.finished", about, by=request.by, at=at, account=account, erased=erased)
