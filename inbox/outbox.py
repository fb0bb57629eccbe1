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
from inbox.errors import AlreadyMoved, NotAllowed, StillFindingOut
from inbox.looks import SETTLED, UNREAD
from inbox.models import Conversation, Dispatch, Message
from inbox.recording import end, record_sent
from inbox.replies import check_has_read, check_reply
from inbox.schedule import check_moment, is_now

State = Dispatch.State
Step = Callable[[Conversation, Dispatch, datetime], bool]


def cancel(dispatch: Dispatch, *, by: User, at: datetime | None = None) -> None:
    """Take a message back before it leaves.

    Raises:
        NotAllowed, AlreadyMoved: it has left, or somebody took it back before.
    """

    def step(conversation: Conversation, row: Dispatch, at: datetime) -> bool:
        return _take_back(conversation, row, by, at)

    _do("message.taken_back", dispatch, by, at, step, too_late=_("It has left already, so it cannot be taken back."))


def withdraw(conversation: Conversation, dispatch: Dispatch, *, by: User, at: datetime) -> None:
    """Take back, as far as it has not left, what an agent let out in a conversation that the caller has locked, and shows afterwards."""
    if _take_back(conversation, dispatch, by, at):
        Activity.record("message.taken_back", dispatch.message, by=by, at=at, account=conversation.account, dispatch=dispatch.public_id)


def send_now(dispatch: Dispatch, *, by: User, at: datetime | None = None) -> None:
    """End the hold, or what a person's own words were scheduled for: they leave now, whatever the contact wrote meanwhile.

    Raises:
        NotAllowed, AlreadyMoved: it does not wait any more.
        AccountUnavailable, WindowIsClosed, ContactUnavailable, ContentRefused: it may not leave now, so it goes on waiting.
    """

    def step(conversation: Conversation, row: Dispatch, at: datetime) -> bool:
        # One that is tried again waits for Meta, not for a person.
        if row.state != State.QUEUED or row.reason:
            return False
        _check(conversation, row.message, row.released_by, at)
        checks = row.message.is_by_agent
        return row.move(State.QUEUED, to=State.QUEUED, not_before=min(at, row.not_before), checks_newest=checks)

    _do("message.hastened", dispatch, by, at, step, too_late=_("It does not wait any more."))


def reschedule(dispatch: Dispatch, *, to: datetime, by: User, unless_they_write: bool, revision: int | None = None, at: datetime | None = None) -> None:
    """Let a scheduled message wait for another moment.

    Args:
        unless_they_write: whether it stays here if the contact writes before it is due.
        revision: the revision of the conversation that was shown; what came after it counts as written meanwhile.

    Raises:
        NotAllowed, AlreadyMoved: it does not wait any more, or what came since `revision` has not been read.
        MomentRefused: it cannot wait for that moment.
    """

    def step(conversation: Conversation, row: Dispatch, at: datetime) -> bool:
        if not row.is_scheduled:
            return False
        check_moment(conversation.window, to, at=at)
        if unless_they_write and not row.checks_newest and revision is not None:
            check_has_read(conversation, revision)
        heard = conversation.heard if revision == conversation.revision or not row.checks_newest else row.expects_heard
        # Too near to wait for: the window may close before that minute is over.
        moment = at if is_now(to, at) else to
        return row.move(State.QUEUED, to=State.QUEUED, not_before=moment, scheduled_for=moment, checks_newest=unless_they_write, expects_heard=heard)

    _do("message.rescheduled", dispatch, by, at, step, too_late=_("It does not wait any more."), scheduled_for=to.isoformat())


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
        record_sent(conversation, row, mid="", at=row.handed_over_at or at, how="person")
        return bool(Dispatch.objects.filter(pk=row.pk).update(settled_by=by))

    _do("message.called_arrived", dispatch, by, at, step, too_late=_("This has been settled meanwhile."))


def send_again(dispatch: Dispatch, *, by: User, revision: int | None = None, at: datetime | None = None) -> None:
    """A person has looked: an unknown message is not there. The only way in which one is ever sent twice.

    Args:
        revision: as for `retry`.

    Raises:
        NotAllowed, AlreadyMoved: it is not unknown any more, StillFindingOut, WindowIsClosed, ContentRefused, AccountUnavailable
    """
    _do("message.sent_again", dispatch, by, at, _requeue(State.UNKNOWN, by, revision), too_late=_("This has been settled meanwhile."))


def may_settle(dispatch: Dispatch, by: User) -> bool:
    """Who may write may handle their own kind of message; an agent's words need somebody who may approve."""
    right = Right.APPROVE if dispatch.message.is_by_agent else Right.REPLY
    return not by.is_agent and dispatch.account.allows(by, right)


def _check(conversation: Conversation, message: Message, by: User, at: datetime) -> None:
    """Whether it may go out now, let out by `by`; raises what `check_reply` does."""
    check_reply(conversation, Content.of(message), by=by, author=message.written_by or by, edited_by=message.edited_by, at=at)


def _take_back(conversation: Conversation, row: Dispatch, by: User, at: datetime) -> bool:
    """Where an earlier call may have arrived, only the second one is taken back."""
    ended = end(row, State.CANCELLED, "taken_back", at)
    moved = row.move(State.QUEUED, to=ended.pop("state"), settled_by=by, **ended)
    if moved and conversation.last_message_id == row.message_id:
        conversation.find_newest()
    return moved


def _requeue(state: str, by: User, revision: int | None) -> Step:
    def step(conversation: Conversation, row: Dispatch, at: datetime) -> bool:
        message = row.message
        if row.state != state:
            return False
        if row.asks_at and not row.asks(at):
            raise StillFindingOut(row.asks_at)
        if message.is_by_agent:
            check_has_read(conversation, revision)
        _check(conversation, message, by, at)
        # The person has seen the thread as it is now, so that is what the words answer.
        return row.move(
            state, to=State.QUEUED, not_before=at, handed_over_at=None, reason="", code="", trace_id="", settled_by=by, released_by=by,
            expects_heard=conversation.heard, **SETTLED, **UNREAD,
        )  # fmt: skip

    return step


def _do(verb: str, dispatch: Dispatch, by: User, at: datetime | None, step: Step, *, too_late: str, **details: str) -> None:
    at = at or now()
    with transaction.atomic():
        conversation = Conversation.objects.lock(dispatch.conversation_id)
        row = Dispatch.objects.select_related("message__written_by", "message__edited_by", "account").get(pk=dispatch.pk)
        if not may_settle(row, by):
            raise NotAllowed
        if not step(conversation, row, at):
            raise AlreadyMoved(too_late)
        Activity.record(verb, row.message, by=by, at=at, account=conversation.account, dispatch=row.public_id, **details)
        settle_parked(conversation)
        conversation.show()
        wake("dispatch")
