"""Who works on a conversation: assigning, taking over, and whether agents may propose in it."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime

from django.db import transaction
from django.utils.translation import gettext as _

from accounts.models import Account, Activity, Grant, Right, User
from core.clock import now
from inbox import outbox
from inbox.errors import AlreadyMoved, NotAllowed
from inbox.models import Conversation, Dispatch


@contextmanager
def working_on(conversation: Conversation, *, by: User) -> Iterator[Conversation]:
    """The conversation, locked, for somebody who may reply in it; who changes something shows it before the end.

    Raises:
        NotAllowed
    """
    with transaction.atomic():
        locked = Conversation.objects.lock(conversation.pk)
        if by.is_agent or not locked.account.allows(by, Right.REPLY):
            raise NotAllowed
        yield locked


def who_may_have(account: Account) -> list[User]:
    """To whom a conversation of this account can be handed: people who may reply on it, in the order of their names."""
    repliers = Grant.objects.giving(Right.REPLY).filter(account=account).values("user")
    return list(User.objects.filter(pk__in=repliers, is_agent=False, is_active=True).order_by("name", "email"))


def assign(conversation: Conversation, to: User | None, *, by: User, at: datetime | None = None) -> User | None:
    """Hand it to a colleague, or to nobody.

    Returns:
        whose it was before.

    Raises:
        NotAllowed: `by` may not reply here, or `to` may not.
    """
    at = at or now()
    with working_on(conversation, by=by) as locked:
        before = locked.assignee
        if before != to:
            _hand(locked, to, by, at)
            locked.show(said=False)
    return before


def take_over(conversation: Conversation, *, by: User, at: datetime | None = None) -> None:
    """A person takes it from whoever had it, and agents keep out of it from now on.

    Raises:
        NotAllowed
    """
    at = at or now()
    with working_on(conversation, by=by) as locked:
        is_handed, was_on = locked.assignee != by, locked.agents_off_at is None
        if is_handed:
            _hand(locked, by, by, at)
        silence_locked(locked, by=by, at=at)
        if is_handed or was_on:
            locked.show(said=was_on)


def give_back(conversation: Conversation, to: User | None, *, by: User, at: datetime | None = None) -> None:
    """Undo taking over: whoever had it has it again, and agents may propose.

    Raises:
        NotAllowed
        AlreadyMoved: a colleague has changed either since.
    """
    at = at or now()
    with working_on(conversation, by=by) as locked:
        if locked.assignee != by or locked.agents_off_by != by:
            raise AlreadyMoved(_("A colleague has changed this meanwhile, so it stays as it is."))
        _hand(locked, to, by, at)
        _let_agents(locked, by, at)
        locked.show(said=False)


def silence(conversation: Conversation, *, by: User, at: datetime | None = None) -> None:
    """Agents propose nothing here any more; what they sent by themselves and what has not left yet comes back for a decision.

    Raises:
        NotAllowed
    """
    with working_on(conversation, by=by) as locked:
        if locked.agents_off_at is None:
            silence_locked(locked, by=by, at=at or now())
            locked.show()


def silence_locked(conversation: Conversation, *, by: User, at: datetime) -> None:
    """The same for a conversation that the caller has locked, and shows afterwards."""
    if conversation.agents_off_at:
        return
    conversation.agents_off_at, conversation.agents_off_by = at, by
    conversation.save(update_fields=["agents_off_at", "agents_off_by"])
    for dispatch in conversation.dispatches.filter(state=Dispatch.State.QUEUED, released_by__is_agent=True):
        outbox.withdraw(conversation, dispatch, by=by, at=at)
    Activity.record("conversation.agents_off", conversation, by=by, at=at, account=conversation.account)


def unsilence(conversation: Conversation, *, by: User, at: datetime | None = None) -> None:
    """Agents may propose here again.

    Raises:
        NotAllowed
    """
    at = at or now()
    with working_on(conversation, by=by) as locked:
        if locked.agents_off_at:
            _let_agents(locked, by, at)
            locked.show(said=False)


def _let_agents(conversation: Conversation, by: User, at: datetime) -> None:
    conversation.agents_off_at = conversation.agents_off_by = None
    Activity.record("conversation.agents_on", conversation, by=by, at=at, account=conversation.account)


def _hand(conversation: Conversation, to: User | None, by: User, at: datetime) -> None:
    if to and (to.is_agent or not to.is_active or not conversation.account.allows(to, Right.REPLY)):
        raise NotAllowed(_("%s may not reply on this account, so this cannot be theirs.") % to)
    conversation.assignee, conversation.assigned_at = to, at if to else None
    verb, who = ("conversation.assigned", {"to": to.public_id}) if to else ("conversation.unassigned", {})
    Activity.record(verb, conversation, by=by, at=at, account=conversation.account, **who)
