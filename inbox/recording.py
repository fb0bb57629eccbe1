"""Writes down what became of a call, under the conversation's lock. Nothing here talks to Meta."""

from datetime import datetime, timedelta

from accounts.models import Account, Activity
from core.wake import wake
from graph.errors import GraphError
from inbox.models import Attempt, Conversation, Dispatch, Message
from inbox.outcomes import Outcome, Verdict, back_off

State = Dispatch.State
# Proof that Meta has it outweighs whatever we believed before, even a failure or a second try that has not begun.
_CAN_TURN_OUT_SENT = (State.SENDING, State.UNKNOWN, State.SENT, State.QUEUED, State.FAILED)


def record_sent(conversation: Conversation, dispatch: Dispatch, *, mid: str, at: datetime) -> None:
    """Meta has it, under this id. Said by its answer, by an echo or by the thread itself; saying it twice changes nothing."""
    moved = dispatch.move(
        *_CAN_TURN_OUT_SENT, to=State.SENT, sent_at=at, lease_until=None, unknown_since=None, reason="", code=""
    )
    if not moved:
        return
    if mid:
        Message.objects.filter(pk=dispatch.message_id, mid="").update(mid=mid, at=at)
    Attempt.objects.filter(dispatch=dispatch, outcome__in=(Attempt.Outcome.STARTED, Attempt.Outcome.UNKNOWN)).update(
        outcome=Attempt.Outcome.ACCEPTED, finished_at=at
    )
    Activity.record("message.sent", dispatch.message, by=None, at=at, account=conversation.account, dispatch=dispatch.public_id)
    conversation.refresh_from_db(fields=["last_message_at"])
    if conversation.last_message_id == dispatch.message_id and at > conversation.last_message_at:
        conversation.last_message_at = at
    _free_the_next(conversation)


def record_error(conversation: Conversation, dispatch: Dispatch, error: GraphError, outcome: Outcome, *, at: datetime) -> None:
    """Meta did not take it, or did not say: queue it again, fail it, or call it unknown, as `outcome` says."""
    notes = {"reason": outcome.reason, "code": _code(error), "trace_id": error.trace_id, "lease_until": None, "worker": ""}
    if outcome.verdict == Verdict.UNKNOWN:
        moved = dispatch.move(State.SENDING, to=State.UNKNOWN, unknown_since=at, **notes)
    elif outcome.verdict == Verdict.FAIL:
        moved = dispatch.move(State.SENDING, State.UNKNOWN, to=State.FAILED, unknown_since=None, **notes)
    else:
        again_at = at + _delay(dispatch, error, outcome)
        moved = dispatch.move(State.SENDING, to=State.QUEUED, not_before=again_at, handed_over_at=None, **notes)
        wake("dispatch", at=again_at)
    _record_on_account(conversation.account, error, outcome, at)
    if moved:
        verb = {Verdict.UNKNOWN: "message.unknown", Verdict.FAIL: "message.failed"}.get(outcome.verdict, "message.delayed")
        Activity.record(verb, dispatch.message, by=None, at=at, account=conversation.account, dispatch=dispatch.public_id, reason=outcome.reason)
    _free_the_next(conversation)


def finish_attempt(attempt: Attempt, outcome: str, *, at: datetime, error: GraphError | None = None, trace_id: str = "") -> None:
    """Close the row of one call. A call that something else has settled meanwhile keeps that outcome."""
    values = {"finished_at": at, "trace_id": error.trace_id if error else trace_id}
    if error:
        values |= {"error": type(error).__name__, "code": _code(error)}
    Attempt.objects.filter(pk=attempt.pk).update(**values)
    Attempt.objects.filter(pk=attempt.pk, outcome=Attempt.Outcome.STARTED).update(outcome=outcome)


def refuse_now(conversation: Conversation, dispatch: Dispatch, *, to: str, reason: str, at: datetime) -> None:
    """One of our own checks at the moment of sending said no: it never left."""
    if dispatch.move(State.QUEUED, to=to, reason=reason, code=""):
        verb = "message.cancelled" if to == State.CANCELLED else "message.failed"
        Activity.record(verb, dispatch.message, by=None, at=at, account=conversation.account, dispatch=dispatch.public_id, reason=reason)
        _free_the_next(conversation)


def _delay(dispatch: Dispatch, error: GraphError, outcome: Outcome) -> timedelta:
    if outcome.verdict == Verdict.MEND:
        return timedelta(0)
    return timedelta(seconds=error.retry_at) if error.retry_at else back_off(dispatch.attempts_made)


def _record_on_account(account: Account, error: GraphError, outcome: Outcome, at: datetime) -> None:
    if outcome.verdict == Verdict.MEND and account.break_down(outcome.account_state, reason=outcome.reason, at=at):
        Activity.record("account.broken", account, by=None, at=at, account=account, reason=outcome.reason, code=_code(error), trace_id=error.trace_id)
    if outcome.pauses_account:
        until = at + (timedelta(seconds=error.retry_at) if error.retry_at else timedelta(seconds=30))
        Account.objects.filter(pk=account.pk).update(paused_until=until)


def _free_the_next(conversation: Conversation) -> None:
    """A message of this conversation is out of the way: the next may go, and every screen looks again."""
    wake("dispatch")
    conversation.show()


def _code(error: GraphError) -> str:
    return "/".join(str(number) for number in (error.code, error.subcode) if number is not None)
