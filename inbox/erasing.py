"""Takes content away where it has to go: out of rows, files, and the bodies that brought it. What is left is a tombstone.

Source: Meta, Platform Terms, and Instagram Platform, "Webhooks", message deletion: the business has to delete its copy.
"""

import json
from collections.abc import Iterable, Mapping
from datetime import datetime
from functools import partial
from typing import Any

from django.db import transaction
from django.db.models import TextField
from django.db.models.functions import Cast

from accounts.models import Account
from core.clock import now
from graph.readers import ExactNumber, mapping, parse_json, text_id, whole
from inbox.models import Attachment, Conversation, KeptEvent, MediaFile, Message, ParkedEcho, WebhookDelivery
from inbox.searching import forget_messages

# Which keys of an event hold what a message says.
WITH_WORDS = ("message", "message_edit", "postback")
# Of what could not be applied nothing says which messages it brought, so the newest of it is looked through.
FAILED_LOOKED_AT = 100


def erase(message: Message, at: datetime) -> None:
    """Take the content of a message away and leave a tombstone."""
    erase_attachments(message)
    Message.objects.filter(pk=message.pk).update(text="", link=None, about={}, reply_to_mid="", removed_at=at)
    forget_messages([message.pk])
    redact(message)


def erase_attachments(message: Message) -> None:
    """Forget what was attached; copies of what was received go with it. What we sent ourselves may have been sent elsewhere too."""
    attachments = message.attachments.all()
    # Locked: a copy that is finished meanwhile shows its bytes here, or finds its row gone and takes them away itself.
    copies = list(MediaFile.objects.select_for_update().filter(pk__in=list(attachments.values_list("media", flat=True)), by=None).order_by("pk"))
    attachments.delete()
    forget(copies)


def forget(files: Iterable[MediaFile]) -> None:
    """Delete rows now and bytes once that is certain."""
    for media in files:
        if not Attachment.objects.filter(media=media).exists():
            name, storage = media.file.name, media.file.storage
            media.delete()
            if name:
                transaction.on_commit(partial(storage.delete, name))


def erase_parked(conversation: Conversation, mid: str) -> list[int]:
    """Take the content of an echo away that waits, or waited, to be told apart. Returns the deliveries (their keys) that brought it."""
    parked = ParkedEcho.objects.filter(conversation=conversation, mid=mid)
    brought_by = [about["delivery"] for about in parked.values_list("about", flat=True) if "delivery" in about]
    parked.update(text="", attachments=[], about={})
    return brought_by


def redact(message: Message) -> None:
    """Take the words of a message out of the bodies that brought them. Replayed, such a body makes a tombstone.

    One that has no id at Meta yet was brought by no body; and by "" every event without an id would be found.
    """
    if not message.mid:
        return
    brought_by = {*message.brought_by, *_redact_kept(message), *_failed(message)}
    for delivery in WebhookDelivery.objects.select_for_update().filter(pk__in=brought_by).order_by("pk"):
        body = without_words(bytes(delivery.body), message.mid)
        if body != bytes(delivery.body):
            WebhookDelivery.objects.filter(pk=delivery.pk).update(body=body, redacted_at=now())


def redact_unsent(account: Account, event: Mapping[str, Any]) -> None:
    """An event that was just kept may bring words of a message that is unsent already."""
    mids = {text_id(mapping(event.get(key)).get("mid")) for key in WITH_WORDS} - {""}
    for message in Message.objects.filter(account=account, mid__in=mids, removed_at__isnull=False):
        redact(message)


def _redact_kept(message: Message) -> list[int]:
    """What could not be applied holds its words too: it was signed by another app, or came before its account was connected.

    Returns:
        The deliveries (their keys) that brought it.
    """
    brought_by = []
    for kept in KeptEvent.objects.annotate(words=Cast("body", TextField())).filter(words__contains=message.mid):
        left = _without(kept.body, message.mid)
        if left != kept.body:
            KeptEvent.objects.filter(pk=kept.pk).update(body=left)
            brought_by.append(kept.delivery_id)
    return brought_by


def _failed(message: Message) -> list[int]:
    """The newest deliveries (their keys) of its app that could not be applied; their words are in no row, and would come back with a replay."""
    app = Account.objects.filter(pk=message.account_id).values("meta_app")
    failed = WebhookDelivery.objects.filter(meta_app__in=app, state=WebhookDelivery.State.FAILED)
    return list(failed.order_by("-pk").values_list("pk", flat=True)[:FAILED_LOOKED_AT])


def without_words(body: bytes, mid: str) -> bytes:
    """The body with every message and edit of this id reduced to the fact that it was unsent; unchanged where it is not JSON, or the id is ""."""
    if not mid:
        return body
    try:
        envelope = parse_json(body)
    except ValueError:
        return body
    left = _without(envelope, mid)
    return body if left == envelope else to_json(left)


def to_json(value: Any) -> bytes:
    """What `parse_json` read, written again; of a number with a point only the digits that matter to an id."""
    return json.dumps(_plain_numbers(value), separators=(",", ":")).encode()


def _plain_numbers(value: Any) -> Any:
    if isinstance(value, list):
        return [_plain_numbers(each) for each in value]
    if isinstance(value, Mapping):
        return {key: _plain_numbers(each) for key, each in value.items()}
    if isinstance(value, ExactNumber):
        exact = whole(value)
        return float(value) if exact is None else exact
    return value


def _without(value: Any, mid: str) -> Any:
    if isinstance(value, list):
        return [_without(each, mid) for each in value]
    if not isinstance(value, Mapping):
        return value
    return dict(_reduced(key, each, mid) for key, each in value.items())


def _reduced(key: str, value: Any, mid: str) -> tuple[str, Any]:
    """Whatever brought words of it becomes what Meta tells of an unsend."""
    if key in WITH_WORDS and isinstance(value, Mapping) and text_id(value.get("mid")) == mid:
        return "message", {name: value[name] for name in ("mid", "is_echo", "app_id") if name in value} | {"is_deleted": True}
    return key, _without(value, mid)


def without_person(body: bytes, person: str, *, account: str = "") -> bytes:
    """The body without the events that name this person's id at Meta; unchanged where none does.

    Args:
        account: Meta's id of the only account to look at: there the id is certain to be this person's. Empty is every account.
    """
    try:
        envelope = parse_json(body)
    except ValueError:
        return body
    if not names(envelope, person):
        return body
    left = _pruned(envelope, person, account)
    if not account and names(left, person):
        # A shape that we do not know: better nothing of it than somebody in it.
        left = {"object": "" if not isinstance(envelope, Mapping) else envelope.get("object", ""), "entry": []}
    return to_json(left)


def names(value: Any, person: str) -> bool:
    """Whether this id stands anywhere in it, as text or as a number."""
    if isinstance(value, Mapping):
        return any(names(each, person) for each in value.values())
    if isinstance(value, list):
        return any(names(each, person) for each in value)
    return text_id(value) == person


def _pruned(envelope: Any, person: str, account: str) -> Any:
    if not isinstance(envelope, Mapping) or not isinstance(envelope.get("entry"), list):
        return envelope
    entries = [_entry_without(entry, person) if _is_of(entry, account) else entry for entry in envelope["entry"]]
    return {**envelope, "entry": [entry for entry in entries if entry is not None]}


def _is_of(entry: Any, account: str) -> bool:
    return not account or (isinstance(entry, Mapping) and text_id(entry.get("id")) == account)


def _entry_without(entry: Any, person: str) -> Any:
    """The entry with what is left of its lists; None where the person is in the entry itself (one of its forms is a single change)."""
    if not isinstance(entry, Mapping):
        return None if names(entry, person) else entry
    left = {key: [each for each in value if not names(each, person)] if isinstance(value, list) else value for key, value in entry.items()}
    return None if names(left, person) else left
