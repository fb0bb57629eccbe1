"""Says that several contacts are one person, and takes it back.

Meta gives each Page and each Instagram account an id of its own for the same human being, so only people of ours can tell; nothing links by itself.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TypeVar

from django.db import transaction
from django.utils.translation import gettext as _

from accounts.models import Activity, Right, User
from core.clock import now
from inbox.errors import AlreadyMoved, NotAllowed
from inbox.models import Contact, Conversation, Person

LINKED, UNLINKED = "contact.linked", "contact.unlinked"
# How often the members of a person may change under us while we wait for their locks.
TRIES = 5
Result = TypeVar("Result")


@dataclass(frozen=True)
class Linked:
    """What linking two contacts did, as it can be undone.

    Args:
        joined: the conversation of the contact that came to the other; to go again.
        came_with: the person that came along as a whole; to be parted again. "" where none did. It tells of links that whoever linked may not
            know of, so it leaves us encrypted only.
    """

    joined: Conversation
    came_with: str = ""


@dataclass(frozen=True)
class _Members:
    """Two contacts, and everybody with whom either is linked, all locked."""

    one: Conversation
    other: Conversation
    conversations: Sequence[Conversation]

    @property
    def together(self) -> list[Conversation]:
        """Those of the same person as the first; nobody where they are no person."""
        person = self.one.contact.person_id
        return [each for each in self.conversations if person and each.contact.person_id == person]

    @property
    def are_one(self) -> bool:
        return self.one.contact.person_id is not None and self.one.contact.person_id == self.other.contact.person_id

    def show(self) -> None:
        for each in self.conversations:
            Conversation.touch(each.pk)


def link(conversation: Conversation, other: Conversation, *, by: User, at: datetime | None = None) -> Linked | None:
    """These two contacts are one person; with whom either was linked before comes along. None where they were one already.

    Raises:
        NotAllowed: `by` may not reply on both accounts.
        AlreadyMoved: one of them was erased, or somebody else is linking them just now.
    """
    at = at or now()
    return _locked(conversation, other, lambda members: _link(members, by, at))


def unlink(conversation: Conversation, staying: Conversation, *, by: User, at: datetime | None = None) -> bool:
    """The contact of this conversation is somebody else than that of `staying`, and whoever is linked with them. False where they were not linked.

    Raises:
        NotAllowed: `by` may not reply on both accounts.
        AlreadyMoved
    """
    at = at or now()
    return _locked(conversation, staying, lambda members: _unlink(members, by, at))


def undo(conversation: Conversation, other: Conversation, *, joined: Conversation, came_with: str = "", by: User, at: datetime | None = None) -> bool:
    """Take back that these two were linked: whoever joined is somebody else again, with those who came along as far as they are still there.
    False where they are not linked any more.

    Whoever came along may be hidden from `by`, so nothing that became of them makes it fail.

    Args:
        joined, came_with: as `Linked` says.

    Raises:
        NotAllowed: `by` may not reply on both accounts.
        AlreadyMoved
    """
    at = at or now()
    return _locked(conversation, other, lambda members: _undo(members, joined.pk, came_with, by, at))


def leave(contact: Contact) -> None:
    """Whoever was erased is linked with nobody, and no line says that they were."""
    conversation = Conversation.objects.filter(contact=contact).first()
    if conversation:
        _locked(conversation, conversation, _leave)


# Each with everybody locked -------------------------------------------------------------------------------------------
def _link(members: _Members, by: User, at: datetime) -> Linked | None:
    _check(members, by)
    one, other = members.one, members.other
    if one.contact.forgotten_at or other.contact.forgotten_at:
        raise AlreadyMoved(_("This contact was erased, so nobody is linked with them."))
    if members.are_one or one.pk == other.pk:
        return None
    mine, theirs = one.contact.person_id, other.contact.person_id
    done = Linked(one if theirs and not mine else other)
    if mine and theirs:
        done = Linked(other, _bring(theirs, to=mine))
    else:
        person = mine or theirs or Person.objects.create().pk
        Contact.objects.filter(pk__in=[one.contact_id, other.contact_id]).update(person=person)
    _record(LINKED, members, by, at)
    members.show()
    return done


def _bring(whom: int, *, to: int) -> str:
    """All of one person belong to another from now on. Returns what they are known by."""
    person = Person.objects.get(pk=whom)
    Contact.objects.filter(person=person).update(person=to, came_with=person.public_id)
    person.delete()
    return person.public_id


def _unlink(members: _Members, by: User, at: datetime) -> bool:
    _check(members, by)
    if not members.are_one or members.one.pk == members.other.pk:
        return False
    _take_out(members.one.contact)
    _record(UNLINKED, members, by, at)
    members.show()
    return True


def _undo(members: _Members, joined: int, came_with: str, by: User, at: datetime) -> bool:
    _check(members, by)
    if not members.are_one or members.one.pk == members.other.pk:
        return False
    came, stays = (members.one, members.other) if members.one.pk == joined else (members.other, members.one)
    leaving = [each.contact_id for each in members.together if came_with and each.contact.came_with == came_with]
    if came.contact_id in leaving and stays.contact_id not in leaving:
        _part(members, leaving, came_with)
    else:
        _take_out(came.contact)
    _record(UNLINKED, members, by, at)
    members.show()
    return True


def _part(members: _Members, leaving: Sequence[int], came_with: str) -> None:
    """Those who came along are the person again that they were."""
    person = members.one.contact.person
    whole = Person.objects.create(public_id=came_with) if len(leaving) > 1 else None
    Contact.objects.filter(pk__in=leaving).update(person=whole, came_with="")
    _end_alone(person)


def _leave(members: _Members) -> None:
    _forget_lines(members.one)
    if members.one.contact.person_id:
        _take_out(members.one.contact)
        members.show()


def _take_out(contact: Contact) -> None:
    """One contact alone is no person."""
    person = contact.person
    Contact.objects.filter(pk=contact.pk).update(person=None, came_with="")
    _end_alone(person)


def _end_alone(person: Person | None) -> None:
    left = Contact.objects.filter(person=person)
    if person and left.count() < 2:
        left.update(person=None, came_with="")
        person.delete()


def _check(members: _Members, by: User) -> None:
    accounts = (members.one.account, members.other.account)
    if by.is_agent or not all(account.allows(by, Right.REPLY) for account in accounts):
        raise NotAllowed(_("Only who may reply to both contacts can say whether they are one person."))


def _record(verb: str, members: _Members, by: User, at: datetime) -> None:
    """One line for each of the two, which says on which account the other is: only who may read that one gets to see it, and no manager of one alone."""
    for this, that in ((members.one, members.other), (members.other, members.one)):
        Activity.record(verb, this.contact, by=by, at=at, on=that.account.public_id)


def _forget_lines(conversation: Conversation) -> None:
    """The lines of both sides: one that is left would say that somebody on this account was the same person."""
    lines = Activity.objects.filter(verb__in=(LINKED, UNLINKED))
    own = lines.filter(target_type="contact", target_id=conversation.contact.public_id)
    lines.filter(at__in=list(own.values_list("at", flat=True)), details__on=conversation.account.public_id).delete()
    own.delete()


# Locks -----------------------------------------------------------------------------------------------------------------
def _locked(one: Conversation, other: Conversation, do: Callable[[_Members], Result]) -> Result:
    """Do it with the conversations of everybody who is concerned locked, in the order of their keys.

    Raises:
        AlreadyMoved: others joined or left each time while we waited.
    """
    for _try in range(TRIES):
        with transaction.atomic():
            keys = _concerned(one, other)
            locked = {pk: Conversation.objects.lock(pk) for pk in keys}
            # Whoever joined or left did so under one of these locks, before we had them.
            if _concerned(one, other) == keys:
                return do(_Members(locked[one.pk], locked[other.pk], list(locked.values())))
    raise AlreadyMoved(_("A colleague is changing this just now. Try it again in a moment."))


def _concerned(one: Conversation, other: Conversation) -> list[int]:
    both = (one.contact_id, other.contact_id)
    persons = Contact.objects.filter(pk__in=both).exclude(person=None).values("person")
    linked = Conversation.objects.filter(contact__person__in=persons).values_list("pk", flat=True)
    return sorted({one.pk, other.pk, *linked})
