"""What people may do with a message between writing it and Meta having it."""

from collections.abc import Callable
from datetime import datetime

from django.db import transaction
from django.utils.translation import gettext as _

from accounts.models import Activity, Right, User
from core.clock import now
from core.wake import wake
from inbox.content import Content
from inbox.echoes import settle_parked
from inbox.errors import AlreadyMoved, NotAllowed
from inbox.models import Attempt, Conversation, Dispatch
from inbox.recording import record_sent
from inbox.replies import check_reply

State = Dispatch.State
Step = Callable[[Conversation, Dispatch, datetime], bool]


def cancel(dispatch: Dispatch, *, by: User, at: datetime | None = None) -> None:
    """Take a message back before it leaves.

    Raises:
        NotAllowed, AlreadyMoved: it has left, or somebody took it back before.
    """

    def step(conversation: Conversation, row: Dispatch, at: datetime) -> bool:
        if row.attempts.filter(outcome=Attempt.Outcome.UNKNOWN).exists():
            # An earlier call may have arrived; only the second one is taken back.
            return row.move(State.QUEUED, to=State.UNKNOWN, unknown_since=at, reason="no_answer", handed_over_at=_last_call(row), settled_by=by)
        return row.move(State.QUEUED, to=State.CANCELLED, reason="taken_back", settled_by=by)

    _do("message.taken_back", dispatch, by, at, step, too_late=_("It has left already, so it cannot be taken back."))


def send_now(dispatch: Dispatch, *, by: User, at: datetime | None = None) -> None:
    """End the hold.

    Raises:
        NotAllowed, AlreadyMoved: it does not wait any more.
    """

    def step(conversation: Conversation, row: Dispatch, at: datetime) -> bool:
        # One that is tried again waits for Meta, not for a person.
        return not row.reason and row.move(State.QUEUED, to=State.QUEUED, not_before=min(at, row.not_before))

    _do("message.hastened", dispatch, by, at, step, too_late=_("It does not wait any more."))


def retry(dispatch: Dispatch, *, by: User, revision: int | None = None, at: datetime | None = None) -> None:
    """Queue a failed message once more.

    Args:
        revision: the revision of the conversation that was shown; an agent's words need it, a person's own do not.

    Raises:
        NotAllowed, AlreadyMoved, WindowIsClosed, ContentRefused, AccountUnavailable
    """
    _do("message.retried", dispatch, by, at, _requeue(State.FAILED, by, revision), too_late=_("It has not failed, so there is nothing to retry."))


def it_arrived(dispatch: Dispatch, *, by: User, at: datetime | None = None) -> None:
    """A person has looked: an unknown message is there. Nothing is sent.

    Raises:
        NotAllowed, AlreadyMoved: it is not unknown any more.
    """

    def step(conversation: Conversation, row: Dispatch, at: datetime) -> bool:
        if row.state != State.UNKNOWN:
            return False
        record_sent(conversation, row, mid="", at=row.handed_over_at or at)
        return bool(Dispatch.objects.filter(pk=row.pk).update(settled_by=by))

    _do("message.called_arrived", dispatch, by, at, step, too_late=_("This has been settled meanwhile."))


def send_again(dispatch: Dispatch, *, by: User, revision: int | None = None, at: datetime | None = None) -> None:
    """A person has looked: an unknown message is not there. The only way in which one is ever sent twice.

    Args:
        revision: as for `retry`.

    Raises:
        NotAllowed, AlreadyMoved: it is not unknown any more, WindowIsClosed, ContentRefused, AccountUnavailable
    """
    _do("message.sent_again", dispatch, by, at, _requeue(State.UNKNOWN, by, revision), too_late=_("This has been settled meanwhile."))


def may_settle(dispatch: Dispatch, by: User) -> bool:
    """Who may write may handle their own kind of message; an agent's words need somebody who may approve."""
    right = Right.APPROVE if dispatch.checks_newest else Right.REPLY
    return not by.is_agent and dispatch.account.allows(by, right)


def _requeue(state: str, by: User, revision: int | None) -> Step:
    def step(conversation: Conversation, row: Dispatch, at: datetime) -> bool:
        message = row.message
        if row.checks_newest and revision != conversation.revision:
            raise AlreadyMoved(_("The conversation went on while you were looking. Read what is new, then decide."))
        check_reply(conversation, Content.of(message), by=by, author=message.written_by or by, edited_by=message.edited_by, at=at)
        # The person has seen the thread as it is now, so that is what the words answer.
        return row.move(
            state, to=State.QUEUED, not_before=at, handed_over_at=None, unknown_since=None, reason="", code="", trace_id="",
            thread_read_at=None, thread_matches=None, settled_by=by, released_by=by, expects_heard=conversation.heard,
        )  # fmt: skip

    return step


def _last_call(row: Dispatch) -> datetime | None:
    return row.attempts.order_by("-number").values_list("started_at", flat=True).first()


def _do(verb: str, dispatch: Dispatch, by: User, at: datetime | None, step: Step, *, too_late: str) -> None:
    at = at or now()
    with transaction.atomic():
        conversation = Conversation.objects.lock(dispatch.conversation_id)
        row = Dispatch.objects.select_related("message__written_by", "message__edited_by", "account").get(pk=dispatch.pk)
        if not may_settle(row, by):
            raise NotAllowed
        if not step(conversation, row, at):
            raise AlreadyMoved(too_late)
        Activity.record(verb, row.message, by=by, at=at, account=conversation.account, dispatch=row.public_id)
        settle_parked(conversation)
        conversation.show()
        wake("dispatch")
