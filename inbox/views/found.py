"""What a search has found: contacts by name and messages by their words, with the matches marked."""

import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from django.db.models import Exists, OuterRef, Q, QuerySet
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from accounts.models import Account, User
from core.json_rows import JSONRows
from core.words import Term, matches_in, terms_of
from inbox.models import Attachment, Conversation, Dispatch, Message
from inbox.searching import MOST_MESSAGES, Candidates, among, find, texts_of

CONTACTS = 5
MESSAGES = 30
# Of a message so many characters are shown, and so many of them before the first match.
SNIPPET, BEFORE = 120, 36
LONGEST_QUESTION = 80


@dataclass(frozen=True)
class Piece:
    """Some words of a text, as they stand in it."""

    text: str
    is_match: bool = False


@dataclass(frozen=True)
class ContactHit:
    """A contact whose name or username matches."""

    conversation: Conversation
    name: Sequence[Piece]
    username: Sequence[Piece]


@dataclass(frozen=True)
class MessageHit:
    """A message that matches, cut to the words around the first match."""

    message: Message
    snippet: Sequence[Piece]

    @property
    def conversation(self) -> Conversation:
        return self.message.conversation

    @property
    def state(self) -> str:
        """How it stands with a message of ours: one that has not left, or did not arrive, is not called said."""
        dispatch = getattr(self.message, "dispatch", None)
        return dispatch.state if dispatch else ""


@dataclass(frozen=True)
class Found:
    """What one question found among the conversations that somebody may see.

    Args:
        asked: the question, as it was typed.
        terms: what was looked for; empty where the question holds no word.
        contacts: the first few.
        has_more_contacts: whether others match too.
        messages: one page of them, newest first.
        is_capped: whether older matches were left out.
        next: the `before` of the page after this one; "" where this is the last.
    """

    asked: str
    terms: Sequence[Term]
    contacts: Sequence[ContactHit] = ()
    has_more_contacts: bool = False
    messages: Sequence[MessageHit] = ()
    is_capped: bool = False
    next: str = ""

    def __bool__(self) -> bool:
        return bool(self.contacts or self.messages)

    @property
    def heading(self) -> str:
        """ "2 contacts, 14 messages"; "30+" where there are more than the page shows."""
        if not self:
            return _("Nothing found")
        contacts = ngettext("%s contact", "%s contacts", len(self.contacts)) % _at_least(len(self.contacts), self.has_more_contacts)
        messages = ngettext("%s message", "%s messages", len(self.messages)) % _at_least(len(self.messages), bool(self.next))
        return _("%(contacts)s, %(messages)s") % {"contacts": contacts, "messages": messages}

    @property
    def looked_at(self) -> int:
        """So many messages, those that were stored last, are looked at."""
        return MOST_MESSAGES


def found_for(
    user: User, q: str, rows: QuerySet[Conversation], *, accounts: Iterable[int] | None = None, before: str = "", size: int = MESSAGES
) -> Found:
    """What matches in these conversations, of which each may be read by `user`.

    Args:
        accounts: the keys of those on which the conversations are; None is all that `user` may read. The fewer, the less is looked through.
        before: the public id of the message after which this page begins; then only messages are looked for.
        size: how many messages one page has.
    """
    terms, asked = terms_of(q), _shown(q)
    places = Account.objects.visible_to(user).values_list("pk", flat=True) if accounts is None else accounts
    candidates = find(terms, places) if terms else Candidates()
    contacts = [] if before else _contacts(candidates, rows)
    messages = _messages(candidates, rows, before, size)
    return Found(
        asked,
        terms,
        contacts=[_contact_hit(conversation, terms) for conversation in contacts[:CONTACTS]],
        has_more_contacts=len(contacts) > CONTACTS,
        messages=_message_hits(messages[:size], terms),
        is_capped=candidates.is_capped,
        next=messages[size - 1].public_id if len(messages) > size else "",
    )


def _at_least(number: int, are_more: bool) -> str:
    return f"{number}+" if are_more else str(number)


def _shown(q: str) -> str:
    """One line of what was typed, in characters that can be shown."""
    line = " ".join("".join(char if unicodedata.category(char) not in ("Cs", "Cc") else " " for char in q[: 2 * LONGEST_QUESTION]).split())
    return line if len(line) <= LONGEST_QUESTION else line[: LONGEST_QUESTION - 1].rstrip() + "…"


def _contacts(candidates: Candidates, rows: QuerySet[Conversation]) -> list[Conversation]:
    if not candidates.contacts:
        return []
    return list(rows.filter(contact__in=among(candidates.contacts)).order_by("-last_message_at", "-pk")[: CONTACTS + 1])


def _messages(candidates: Candidates, rows: QuerySet[Conversation], before: str, size: int) -> list[Message]:
    """One page and one more. What was taken back before it left was never said."""
    if not candidates.messages:
        return []
    here = Exists(rows.order_by().filter(pk=OuterRef("conversation")))
    matching = Message.objects.filter(here, pk__in=among(candidates.messages), removed_at=None).exclude(dispatch__state=Dispatch.State.CANCELLED)
    if before:
        # It may have been removed or taken back since the page that it ended was read.
        border = Message.objects.filter(here, public_id=before).first()
        if border is None:
            return []
        matching = matching.filter(Q(at__lt=border.at) | Q(at=border.at, pk__lt=border.pk))
    # Which they are is found from narrow rows; only those that are shown are read whole.
    newest = Message.objects.filter(pk__in=matching.order_by("-at", "-pk").values("pk")[: size + 1]).order_by("-at", "-pk")
    whole = newest.select_related("conversation__contact", "conversation__account", "dispatch", "written_by").defer("conversation__account__token")
    attached = Attachment.objects.filter(message=OuterRef("pk")).order_by("position", "pk")
    return list(whole.annotate(attached=JSONRows(attached, "kind", "title", "url")))


def _contact_hit(conversation: Conversation, terms: Sequence[Term]) -> ContactHit:
    contact = conversation.contact
    return ContactHit(conversation, _pieces(str(contact), terms), _pieces(contact.username if contact.name else "", terms))


def _message_hits(messages: Sequence[Message], terms: Sequence[Term]) -> list[MessageHit]:
    return [MessageHit(message, list(_snippet(texts_of(message, _attached(message)), terms))) for message in messages]


def _attached(message: Message) -> list[Attachment]:
    return [Attachment(**each) for each in getattr(message, "attached", [])]


def _matching_text(texts: Sequence[str], terms: Sequence[Term]) -> str | None:
    return next((text for text in map(_line, texts) if matches_in(text, terms)), None)


def _line(text: str) -> str:
    return " ".join(unicodedata.normalize("NFC", text).split())


def _snippet(texts: Sequence[str], terms: Sequence[Term]) -> Iterator[Piece]:
    text = _matching_text(texts, terms) or _line(next(iter(texts), ""))
    matches = matches_in(text, terms)
    start = _start(text, matches[0][0]) if matches else 0
    end = _end(text, max(start + SNIPPET, matches[0][1]) if matches else SNIPPET)
    if start:
        yield Piece("… ")
    yield from _pieces(text[start:end], terms)
    if end < len(text):
        yield Piece(" …")


def _start(text: str, match: int) -> int:
    """A little before the match, where a word begins; in a script without spaces, where a character does."""
    start = max(0, match - BEFORE)
    if start == 0 or text[start - 1] == " ":
        return start
    space = text.find(" ", start, match)
    return space + 1 if space >= 0 else _whole(text, start)


def _end(text: str, wanted: int) -> int:
    if wanted >= len(text):
        return len(text)
    space = text.rfind(" ", wanted - BEFORE, wanted + 1)
    return space if space >= 0 else _whole(text, wanted)


def _whole(text: str, place: int) -> int:
    """The next place that cuts no character off from its marks."""
    while place < len(text) and unicodedata.category(text[place])[0] in "MC":
        place += 1
    return place


def _pieces(text: str, terms: Sequence[Term]) -> list[Piece]:
    pieces, last = [], 0
    for start, end in matches_in(text, terms):
        pieces += [Piece(text[last:start]), Piece(text[start:end], is_match=True)]
        last = end
    return [piece for piece in [*pieces, Piece(text[last:])] if piece.text]
