"""Which moment a person may choose for a reply: ahead, and while Meta's window lets their own words out."""

from datetime import datetime, timedelta

from django.utils.translation import gettext as _

from accounts.models import User
from accounts.moments import when
from inbox.errors import MomentRefused, NotAllowed
from inbox.models import Conversation, Dispatch, Message
from inbox.window import MessagingWindow, WindowState

# Boxes for moments tell whole minutes, and a message needs a little time to leave.
A_MINUTE = timedelta(minutes=1)
# The longest that any window of Meta's lasts, for where nobody knows it.
FARTHEST = timedelta(days=7)


def check_schedule(conversation: Conversation, moment: datetime, *, by: User, author: User, at: datetime) -> None:
    """Whether a reply of this author may wait for this moment.

    Raises:
        NotAllowed: it is not a person's own words.
        MomentRefused
    """
    if by.is_agent or author.is_agent:
        raise NotAllowed(_("Only people's own words can be scheduled."))
    check_moment(conversation.window, moment, at=at)


def check_moment(window: MessagingWindow, moment: datetime, *, at: datetime) -> None:
    """Whether a person's own words may leave then, as far as is known now. Everything is checked again when it is due.

    Raises:
        MomentRefused
    """
    if moment <= at - A_MINUTE:
        raise MomentRefused(_("That moment has passed. Choose a later one."))
    end = latest(window, at)
    if end is None or moment > max(end, at + A_MINUTE):
        raise MomentRefused(_too_late(window, end, at))


def is_now(moment: datetime, at: datetime) -> bool:
    """Too near to wait for: it simply leaves."""
    return moment < at + A_MINUTE


def latest(window: MessagingWindow, at: datetime) -> datetime | None:
    """The last whole minute at which a person's own words may leave; None where none may leave even now."""
    ends_at = _ends_at(window, at)
    return (ends_at - A_MINUTE).replace(second=0, microsecond=0) if ends_at else None


def come_due(conversation: Conversation, dispatch: Dispatch, at: datetime) -> None:
    """A message that waited for its moment stands from now on where it leaves, no longer where it was written."""
    if dispatch.scheduled_for is None or dispatch.attempts_made:
        return
    dispatch.message.at = at
    Message.objects.filter(pk=dispatch.message_id).update(at=at)
    if at >= conversation.last_message_at:
        conversation.last_message, conversation.last_message_at = dispatch.message, at


def _ends_at(window: MessagingWindow, at: datetime) -> datetime | None:
    match window.state(at):
        case WindowState.CLOSED:
            return None
        case WindowState.UNKNOWN:
            return at + FARTHEST
    certain = [] if window.is_refused else [window.closes_at, window.perhaps_until]
    return max(filter(None, [*certain, window.human_until]))


def _too_late(window: MessagingWindow, end: datetime | None, at: datetime) -> str:
    if end is None:
        return _("Meta's messaging window is closed. You can write again once the contact has written.")
    ends_at = _ends_at(window, at)
    assert ends_at
    values = {"ends": when(ends_at), "end": when(end)}
    if window.state(at) == WindowState.UNKNOWN:
        return _("No window of Meta's lasts longer than seven days. Choose a moment until %(end)s.") % values
    if ends_at == window.human_until:
        return _("Meta lets a person's own words through until %(ends)s. Choose a moment until %(end)s.") % values
    return _("Meta's window closes on %(ends)s. Choose a moment until %(end)s.") % values
