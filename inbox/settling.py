"""What time brings: leases that ended, unknown messages that the thread itself may explain."""

import logging
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import Q

from accounts.graph import client_for
from accounts.models import Account, Activity
from core.clock import now
from core.wake import wake
from graph.errors import GraphError
from graph.threads import ThreadMessage
from inbox.echoes import EARLIER, LATER, looks_like, settle_parked
from inbox.models import Attempt, Conversation, Dispatch, Message, ParkedEcho
from inbox.recording import record_sent

logger = logging.getLogger("countersign.dispatch")
State = Dispatch.State
# The echo comes within seconds, so it gets the first word; then the thread is read, once a minute at most, for a day.
FIRST_LOOK_AFTER = timedelta(seconds=5)
LOOK_FOR = timedelta(days=1)


def sweep() -> bool:
    """Find what nobody was woken for. One pass; returns False, for there is never a reason to run it twice in a row."""
    at = now()
    end_leases(at)
    settle_all_parked()
    read_threads(at)
    return False


def end_leases(at: datetime) -> None:
    """A worker died or stalled: before the call its message goes back into the queue, after it nobody knows."""
    for dispatch in Dispatch.objects.filter(state=State.SENDING, lease_until__lt=at).select_related("message"):
        with transaction.atomic():
            conversation = Conversation.objects.lock(dispatch.conversation_id)
            expired = Dispatch.objects.filter(pk=dispatch.pk, state=State.SENDING, lease_until__lt=at)
            if expired.filter(handed_over_at=None).update(state=State.QUEUED, lease_until=None, worker=""):
                wake("dispatch")
            elif expired.update(state=State.UNKNOWN, unknown_since=at, reason="crashed", lease_until=None):
                Attempt.objects.filter(dispatch=dispatch, outcome=Attempt.Outcome.STARTED).update(outcome=Attempt.Outcome.UNKNOWN, finished_at=at)
                Activity.record("message.unknown", dispatch.message, by=None, at=at, account=conversation.account, reason="crashed")
            conversation.show()


def settle_all_parked() -> None:
    """Look again at every parked echo: a call that it waited for may have ended without an answer."""
    waiting = ParkedEcho.objects.filter(settled_at=None).values_list("conversation", flat=True).distinct()
    for pk in waiting[:100]:
        with transaction.atomic():
            settle_parked(Conversation.objects.lock(pk))


def read_threads(at: datetime) -> None:
    """Read the thread at Meta for each unknown message whose turn it is."""
    old_enough = Q(thread_read_at=None, unknown_since__lt=at - FIRST_LOOK_AFTER) | Q(thread_read_at__lt=at - timedelta(minutes=1))
    unknown = Dispatch.objects.filter(old_enough, state=State.UNKNOWN, unknown_since__gt=at - LOOK_FOR, account__state=Account.State.CONNECTED)
    read: set[int] = set()
    for dispatch in unknown.select_related("conversation__contact", "account__meta_app", "message")[:20]:
        # Meta takes two such reads a second from an account; one in each pass of ours stays well below that.
        if dispatch.account_id in read:
            continue
        read.add(dispatch.account_id)
        # Whoever moves the mark reads; others leave this one alone for a minute.
        if Dispatch.objects.filter(old_enough, pk=dispatch.pk, state=State.UNKNOWN).update(thread_read_at=at):
            read_thread(dispatch)


def read_thread(dispatch: Dispatch) -> None:
    """Look for an unknown message in the thread itself; settle it when exactly one line fits, else keep the evidence."""
    try:
        lines = client_for(dispatch.account).recent_messages(dispatch.conversation.contact.external_id)
    except (GraphError, ValueError) as error:
        logger.warning("The thread of dispatch %s could not be read (%s).", dispatch.public_id, type(error).__name__)
        return
    with transaction.atomic():
        conversation = Conversation.objects.lock(dispatch.conversation_id)
        _settle_by_lines(conversation, Dispatch.objects.select_related("message").get(pk=dispatch.pk), lines)


def _settle_by_lines(conversation: Conversation, dispatch: Dispatch, lines: list[ThreadMessage]) -> None:
    if dispatch.state != State.UNKNOWN:
        return
    alike = [line for line in lines if _fits(line, dispatch, conversation)]
    Dispatch.objects.filter(pk=dispatch.pk).update(thread_matches=len(alike))
    fitting = [line for line in alike if not Message.objects.filter(account=conversation.account, mid=line.mid).exists()]
    if len(alike) == len(fitting) == 1 and _is_only_candidate(fitting[0], dispatch, conversation):
        record_sent(conversation, dispatch, mid=fitting[0].mid, at=fitting[0].sent_at)
        settle_parked(conversation)
    else:
        conversation.show()


def _fits(line: ThreadMessage, dispatch: Dispatch, conversation: Conversation) -> bool:
    """Whether a line of the thread looks like this message; one that we count as written elsewhere is evidence too."""
    if line.from_id == conversation.contact.external_id or dispatch.handed_over_at is None:
        return False
    ours = Message.objects.filter(account=conversation.account, mid=line.mid).exclude(source=Message.Source.ELSEWHERE)
    if ours.exists():
        return False
    kinds = _kinds_in(line, dispatch.message)
    in_time = dispatch.handed_over_at - EARLIER <= line.sent_at <= dispatch.handed_over_at + LATER
    return in_time and looks_like(dispatch.message, text=line.text, kinds=kinds) and bool(line.text or line.attachment_count)


def _kinds_in(line: ThreadMessage, message: Message) -> list[str]:
    """The thread tells little of what its attachments are, so as many as ours may be our files or our card."""
    ours = ["card"] if message.link else [attachment.kind for attachment in message.attachments.all()]
    return ours if line.attachment_count == len(ours) else ["unsupported"] * line.attachment_count


def _is_only_candidate(line: ThreadMessage, dispatch: Dispatch, conversation: Conversation) -> bool:
    others = conversation.dispatches.in_flight().exclude(pk=dispatch.pk).select_related("message")
    return not any(_fits(line, other, conversation) for other in others)
