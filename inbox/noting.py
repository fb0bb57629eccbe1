"""Notes: what colleagues tell each other in a conversation, and whom they mention."""

import re
from collections.abc import Iterable
from datetime import datetime

from django.utils.translation import gettext as _

from accounts.models import Account, Activity, Grant, Right, User
from core.clock import now
from inbox.errors import ContentRefused, NotAllowed
from inbox.models import Conversation, Mention, Note
from inbox.teamwork import working_on

LONGEST = 4_000


def colleagues_of(account: Account) -> list[User]:
    """Who may read here, and so can be mentioned: people with a grant, in the order of their names."""
    readers = Grant.objects.giving(Right.READ).filter(account=account).values("user")
    return list(User.objects.filter(pk__in=readers, is_agent=False, is_active=True).order_by("name", "email"))


def mentioned_in(text: str, colleagues: Iterable[User]) -> list[User]:
    """Whom the text names by @ and their whole name, or their first name where only one has it."""
    colleagues = list(colleagues)
    shorts = [user.get_short_name().casefold() for user in colleagues]
    found = []
    for user, short in zip(colleagues, shorts, strict=True):
        names = [str(user), *([user.get_short_name()] if shorts.count(short) == 1 else [])]
        if any(re.search(rf"(?<![\w/])@{re.escape(name)}(?!\w)", text, re.IGNORECASE) for name in names):
            found.append(user)
    return found


def write_note(conversation: Conversation, text: str, *, by: User, at: datetime | None = None) -> Note:
    """Leave a note, and mention those whom it names.

    Raises:
        NotAllowed
        ContentRefused: it is empty or too long.
    """
    at, text = at or now(), text.replace("\r\n", "\n").strip()
    if not text or "\0" in text:
        raise ContentRefused([_("Write something first.")])
    if len(text) > LONGEST:
        raise ContentRefused([_("A note has up to %s characters.") % LONGEST])
    with working_on(conversation, by=by) as locked:
        note = Note.objects.create(conversation=locked, by=by, at=at, text=text)
        named = [user for user in mentioned_in(text, colleagues_of(locked.account)) if user != by]
        Mention.objects.bulk_create(Mention(note=note, user=user, conversation=locked) for user in named)
        Activity.record("conversation.noted", locked, by=by, at=at, account=locked.account, note=note.public_id)
        locked.show(said=False)
    return note


def take_note_away(note: Note, *, by: User, at: datetime | None = None) -> None:
    """Only whoever wrote it takes it away; that there was one stays to be seen.

    Raises:
        NotAllowed
    """
    at = at or now()
    with working_on(note.conversation, by=by) as locked:
        if note.by_id != by.pk:
            raise NotAllowed(_("Only whoever wrote a note can take it away."))
        if Note.objects.filter(pk=note.pk, removed_at=None).update(text="", removed_at=at):
            note.mentions.all().delete()
            Activity.record("conversation.note_removed", locked, by=by, at=at, account=locked.account, note=note.public_id)
            locked.show(said=False)


def see_mentions(conversation: Conversation, *, by: User, until: datetime, since: datetime | None = None) -> bool:
    """This person has read the notes that stand here from `since` on, before `until`. False where none of them mentions them anew."""
    read = Note.objects.filter(conversation=conversation, at__lt=until)
    read = read.filter(at__gte=since) if since else read
    return bool(Mention.objects.filter(conversation=conversation, note__in=read.values("pk"), user=by, seen_at=None).update(seen_at=now()))
