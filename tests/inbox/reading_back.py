"""What tests of reading back have in common: silent accounts at Meta, and a worker that reads without waiting."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta

from accounts.models import Account
from core.clock import now
from graph.simulator import Simulator
from inbox.backfilling import backfill_next, start_backfill
from inbox.models import Backfill, Conversation, Message
from inbox.models.backfill import PART

QUICK = 1_000_000


@contextmanager
def unheard(simulator: Simulator, account: Account) -> Iterator[None]:
    """What happens inside is told by no webhook."""
    fields = simulator.world.account(account.external_id).fields
    simulator.unsubscribe(account.external_id)
    try:
        yield
    finally:
        simulator.world.set_account(account.external_id, "fields", fields)


def stranger(cast, account: Account, name: str = "Lena Moreau") -> str:
    """Somebody who wrote before anybody listened. Returns their id at Meta."""
    return cast.simulator.add_contact(account.external_id, name, username=name.split()[0].lower())


def said(cast, account: Account, contact: str, text: str, *, ago: timedelta = timedelta(0)) -> str:
    """They wrote, and no webhook told of it. Returns Meta's id of the message."""
    with unheard(cast.simulator, account):
        return cast.simulator.write(account.external_id, contact, text=text, at=(now() - ago).timestamp())


def answered(cast, account: Account, contact: str, text: str) -> str:
    """Somebody answered in Meta's own apps, and no webhook told of it."""
    with unheard(cast.simulator, account):
        return cast.simulator.answer_elsewhere(account.external_id, contact, text)


def ask(cast, account: Account, since: datetime | None = None, *, part: int = PART) -> Backfill:
    backfill = start_backfill(account, by=cast.dana, at=now(), since=since)
    Backfill.objects.filter(pk=backfill.pk).update(part=part)
    return backfill


def read_back(cast, account: Account, since: datetime | None = None, *, part: int = PART) -> Backfill:
    """The whole history of an account, as the worker reads it."""
    return carry_on(ask(cast, account, since, part=part))


def carry_on(backfill: Backfill, *, parts: int = 1_000) -> Backfill:
    for _ in range(parts):
        if not backfill_next():
            break
    backfill.refresh_from_db()
    return backfill


def conversation_with(contact: str) -> Conversation:
    return Conversation.objects.select_related("account", "contact", "last_message", "newest_inbound").get(contact__external_id=contact)


def texts(contact: str) -> list[str]:
    """Oldest first."""
    return list(Message.objects.filter(conversation__contact__external_id=contact).order_by("at", "pk").values_list("text", flat=True))
