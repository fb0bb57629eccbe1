"""Writes down what became of a call, under the conversation's lock. Nothing here talks to Meta."""

from datetime import datetime, timedelta

from django.db.models import Q

from accounts.models import Account, Activity
from core.wake import wake
from graph.errors import GraphError, ThreadBusy, ThreadHeldElsewhere, WindowClosed
from inbox.again import message_has_come
from inbox.erasing import erase, erase_attachments
from inbox.models import Attempt, Conversation, Dispatch, Message
from inbox.outcomes import Outcome, Verdict, back_off

State = Dispatch.State
# Proof that Meta has it outweighs whatever we believed before, even a failure, or that it was taken back after a first call.
_CAN_TURN_OUT_SENT = (State.SENDING, State.UNKNOWN, State.QUEUED, State.FAILED, State.CANCELLED)


def record_sent(conversation: Conversation, dispatch: Dispatch, *, mid: str, at: datetime) -> None:
    """Meta has it, under this id. Said by its answer, by an echo or by the thread itself; saying it twice changes nothing."""
    if mid:
        # Also where it is called sent already: a person may have said so, who could not know the id.
        adopt(conversation, dispatch.message, mid=mid, at=at)
        conversation.account.speak(at=at)
    if not dispatch.move(*_CAN_TURN_OUT_SENT, to=State.SENT, sent_at=at, lease_until=None, unknown_since=None, reason="", code=""):
        return
    Attempt.objects.filter(dispatch=dispatch, outcome__in=(Attempt.Outcome.STARTED, Attempt.Outcome.UNKNOWN)).update(
        outcome=Attempt.Outcome.ACCEPTED, finished_at=at
    )
    Activity.record("message.sent", dispatch.message, by=None, at=at, account=conversation.account, dispatch=dispatch.public_id)
    if conversation.last_message_id == dispatch.message_id and at > conversation.last_message_at:
        conversation.last_message_at = at
    _free_the_next(conversation)


def adopt(conversation: Conversation, message: Message, *, mid: str, at: datetime) -> None:
    """Give our message its id at Meta. Where an echo had made a row of its own for it, the two become one."""
    twin = Message.objects.filter(account=conversation.account, mid=mid).exclude(pk=message.pk).first()
    if twin is not None and twin.source != Message.Source.ELSEWHERE:
        return  # another message of ours has that id; one id is never two messages
    if twin is not None:
        _merge(conversation, twin, into=message)
    if Message.objects.filter(pk=message.pk, mid="").update(mid=mid, at=at):
        message_has_come(conversation.account, mid)


def _merge(conversation: Conversation, twin: Message, *, into: Message) -> None:
    twin.reactions.update(message=into)
    Message.objects.filter(pk=into.pk).update(brought_by=twin.brought_by)
    into.brought_by, into.mid = twin.brought_by, twin.mid
    if twin.removed_at:
        erase(into, twin.removed_at)
    if conversation.last_message_id == twin.pk:
        conversation.last_message = into
        conversation.save(update_fields=["last_message"])
    erase_attachments(twin)
    twin.delete()


def record_error(
    conversation: Conversation, dispatch: Dispatch, error: GraphError, outcome: Outcome, *, at: datetime, attempt: Attempt | None = None
) -> None:
    """Meta did not take it, or did not say: queue it again, fail it, or call it unknown, as `outcome` says.

    Only the claim that made the call may say so: by the time a stalled worker wakes, the row may be another's.
    """
    notes = {"reason": outcome.reason, "code": _code(error), "trace_id": error.trace_id[:80], "lease_until": None}
    again_at = at + _delay(dispatch, error, outcome)
    mine = Dispatch.objects.filter(pk=dispatch.pk, worker=dispatch.worker, attempts_made=dispatch.attempts_made)
    if outcome.verdict == Verdict.UNKNOWN:
        moved = mine.filter(state=State.SENDING).update(state=State.UNKNOWN, unknown_since=at, **notes)
    elif outcome.verdict == Verdict.FAIL:
        moved = mine.filter(state__in=(State.SENDING, State.UNKNOWN)).update(state=State.FAILED, unknown_since=None, **notes)
    else:
        moved = mine.filter(state=State.SENDING).update(state=State.QUEUED, not_before=again_at, handed_over_at=None, worker="", **notes)
        wake("dispatch", at=again_at)
    if attempt:
        _learn(conversation, error, attempt)
    if dispatch.account.token == conversation.account.token:
        # An answer to an old token says nothing about the one that an admin has stored since.
        _record_on_account(conversation.account, error, outcome, at)
    if moved:
        verb = {Verdict.UNKNOWN: "message.unknown", Verdict.FAIL: "message.failed"}.get(outcome.verdict, "message.delayed")
        Activity.record(verb, dispatch.message, by=None, at=at, account=conversation.account, dispatch=dispatch.public_id, reason=outcome.reason)
    _free_the_next(conversation)


def finish_attempt(attempt: Attempt, outcome: str, *, at: datetime, error: GraphError | None = None, trace_id: str = "") -> None:
    """Close the row of one call. A call that something else has settled meanwhile keeps that outcome."""
    values = {"finished_at": at, "trace_id": (error.trace_id if error else trace_id)[:80]}
    if error:
        values |= {"error": type(error).__name__, "code": _code(error)}
    Attempt.objects.filter(pk=attempt.pk).update(**values)
    Attempt.objects.filter(pk=attempt.pk, outcome=Attempt.Outcome.STARTED).update(outcome=outcome)


def refuse_now(conversation: Conversation, dispatch: Dispatch, *, to: str, reason: str, at: datetime) -> None:
    """One of our own checks at the moment of sending said no: this time it did not leave."""
    waiting = Dispatch.objects.filter(Q(state=State.QUEUED) | Q(state=State.SENDING, handed_over_at=None, worker=dispatch.worker), pk=dispatch.pk)
    if waiting.update(state=to, reason=reason, code="", lease_until=None):
        verb = "message.cancelled" if to == State.CANCELLED else "message.failed"
        Activity.record(verb, dispatch.message, by=None, at=at, account=conversation.account, dispatch=dispatch.public_id, reason=reason)
        _free_the_next(conversation)


def _delay(dispatch: Dispatch, error: GraphError, outcome: Outcome) -> timedelta:
    if outcome.verdict == Verdict.MEND:
        return timedelta(0)
    return timedelta(seconds=error.retry_at) if error.retry_at else back_off(dispatch.attempts_made)


def _learn(conversation: Conversation, error: GraphError, attempt: Attempt) -> None:
    """Meta's refusal tells more about the conversation than our facts did, as of the moment when it was asked."""
    if isinstance(error, WindowClosed) and not attempt.human_agent:
        conversation.window_refused_at = attempt.started_at
    if isinstance(error, ThreadHeldElsewhere) and not isinstance(error, ThreadBusy):
        conversation.notice_control(Conversation.Control.ELSEWHERE, at=attempt.started_at)


def _record_on_account(account: Account, error: GraphError, outcome: Outcome, at: datetime) -> None:
    if outcome.verdict == Verdict.MEND and account.break_down(outcome.account_state, reason=outcome.reason, at=at):
        Activity.record("account.broken", account, by=None, at=at, account=account, reason=outcome.reason, code=_code(error), trace_id=error.trace_id)
    if outcome.pauses_account:
        until = at + (timedelta(seconds=error.retry_at) if error.retry_at else timedelta(seconds=30))
        shorter = Q(paused_until=None) | Q(paused_until__lt=until)
        Account.objects.filter(shorter, pk=account.pk).update(paused_until=until)


def _free_the_next(conversation: Conversation) -> None:
    """A message of this conversation is out of the way: the next may go, and every screen looks again."""
    wake("dispatch")
    conversation.show()


def _code(error: GraphError) -> str:
    return "/".join(str(number) for number in (error.code, error.subcode) if number is not None)[:20]
