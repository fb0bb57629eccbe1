"""When a conversation is done with, for now or for good. Whatever the contact says brings it back."""

from datetime import datetime, timedelta

from django.utils.translation import gettext as _

from accounts.models import Activity, User
from core.clock import now
from inbox.errors import MomentRefused, WroteMeanwhile
from inbox.models import Conversation
from inbox.teamwork import working_on
from inbox.templatetags.times import when

LONGEST_SNOOZE = timedelta(days=366)


def close(conversation: Conversation, *, by: User, heard: int | None = None, at: datetime | None = None) -> bool:
    """It needs nobody any more. False where it was closed already.

    Args:
        heard: what the conversation had heard on the page that was shown; None where nobody says.

    Raises:
        NotAllowed
        WroteMeanwhile: the contact has said something since that page was made.
    """
    at = at or now()
    with working_on(conversation, by=by) as locked:
        if locked.closed_at:
            return False
        check_heard(locked, heard)
        locked.closed_at, locked.closed_by, locked.snoozed_until, locked.snoozed_by = at, by, None, None
        Activity.record("conversation.closed", locked, by=by, at=at, account=locked.account)
        locked.show(said=False)
    return True


def reopen(conversation: Conversation, *, by: User, at: datetime | None = None) -> bool:
    """It is on the table again. False where it was open.

    Raises:
        NotAllowed
    """
    at = at or now()
    with working_on(conversation, by=by) as locked:
        if locked.closed_at is None:
            return False
        locked.closed_at = locked.closed_by = None
        Activity.record("conversation.reopened", locked, by=by, at=at, account=locked.account)
        locked.show(said=False)
    return True


def snooze(
    conversation: Conversation, *, until: datetime, by: User, past_window: bool = False, heard: int | None = None, at: datetime | None = None
) -> None:
    """Put it off. It comes back by itself at that moment, and at once where the contact writes.

    Args:
        past_window: whether it may sleep on although Meta's window ends before that moment.
        heard: as for `close`.

    Raises:
        NotAllowed
        WroteMeanwhile: as for `close`.
        MomentRefused: the moment is past, too far ahead, or after the end of the window; the sentence says when that is.
    """
    at = at or now()
    with working_on(conversation, by=by) as locked:
        check_heard(locked, heard)
        check_snooze(locked, until, past_window=past_window, at=at)
        locked.snoozed_until, locked.snoozed_by, locked.closed_at, locked.closed_by = until, by, None, None
        Activity.record("conversation.snoozed", locked, by=by, at=at, account=locked.account, until=until.isoformat())
        locked.show(said=False)


def check_heard(conversation: Conversation, heard: int | None) -> None:
    """Whether the contact has said nothing since: nobody puts away what they have not read.

    Raises:
        WroteMeanwhile
    """
    if heard is not None and heard != conversation.heard:
        raise WroteMeanwhile(conversation.contact)


def check_snooze(conversation: Conversation, until: datetime, *, past_window: bool, at: datetime) -> None:
    """Whether it may be put off until then.

    Raises:
        MomentRefused
    """
    if until <= at:
        raise MomentRefused(_("That moment is past. Choose a later one."))
    if until - at > LONGEST_SNOOZE:
        raise MomentRefused(_("Choose a moment within a year."))
    ends_at = conversation.window.ends_at(at)
    if ends_at and until >= ends_at and not past_window:
        raise MomentRefused(_("Meta's window ends on %s, before that. Choose an earlier moment, or say that it may pass.") % when(ends_at))


def wake_up(conversation: Conversation, *, by: User, at: datetime | None = None) -> bool:
    """End a snooze. False where there was none.

    Raises:
        NotAllowed
    """
    at = at or now()
    with working_on(conversation, by=by) as locked:
        if locked.snoozed_until is None:
            return False
        locked.snoozed_until = locked.snoozed_by = None
        Activity.record("conversation.woken", locked, by=by, at=at, account=locked.account)
        locked.show(said=False)
    return True
