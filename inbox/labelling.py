"""Putting labels on conversations, and taking them off."""

from datetime import datetime

from accounts.models import Activity, User
from core.clock import now
from inbox.models import Conversation, Label
from inbox.teamwork import working_on


def put_label(conversation: Conversation, label: Label, *, by: User, at: datetime | None = None) -> bool:
    """False where it was there already.

    Raises:
        NotAllowed
    """
    at = at or now()
    with working_on(conversation, by=by) as locked:
        if locked.labels.filter(pk=label.pk).exists():
            return False
        locked.labels.add(label)
        Activity.record("conversation.labelled", locked, by=by, at=at, account=locked.account, label=label.name)
        locked.show(said=False)
    return True


def take_label(conversation: Conversation, label: Label, *, by: User, at: datetime | None = None) -> bool:
    """False where it was not there.

    Raises:
        NotAllowed
    """
    at = at or now()
    with working_on(conversation, by=by) as locked:
        if not locked.labels.filter(pk=label.pk).exists():
            return False
        locked.labels.remove(label)
        Activity.record("conversation.unlabelled", locked, by=by, at=at, account=locked.account, label=label.name)
        locked.show(said=False)
    return True
