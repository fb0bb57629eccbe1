"""Writes down what became of a call, under the conversation's lock. Nothing here talks to Meta."""

from datetime import datetime, timedelta
from typing import Any, Literal

from django.db.models import Q

from accounts.models import Account, Activity
from accounts.pacing import pause
from core.clock import now
from core.wake import wake
from graph.errors import ContactUnavailable, ContactUnknown, GraphError, ThreadBusy, ThreadHeldElsewhere, WindowClosed
from inbox.again import message_has_come
from inbox.calls import code_of, settle_call
from inbox.erasing import erase, erase_attachments
from inbox.looks import SETTLED, UNREAD, lost
from inbox.models import Attempt, Contact, Conversation, Dispatch, Message
from inbox.outcomes import Outcome, Verdict

State = Dispatch.State
# Where Meta wants fewer calls and does not say for how long.
USUAL_PAUSE = timedelta(seconds=30)
# Who says that Meta has it: its answer, its answer when we had already given up waiting, an echo, the thread as it was read, or a person.
How = Literal["answer", "late_answer", "echo", "thread", "person"]
# Proof that Meta has it outweighs whatever we believed before, even a failure, or that it was taken back after a first call.
_CAN_TURN_OUT_SENT = (State.SENDING, State.UNKNOWN, State.QUEUED, State.FAILED, State.CANCELLED)


def record_sent(conversation: Conversation, dispatch: Dispatch, *, mid: str, at: datetime, how: How) -> None:
    """Meta has it, under this id; saying it twice changes nothing.

    Args:
        at: when it was sent.
        how: who said so.
    """
    if mid:
        # Also where it is called sent already: a person may have said so, who could not know the id.
        adopt(conversation, dispatch.message, mid=mid, at=at)
        conversation.account.speak(at=at)
        conversation.contact.be_reached(at=at)
        _end_restriction(conversation.account, dispatch)
    if not dispatch.move(*_CAN_TURN_OUT_SENT, to=State.SENT, sent_at=at, lease_until=None, reason="", code="", **SETTLED, **UNREAD):
        return
    if how not in ("answer", "late_answer"):
        settle_call(dispatch)
    Activity.record("message.sent", dispatch.message, by=None, at=now(), account=conversation.account, dispatch=dispatch.public_id, how=how)
    if conversation.last_message_id == dispatch.message_id and at > conversation.last_message_at:
        conversation.last_message_at = at
    _free_the_next(conversation)


def _end_restriction(account: Account, dispatch: Dispatch) -> None:
    """Meta accepted the one message that tried: everything else may leave again."""
    at = now()
    if account.state == Account.State.RESTRICTED and account.end_probe(dispatch.public_id, at=at):
        Activity.record("account.unrestricted", account, by=None, at=at, account=account, dispatch=dispatch.public_id)


def record_absence(conversation: Conversation, dispatch: Dispatch, *, at: datetime) -> None:
    """It is proven that Meta does not have it. What was read stays with it as the evidence."""
    if dispatch.move(State.UNKNOWN, to=State.FAILED, reason="not_there", **SETTLED):
        dispatch.attempts.lost().update(outcome=Attempt.Outcome.NOT_SENT)
        Activity.record("message.failed", dispatch.message, by=None, at=at, account=conversation.account, dispatch=dispatch.public_id, reason="not_there")
        _free_the_next(conversation)


def adopt(conversation: Conversation, message: Message, *, mid: str, at: datetime) -> None:
    """Give our message its id at Meta. Where an echo had made a row of its own for it, the two become one."""
    twin = Message.objects.filter(account=conversation.account, mid=mid).exclude(pk=message.pk).first()
    if twin is not None and twin.source != Message.Source.ELSEWHERE:
        return  # another message of ours has that id; one id is never two messages
    if twin is not None and not Message.objects.filter(pk=message.pk, mid="").exists():
        return  # it was sent twice, and each copy stands for itself
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
    notes = {"reason": outcome.reason, "code": code_of(error), "trace_id": error.trace_id[:80], "lease_until": None}
    again_at = at + (outcome.wait or timedelta(0))
    mine = Dispatch.objects.filter(pk=dispatch.pk, worker=dispatch.worker, attempts_made=dispatch.attempts_made)
    if outcome.verdict == Verdict.UNKNOWN:
        moved = mine.filter(state=State.SENDING).update(**notes | lose(at, at=at))
    elif outcome.verdict == Verdict.FAIL:
        moved = mine.filter(state__in=(State.SENDING, State.UNKNOWN)).update(**notes | end(dispatch, State.FAILED, outcome.reason, at))
    else:
        back = notes | {"state": State.QUEUED, "not_before": again_at, "handed_over_at": None, "worker": ""}
        moved = mine.filter(state=State.SENDING).update(**back)
        if not (moved or dispatch.attempts.lost().exists()):
            # The answer came after others had given this call up, and it is certain: of no call the end is unknown any more.
            moved = mine.filter(state=State.UNKNOWN).update(**back | SETTLED | UNREAD)
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


def lose(since: datetime, *, at: datetime) -> dict[str, Any]:
    """What to write to the row of a message whose call was lost at `since`. Somebody looks for it."""
    values = lost(since, at=at)
    wake("settle", at=values["look_due_at"])
    return {"state": State.UNKNOWN} | values


def end(dispatch: Dispatch, to: str, reason: str, at: datetime) -> dict[str, Any]:
    """What to write to the row of a message that does not leave any more. Where an earlier call of it was lost, only the last one ends:
    nobody may take for certain that the contact does not have it."""
    call = dispatch.attempts.lost().order_by("-number").first()
    if call:
        return lose(call.finished_at or call.started_at, at=at) | {"reason": "no_answer", "handed_over_at": call.started_at}
    return {"state": to, "reason": reason, "lease_until": None} | SETTLED | UNREAD


def refuse_now(conversation: Conversation, dispatch: Dispatch, *, to: str, reason: str, at: datetime) -> None:
    """One of our own checks at the moment of sending said no: this time it did not leave."""
    waiting = Dispatch.objects.filter(Q(state=State.QUEUED) | Q(state=State.SENDING, handed_over_at=None, worker=dispatch.worker), pk=dispatch.pk)
    ended = end(dispatch, to, reason, at)
    if waiting.update(code="", **ended):
        verb = {State.CANCELLED: "message.cancelled", State.UNKNOWN: "message.unknown"}.get(ended["state"], "message.failed")
        Activity.record(verb, dispatch.message, by=None, at=at, account=conversation.account, dispatch=dispatch.public_id, reason=reason)
        if ended["state"] == State.CANCELLED and conversation.last_message_id == dispatch.message_id:
            # When it came due it stood as the newest already; what was cancelled was never said.
            conversation.find_newest()
        _free_the_next(conversation)


def _learn(conversation: Conversation, error: GraphError, attempt: Attempt) -> None:
    """Meta's refusal tells more about the conversation than our facts did, as of the moment when it was asked."""
    if isinstance(error, WindowClosed) and not attempt.human_agent:
        conversation.window_refused_at = attempt.started_at
    if isinstance(error, (ContactUnavailable, ContactUnknown)):
        Contact.objects.filter(pk=conversation.contact_id).update(unavailable_since=attempt.started_at)
    if isinstance(error, ThreadHeldElsewhere) and not isinstance(error, ThreadBusy):
        conversation.notice_control(Conversation.Control.ELSEWHERE, at=attempt.started_at)


def _record_on_account(account: Account, error: GraphError, outcome: Outcome, at: datetime) -> None:
    if outcome.verdict == Verdict.MEND and account.break_down(outcome.account_state, reason=outcome.reason, at=at):
        Activity.record("account.broken", account, by=None, at=at, account=account, reason=outcome.reason, code=code_of(error), trace_id=error.trace_id)
    if outcome.pauses_account:
        told = timedelta(seconds=error.retry_at) if error.retry_at else None
        pause(account.pk, until=at + (told or max(outcome.wait or USUAL_PAUSE, USUAL_PAUSE)), at=at)


def _free_the_next(conversation: Conversation) -> None:
    """A message of this conversation is out of the way: the next may go, and every screen looks again."""
    wake("dispatch")
    conversation.show()
