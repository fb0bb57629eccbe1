"""Fetches the names of contacts. One that cannot be had costs a name, never a message."""

import logging
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import Q

from accounts.graph import client_for
from accounts.models import Account
from core.clock import now
from core.lease import Lease, lease_time
from core.wake import wake
from graph.errors import GraphError
from inbox.models import Contact, Conversation
from inbox.searching import note_contact

logger = logging.getLogger("countersign.profiles")
MOST_ATTEMPTS = 3
AGAIN_AFTER = timedelta(minutes=10)
AGAIN_WHEN_THEY_WRITE = timedelta(days=1)


def fetch_next_profile() -> bool:
    """Fetch the profile of the next contact without one. False where nobody waits for a name."""
    at = now()
    due = Contact.objects.filter(
        Q(profile_fetched_at=None) | Q(profile_fetched_at__lt=at - AGAIN_AFTER), name="", username="", profile_attempts__lt=MOST_ATTEMPTS,
        account__state=Account.State.CONNECTED, forgotten_at=None,
    )  # fmt: skip
    for contact in due.select_related("account__meta_app").order_by("pk")[:20]:
        contact.profile_fetched_at = _leased()
        if due.filter(pk=contact.pk).update(profile_fetched_at=contact.profile_fetched_at, profile_attempts=contact.profile_attempts + 1):
            lease = Lease(contact, "profile_fetched_at", until=_leased)
            with lease.kept():
                _fetch(contact)
            lease.update(profile_fetched_at=now())
            return True
    return False


def _leased() -> datetime:
    """So long ago that it is due again where a worker dies, and not before."""
    return now() + lease_time() - AGAIN_AFTER


def ask_again(contact: Contact) -> None:
    """Meta may show who they are once they have written (code 230 until then): somebody without a name who writes is asked for again, once a day."""
    if contact.name or contact.username or contact.forgotten_at or contact.profile_attempts < MOST_ATTEMPTS:
        return
    long_ago = now() - AGAIN_WHEN_THEY_WRITE
    nameless = Contact.objects.filter(pk=contact.pk, name="", username="", profile_attempts__gte=MOST_ATTEMPTS, profile_fetched_at__lt=long_ago)
    if nameless.update(profile_attempts=0):
        wake("fetch")


def _fetch(contact: Contact) -> None:
    try:
        profile = client_for(contact.account).contact(contact.external_id)
    except (GraphError, ValueError) as error:
        logger.info("The profile of contact %s could not be had (%s).", contact.public_id, type(error).__name__)
        return
    if profile.name or profile.username:
        # As it was when we asked: a contact may have been forgotten meanwhile.
        asked = Contact.objects.filter(pk=contact.pk, profile_attempts=contact.profile_attempts + 1, forgotten_at=None)
        names = {"name": profile.name[:200], "username": profile.username[:80]}
        with transaction.atomic():
            if asked.update(**names):
                note_contact(contact, **names)
        for pk in Conversation.objects.filter(contact=contact).values_list("pk", flat=True):
            Conversation.touch(pk)
