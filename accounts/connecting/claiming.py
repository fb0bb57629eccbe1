"""One worker at a time goes on with a request. A worker that died is taken over once its lease has ended."""

from datetime import datetime, timedelta

from django.db import transaction

from accounts.connecting.kept import Kept
from accounts.connecting.refusals import Refused
from accounts.models import Activity, ConnectionRequest
from core.clock import now

# Longer than the slowest single call to Meta; renewed between calls.
LEASE = timedelta(minutes=2)
State = ConnectionRequest.State


class TakenOver(Exception):
    """Our lease has ended, or the person called it off: somebody else decides now."""


class Claim:
    """A request that this worker is at. Everything it writes fails with TakenOver once it is not ours any more."""

    def __init__(self, request: ConnectionRequest, until: datetime) -> None:
        self.request = request
        self._state, self._until = request.state, until

    def renew(self) -> None:
        until = now() + LEASE
        self.write(lease_until=until)
        self._until = until

    def keep(self, kept: Kept) -> None:
        self.write(secret=kept.written())

    def write(self, **fields: object) -> None:
        """Raises TakenOver."""
        mine = ConnectionRequest.objects.filter(pk=self.request.pk, state=self._state, lease_until=self._until)
        if not mine.update(**fields):
            raise TakenOver
        for name, value in fields.items():
            setattr(self.request, name, value)

    def hand_on(self, to: str, **fields: object) -> None:
        """The next state, for the person or for whichever worker comes first."""
        self.write(state=to, lease_until=None, **fields)

    def finish(self, **fields: object) -> None:
        self.write(state=State.DONE, lease_until=None, finished_at=now(), secret="", **fields)

    def fail(self, refusal: Refused, **fields: object) -> None:
        with transaction.atomic():
            self.write(
                state=State.FAILED, lease_until=None, finished_at=now(), secret="", error=refusal.code, error_facts=refusal.facts, **fields
            )  # fmt: skip
            record_failure(self.request, refusal.code)


def claim_next(at: datetime) -> Claim | None:
    """The oldest request that waits for a worker, and that no other is at."""
    waiting = ConnectionRequest.objects.waiting(at)
    for request in waiting.select_related("by", "meta_app", "account__meta_app").order_by("pk")[:20]:
        until = at + LEASE
        if waiting.filter(pk=request.pk, state=request.state).update(lease_until=until):
            # What the row said before it was ours may be old: a worker whose lease ended has written to it meanwhile.
            request.refresh_from_db(fields=("state", "secret", "found", "chosen"))
            return Claim(request, until)
    return None


def record_failure(request: ConnectionRequest, code: str) -> None:
    Activity.record("connection.failed", request, by=request.by, at=now(), account=request.account, why=code)
