"""What the inbox believes, without keys, counters and clocks of its own: two inboxes that were told the same believe the same."""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Any

from django.db import transaction

from accounts.models import Account, MetaApp
from graph.networks import Login, Network
from graph.signatures import sign
from inbox.ingesting import ingest_next
from inbox.models import Contact, Conversation, KeptEvent, Message, Occurrence, ParkedEcho, Reaction
from inbox.webhooks.store import store_delivery
from tests.inbox.webhook_bodies import ACCOUNTS, OUR_APP

SECRET = "app-secret"
# What Meta's examples and the captured bodies are about.
OTHERS = {"page": ("104857600000001", "100000000000001"), "instagram": ("17841400000000042", "17841400000000000")}
_MESSAGE = ("mid", "direction", "source", "at", "text", "about", "removed_at", "reply_to_mid", "opens_as")
_CONVERSATION = (
    "contact__external_id", "contact__first_seen_at", "last_message__mid", "last_message_at", "waiting_since", "newest_inbound__mid", "window_cause",
    "window_opened_at", "window_message__mid", "window_closes_at", "human_until", "perhaps_until", "control", "control_at", "delivered_until", "read_until",
)  # fmt: skip


def connect_all() -> None:
    """One app, with the accounts of the stories and those of every known body."""
    app = MetaApp.objects.create(kind="facebook", app_id=OUR_APP, secret=SECRET, verify_token="v")
    for word, network, login in (("page", Network.MESSENGER, Login.FACEBOOK), ("instagram", Network.INSTAGRAM, Login.INSTAGRAM)):
        for external_id in (ACCOUNTS[word], *OTHERS[word]):
            Account.objects.create(network=network, login=login, meta_app=app, name=external_id, external_id=external_id, token="EAAtoken")


@contextmanager
def forgotten() -> Iterator[None]:
    """Whatever happens inside is gone afterwards."""
    with transaction.atomic():
        yield
        transaction.set_rollback(True)


def receive(bodies: Iterable[bytes], *, at_once: bool = False) -> None:
    """Take bodies in as Meta brings them: each is applied before the next comes, or all wait together."""
    for body in bodies:
        assert store_delivery(body, sign(SECRET, body))
        if not at_once:
            work()
    work()


def work() -> None:
    """Ingest until there is nothing to do. What is always wanted again would never come to an end."""
    for _ in range(2_000):
        if not ingest_next():
            return
    raise AssertionError("Ingestion does not come to rest.")


def beliefs(external_id: str) -> dict[str, Any]:
    """What the inbox believes about one account."""
    account = Account.objects.get(external_id=external_id)
    return {
        "account": (account.state, account.state_reason, account.policy_at),
        "contacts": sorted(Contact.objects.filter(account=account).values_list("external_id", "first_seen_at")),
        "conversations": _rows(Conversation.objects.filter(account=account), *_CONVERSATION),
        "messages": sorted((_message(each) for each in Message.objects.filter(account=account)), key=str),
        "reactions": _rows(Reaction.objects.filter(message__account=account), "message__mid", "contact__external_id", "emoji", "at", "removed_at"),
        "occurrences": _rows(Occurrence.objects.filter(conversation__account=account), "conversation__contact__external_id", "key", "kind", "at", "about"),
        "parked": _rows(ParkedEcho.objects.filter(conversation__account=account, settled_at=None), "mid", "text", "attachments"),
        "kept": sorted(set(KeptEvent.objects.filter(account=account, waits_for="").values_list("kind", "key"))),
    }


def _message(message: Message) -> dict[str, Any]:
    attachments = [(each.position, each.kind, each.url, each.title, each.payload, each.media is not None) for each in message.attachments.all()]
    return {name: getattr(message, name) for name in _MESSAGE} | {"words": message.words, "attachments": attachments}


def _rows(rows: Any, *names: str) -> list[dict[str, Any]]:
    return sorted(rows.values(*names), key=str)
