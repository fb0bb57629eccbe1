"""What time brings: leases that ended, and echoes that nothing can be waited for any more. Nothing here talks to Meta."""

from datetime import datetime

from django.db import transaction
from django.db.models import Max

from accounts.models import Activity
from core.clock import now
from core.wake import wake
from inbox.echoes import settle_parked
from inbox.models import Attempt, Conversation, Dispatch, ParkedEcho
from inbox.recording import lose

State = Dispatch.State
# How many conversations with parked echoes one pass looks at. What stays there longer waits for a person, who looks again themselves.
LOOK_AT = 100


def sweep() -> bool:
    """Find what nobody was woken for. One pass; returns False, for there is never a reason to run it twice in a row."""
    end_leases(now())
    settle_all_parked()
    return False


def end_leases(at: datetime) -> None:
    """A worker died or stalled: before the call its message goes back into the queue, after it nobody knows."""
    for dispatch in Dispatch.objects.filter(state=State.SENDING, lease_until__lt=at).select_related("message"):
        with transaction.atomic():
            conversation = Conversation.objects.lock(dispatch.conversation_id)
            expired = Dispatch.objects.filter(pk=dispatch.pk, state=State.SENDING, lease_until__lt=at)
            if expired.filter(handed_over_at=None).update(state=State.QUEUED, lease_until=None, worker=""):
                wake("dispatch")
            elif expired.update(reason="crashed", **lose(at, at=at)):
                Attempt.objects.filter(dispatch=dispatch, outcome=Attempt.Outcome.STARTED).update(outcome=Attempt.Outcome.UNKNOWN, finished_at=at)
                Activity.record("message.unknown", dispatch.message, by=None, at=at, account=conversation.account, reason="crashed")
            conversation.show()


def settle_all_parked() -> None:
    """Look again at the parked echoes: a call that they waited for may have ended without an answer."""
    waiting = ParkedEcho.objects.filter(settled_at=None).values("conversation").annotate(newest=Max("parked_at"))
    for pk in waiting.order_by("-newest").values_list("conversation", flat=True)[:LOOK_AT]:
        with transaction.atomic():
            settle_parked(Conversation.objects.lock(pk))
