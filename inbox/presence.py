"""Who looks at which conversation just now, and who is typing there: told by their browsers, and believed for as long as they go on telling."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db.models import BooleanField, Exists, ExpressionWrapper, OuterRef, Q, QuerySet
from django.utils.translation import ngettext

from accounts.models import Grant, Right, User
from core.clock import now
from core.json_rows import ModelRows, columns
from core.live import Change, Present, publish
from inbox.models import Conversation, Presence

# A browser tells every 25 seconds that its person still looks, and at most every 3 that they type.
LOOKING_FOR = timedelta(seconds=45)
TYPING_FOR = timedelta(seconds=6)
# Who looked a moment ago need not be written down again.
SOON = timedelta(seconds=10)
# More initials than these say nothing more.
MOST_SHOWN = 4
WHAT = "presence"


@dataclass(frozen=True)
class Colleague:
    """Somebody else who is here.

    Args:
        until: from when on this counts no more, unless their browser tells something newer.
    """

    user: User
    is_typing: bool
    until: datetime

    @property
    def initial(self) -> str:
        return self.user.get_short_name()[:1].upper()

    @property
    def words(self) -> str:
        if self.is_typing:
            return ngettext("%s is typing…", "%s are typing…", 1) % self.user
        return ngettext("%s is looking at this", "%s are looking at this", 1) % self.user


@dataclass(frozen=True)
class Company:
    """Everybody else who is in one conversation, as one person is told; whoever types comes first."""

    people: Sequence[Colleague]
    at: datetime

    @property
    def shown(self) -> Sequence[Colleague]:
        return self.people[:MOST_SHOWN]

    @property
    def more(self) -> int:
        return len(self.people) - len(self.shown)

    @property
    def names(self) -> str:
        return ", ".join(str(one.user) for one in self.people)

    @property
    def words(self) -> str:
        """One sentence: who types, or else who looks."""
        return self.typing or _said(self.people, ngettext("%s is looking at this", "%s are looking at this", len(self.people)))

    @property
    def typing(self) -> str:
        people = [one for one in self.people if one.is_typing]
        return _said(people, ngettext("%s is typing…", "%s are typing…", len(people)))

    @property
    def at_ms(self) -> int:
        return int(self.at.timestamp() * 1000)

    @property
    def changes_in_ms(self) -> int | None:
        """When it is worth looking again although nobody told anything."""
        ends = [one.until for one in self.people]
        return max(int((min(ends) - self.at).total_seconds() * 1000), 0) + 500 if ends else None


def look(conversation: Conversation, *, by: User, is_typing: bool = False, at: datetime | None = None) -> Company:
    """This person looks at the conversation from now on, and at no other. Whoever else is there is told where that is news to them.

    Returns:
        who else is there.
    """
    at = at or now()
    around = list(_around(conversation, by))
    mine = next((row for row in around if row.user_id == by.pk), None)
    if _is_worth_writing(mine, conversation, is_typing, at):
        _write(mine, conversation, by, is_typing, at)
        others = {row.conversation_id for row in around if row.user_id != by.pk and _looks(row, at)}
        for changed in _news(mine, conversation, is_typing, at):
            if changed.pk in others:
                _tell(changed)
    return _company([row for row in around if row.conversation_id == conversation.pk], by, at)


def leave(conversation: Conversation, *, by: User, seen: datetime | None = None) -> None:
    """This person looks at it no more.

    Args:
        seen: when the page was made that they left; who has opened it anew since is still there.
    """
    rows = Presence.objects.filter(user=by, conversation=conversation)
    if seen:
        # Browsers tell whole milliseconds.
        rows = rows.filter(seen_at__lt=seen + timedelta(milliseconds=1))
    if rows.delete()[0] and Presence.objects.filter(conversation=conversation, seen_at__gt=now() - LOOKING_FOR).exists():
        _tell(conversation)


def company(conversation: Conversation, *, to: User, at: datetime | None = None) -> Company:
    """Who else is there."""
    at = at or now()
    return _company(list(_rows().filter(conversation=conversation)), to, at)


def company_in(conversation: Conversation, *, to: User, at: datetime | None = None) -> Company:
    """The same of a conversation that was fetched with `present_along` as `present`."""
    return _company(getattr(conversation, "present", []), to, at or now())


def present_along() -> ModelRows:
    """Everybody who looks at it, to be fetched along with conversations."""
    rows = _rows().select_related(None).filter(conversation=OuterRef("pk"))
    return ModelRows(rows, *columns(Presence), "may_read", "user__id", "user__name", "user__email")


def present() -> Present:
    """Everybody who is somewhere together with others, with the change that their coming and going is to these. See `core.live_sqlite`."""
    at = now()
    rows = Presence.objects.filter(seen_at__gt=at - LOOKING_FOR).values_list("conversation__public_id", "conversation__account", "user", "typed_at")
    found = [(Change(account, public_id, WHAT), (user, _is_fresh(typed_at, TYPING_FOR, at))) for public_id, account, user, typed_at in rows]
    number = Counter(change for change, _who in found)
    return frozenset(each for each in found if number[each[0]] > 1)


def _rows() -> QuerySet[Presence]:
    """With `may_read`: whether they may, by now."""
    granted = Exists(Grant.objects.giving(Right.READ).filter(user=OuterRef("user"), account=OuterRef("conversation__account")))
    may_read = ExpressionWrapper(Q(user__is_superuser=True) | Q(granted), output_field=BooleanField())
    return Presence.objects.filter(user__is_active=True).annotate(may_read=may_read).select_related("user", "conversation")


def _around(conversation: Conversation, by: User) -> QuerySet[Presence]:
    """This person, and everybody where they are and where they come from."""
    from_here = Presence.objects.filter(user=by).values("conversation")
    return _rows().filter(Q(conversation=conversation) | Q(conversation__in=from_here))


def _is_worth_writing(mine: Presence | None, conversation: Conversation, is_typing: bool, at: datetime) -> bool:
    return is_typing or mine is None or mine.conversation_id != conversation.pk or mine.seen_at + SOON < at


def _write(mine: Presence | None, conversation: Conversation, by: User, is_typing: bool, at: datetime) -> None:
    stayed = mine is not None and mine.conversation_id == conversation.pk
    typed_at = at if is_typing else mine.typed_at if mine and stayed else None
    Presence.objects.bulk_create(
        [Presence(user=by, conversation=conversation, seen_at=at, typed_at=typed_at)],
        update_conflicts=True, unique_fields=["user"], update_fields=["conversation", "seen_at", "typed_at"],
    )  # fmt: skip


def _news(mine: Presence | None, conversation: Conversation, is_typing: bool, at: datetime) -> list[Conversation]:
    """The conversations in which somebody now sees something else than before."""
    if mine is None or not _looks(mine, at):
        return [conversation]
    if mine.conversation_id != conversation.pk:
        return [conversation, mine.conversation]
    return [conversation] if is_typing and not _is_fresh(mine.typed_at, TYPING_FOR, at) else []


def _tell(conversation: Conversation) -> None:
    publish(Change(conversation.account_id, conversation.public_id, WHAT))


def _company(rows: Sequence[Any], to: User, at: datetime) -> Company:
    people = [_colleague(row, at) for row in rows if row.user_id != to.pk and row.may_read and _looks(row, at)]
    return Company(sorted(people, key=lambda one: (not one.is_typing, str(one.user))), at)


def _colleague(row: Presence, at: datetime) -> Colleague:
    is_typing = _is_fresh(row.typed_at, TYPING_FOR, at)
    return Colleague(row.user, is_typing, row.typed_at + TYPING_FOR if is_typing and row.typed_at else row.seen_at + LOOKING_FOR)


def _looks(row: Presence, at: datetime) -> bool:
    return _is_fresh(row.seen_at, LOOKING_FOR, at)


def _is_fresh(moment: datetime | None, lasts: timedelta, at: datetime) -> bool:
    return moment is not None and moment + lasts > at


def _said(people: Sequence[Colleague], sentence: str) -> str:
    return sentence % ", ".join(str(one.user) for one in people) if people else ""
