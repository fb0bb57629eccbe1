"""One worker at a time goes on with a request. A worker that died is taken over once its lease has ended."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime

from django.db import transaction
from django.db.models import Q

from accounts.connecting.kept import Kept
from accounts.connecting.refusals import Refused
from accounts.models import Activity, ConnectionRequest
from core.clock import now
from core.lease import Lease, TakenOver, lease_time

State = ConnectionRequest.State


class Claim:
    """A request that this worker is at. Everything it writes fails with TakenOver once it is not ours any more."""

    def __init__(self, request: ConnectionRequest) -> None:
        self.request = request
        self._lease = Lease(request, only=Q(state=request.state))

    @contextmanager
    def kept(self) -> Iterator[None]:
        """Hold on to it while the block lasts, however long Meta takes to answer."""
        with self._lease.kept():
            yield

    def renew(self) -> None:
        """Raises TakenOver."""
        if not self._lease.renew():
            raise TakenOver

    def keep(self, kept: Kept) -> None:
        self.write(secret=kept.written())

    def write(self, **fields: object) -> None:
        """Raises TakenOver."""
        if not self._lease.update(**fields):
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
        until = at + lease_time()
        if waiting.filter(pk=request.pk, state=request.state).update(lease_until=until):
            # What the row said before it was ours may be old: a worker whose lease ended has written to it meanwhile.
            request.refresh_from_db(fields=("state", "secret", "found", "chosen"))
            request.lease_until = until
            return Claim(request)
    return None


def record_failure(request: ConnectionRequest, code: str) -> None:
    Activity.record("connection.failed", request, by=request.by, at=now(), account=request.account, why=code)
