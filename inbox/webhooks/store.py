"""Keeps what Meta sends, before anybody tries to understand it."""

import hashlib
import hmac
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
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


def signing_secrets() -> list[tuple[int, str]]:
    """Every MetaApp's key and secret; a body may be signed by any of them."""
    return [(app.pk, app.secret.reveal()) for app in MetaApp.objects.all() if app.secret]


def matching_app(secrets: Iterable[tuple[int, str]], body: bytes, signature: str | None) -> int | None:
    """The app whose secret made this signature over exactly these bytes; None where no one's did."""
    return next((pk for pk, secret in secrets if matches(secret, body, signature)), None)


def store_many(arrivals: list[Arrival]) -> None:
    """Store bodies in one durable transaction. A body that is there already is the same news again."""
    rows = [_row(arrival) for arrival in arrivals]
    with transaction.atomic():
        WebhookDelivery.objects.bulk_create(rows, ignore_conflicts=True)
        wake("ingest")


def store_delivery(body: bytes, signature: str | None) -> bool:
    """Store one body. False, and nothing stored, where the signature is nobody's."""
    app = matching_app(signing_secrets(), body, signature)
    if app is None:
        return False
    store_many([Arrival(body, app, now())])
    return True


def answer_handshake(query: Mapping[str, str]) -> str | None:
    """The challenge to answer Meta's GET with; None where the verify token is nobody's.

    Source: Meta, Graph API webhooks, "Verification requests".
    """
    if query.get("hub.mode") != "subscribe":
        return None
    offered = query.get("hub.verify_token", "")
    for app in MetaApp.objects.all():
        expected = app.verify_token.reveal()
        if expected and hmac.compare_digest(expected.encode(), offered.encode()):
            MetaApp.objects.filter(pk=app.pk).update(handshake_at=now())
            return query.get("hub.challenge", "")
    return None


def _row(arrival: Arrival) -> WebhookDelivery:
    return WebhookDelivery(
        received_at=arrival.at, meta_app_id=arrival.meta_app, body=arrival.body, digest=hashlib.sha256(arrival.body).hexdigest()
    )
