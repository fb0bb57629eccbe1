"""Decides whose conversations are read from time to time: those of accounts of which nothing can come by webhook."""

from dataclasses import dataclass
from datetime import datetime

from accounts.models import Account
from core.live import Change, publish
from core.wake import wake

_FACTS = ("pk", "subscribed_fields", "webhook_at", "meta_app__handshake_at", "poll_due_at", "poll_until", "polled_at")


@dataclass(frozen=True)
class _Hearing:
    pk: int
    subscribed_fields: list[str] | None
    webhook_at: datetime | None
    handshake_at: datetime | None
    poll_due_at: datetime | None
    poll_until: datetime | None
    polled_at: datetime | None

    @property
    def is_deaf(self) -> bool:
        """Meta never asked for our address, or it is known to send nothing. That something came says more than a question that nobody saw."""
        return self.subscribed_fields == [] or (self.handshake_at is None and self.webhook_at is None)

    def change(self, at: datetime) -> dict[str, datetime | None]:
        """What has to be different. Once webhooks come again, one more reading fetches what was missed in between."""
        if self.is_deaf:
            begins: dict[str, datetime | None] = {} if self.poll_due_at else {"poll_due_at": at}
            return begins | ({"poll_until": None} if self.poll_until else {})
        if self.poll_due_at is None:
            return {}
        if self.poll_until is None:
            return {"poll_until": at, "poll_due_at": at}
        return {"poll_until": None, "poll_due_at": None} if self.polled_at and self.polled_at >= self.poll_until else {}


def set_polling(*, at: datetime) -> None:
    """Begin reading where it is needed, and end it where it is not any more. Costs one query where nothing changes."""
    in_use = Account.objects.readable()
    for facts in in_use.values_list(*_FACTS):
        hearing = _Hearing(*facts)
        if change := hearing.change(at):
            same = Account.objects.filter(pk=hearing.pk, poll_due_at=hearing.poll_due_at, poll_until=hearing.poll_until)
            if same.update(**change):
                wake("history")
                publish(Change(account=hearing.pk))
