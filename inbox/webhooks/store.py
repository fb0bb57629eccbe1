"""Keeps what Meta sends, before anybody tries to understand it."""

import hashlib
import hmac
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime

from django.db import transaction

from accounts.models import MetaApp
from core.clock import now
from core.wake import wake
from graph.signatures import matches
from inbox.models import WebhookDelivery


@dataclass(frozen=True)
class Arrival:
    """One body whose signature was found good, and the app that signed it."""

    body: bytes
    meta_app: int
    at: datetime


@dataclass(frozen=True)
class Key:
    """What one MetaApp proves itself with: the secret under its webhooks, and the token in Meta's handshake."""

    app: int
    secret: str = field(repr=False)
    verify_token: str = field(repr=False)


def signing_keys() -> list[Key]:
    """Every MetaApp's; a body may be signed by any of them. What no encryption key opens is empty, and matches nothing."""
    return [Key(app.pk, app.secret.if_readable(), app.verify_token.if_readable()) for app in MetaApp.objects.all()]


def matching_app(keys: Iterable[Key], body: bytes, signature: str | None) -> int | None:
    """The app whose secret made this signature over exactly these bytes; None where no one's did."""
    return next((key.app for key in keys if matches(key.secret, body, signature)), None)


def matching_token(keys: Iterable[Key], query: Mapping[str, str]) -> int | None:
    """The app whose verify token is in Meta's handshake; None where it is nobody's.

    Source: Meta, Graph API webhooks, "Verification requests".
    """
    offered = query.get("hub.verify_token", "").encode("utf-8", "replace")
    if query.get("hub.mode") != "subscribe":
        return None
    return next((key.app for key in keys if key.verify_token and hmac.compare_digest(key.verify_token.encode(), offered)), None)


def challenge_for(query: Mapping[str, str]) -> str:
    """What Meta wants to hear back."""
    return query.get("hub.challenge", "")


def note_handshake(app: int) -> None:
    """Meta's dashboard, or we, have just given it this address: what it tells of the app is read again."""
    at = now()
    MetaApp.objects.filter(pk=app).update(handshake_at=at, check_due_at=at)


def store_many(arrivals: list[Arrival]) -> None:
    """Store bodies in one durable transaction. A body that is there already is the same news again."""
    rows = [_row(arrival) for arrival in arrivals]
    with transaction.atomic():
        WebhookDelivery.objects.bulk_create(rows, ignore_conflicts=True)
        wake("ingest")


def store_delivery(body: bytes, signature: str | None) -> bool:
    """Store one body. False, and nothing stored, where the signature is nobody's."""
    app = matching_app(signing_keys(), body, signature)
    if app is None:
        return False
    store_many([Arrival(body, app, now())])
    return True


def _row(arrival: Arrival) -> WebhookDelivery:
    return WebhookDelivery(
        received_at=arrival.at, meta_app_id=arrival.meta_app, body=arrival.body, digest=digest_of(arrival.meta_app, arrival.body)
    )


def digest_of(app: int, body: bytes) -> str:
    """SHA-256 of who signed what: two apps may be told the same thing in the same bytes, and one of them is the account's own."""
    return hashlib.sha256(f"{app}\n".encode() + body).hexdigest()
