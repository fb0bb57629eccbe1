"""Keeps what can be searched, and finds it again, on SQLite (FTS5) and PostgreSQL (GIN) alike.

An entry is written in the transaction that writes what it is about: when a message is stored or edited, when a contact gets a name. It goes
with the words. What the words are is decided in `core/words.py`; the index of each database is made in migration 0010.
"""

import json
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from django.db import connection
from django.db.models.expressions import RawSQL

from core.words import Term, words_of
from inbox.models import Attachment, Contact, Message, SearchEntry

# So many of the matches that were stored last are looked at; to reach what lies beyond, a question has to say more.
MOST_MESSAGES = 2_000
MOST_CONTACTS = 200
# How the first word of an entry begins; the key of the account follows. No word that is typed holds such a sign.
MESSAGE, CONTACT = "@m", "@c"

# Messages and contacts at once, each within its own bound.
_SQLITE = " UNION ALL ".join(
    ["""SELECT * FROM (SELECT entry.message_id, entry.contact_id FROM inbox_search CROSS JOIN inbox_searchentry entry ON entry.id = inbox_search.rowid
    WHERE inbox_search MATCH %s ORDER BY inbox_search.rowid DESC LIMIT %s) AS found"""] * 2
)  # fmt: skip
# By `id + 0`: ordered by `id`, the planner may walk all there is from the newest on instead of asking the index.
_POSTGRES = " UNION ALL ".join(
    ["""SELECT * FROM (SELECT message_id, contact_id FROM inbox_searchentry
    WHERE array_to_tsvector(string_to_array(words, ' ')) @@ %s::tsquery ORDER BY id + 0 DESC LIMIT %s) AS found"""] * 2
)  # fmt: skip


# Keeping ---------------------------------------------------------------------------------------------------------
def note_messages(messages: Iterable[Message], *, are_bare: bool = False) -> None:
    """Make these stored messages searchable as they are now. One without words, or without them any more, is not found.

    Args:
        are_bare: it is known that nothing is attached to any of them, so nobody has to look.
    """
    messages = list(messages)
    attached = {} if are_bare else attached_to(messages)
    words = {message: _words_in(texts_of(message, attached.get(message.pk, ()))) for message in messages}
    forget_messages(message.pk for message, found in words.items() if not found)
    entries = [
        SearchEntry(account_id=message.account_id, message=message, words=_entry(MESSAGE, message.account_id, found))
        for message, found in words.items()
        if found
    ]  # fmt: skip
    SearchEntry.objects.bulk_create(entries, update_conflicts=True, unique_fields=["message"], update_fields=["words"])


def forget_messages(keys: Iterable[int]) -> None:
    """They are not found any more."""
    if keys := list(keys):
        SearchEntry.objects.filter(message__in=keys).delete()


def note_contact(contact: Contact, *, name: str, username: str) -> None:
    """Make a contact searchable by these names, which have just been stored."""
    words = _words_in([name, username])
    if not words:
        return forget_contact(contact.pk)
    entry = SearchEntry(account_id=contact.account_id, contact=contact, words=_entry(CONTACT, contact.account_id, words))
    SearchEntry.objects.bulk_create([entry], update_conflicts=True, unique_fields=["contact"], update_fields=["words"])


def forget_contact(pk: int) -> None:
    """They are not found by name any more."""
    SearchEntry.objects.filter(contact=pk).delete()


def texts_of(message: Message, attached: Iterable[Attachment]) -> list[str]:
    """What a message says, in the order in which it is read: the newest words, its card, the names of its files."""
    if message.removed_at:
        return []
    link = message.link or {}
    texts = [message.words, *(str(link.get(part) or "") for part in ("title", "subtitle", "url"))]
    for each in attached:
        # Pictures and files lie at addresses of Meta's, which say nothing.
        texts += [each.title, each.url if each.kind in ("link", "card") else ""]
    return list(dict.fromkeys(filter(None, texts)))


def attached_to(messages: Iterable[Message]) -> dict[int, list[Attachment]]:
    """What is attached to each message, by its key."""
    found = defaultdict(list)
    for each in Attachment.objects.filter(message__in=list(messages)).only("message", "kind", "title", "url").order_by("position", "pk"):
        found[each.message_id].append(each)
    return found


def _words_in(texts: Iterable[str]) -> list[str]:
    return words_of("\n".join(texts))


def _entry(where: str, account: int, words: Iterable[str]) -> str:
    return " ".join([f"{where}{account}", *words])


# Finding ---------------------------------------------------------------------------------------------------------
@dataclass(frozen=True)
class Candidates:
    """What matches on some accounts, by key; what has been said about them since is not looked at yet.

    Args:
        is_capped: whether more matches, stored earlier.
    """

    messages: Sequence[int] = ()
    contacts: Sequence[int] = ()
    is_capped: bool = False


def find(terms: Sequence[Term], accounts: Iterable[int]) -> Candidates:
    """The messages and contacts of these accounts in which every term matches, those that were stored last."""
    accounts = sorted(accounts)
    if not (terms and accounts):
        return Candidates()
    with connection.cursor() as cursor:
        cursor.execute(*_question(terms, accounts))
        rows: list[tuple[int | None, int | None]] = cursor.fetchall()
    messages = [message for message, _contact in rows if message is not None]
    contacts = [contact for _message, contact in rows if contact is not None]
    return Candidates(messages[:MOST_MESSAGES], contacts[:MOST_CONTACTS], len(messages) > MOST_MESSAGES)


def among(keys: Sequence[int]) -> RawSQL:
    """For `pk__in`: many keys as one value, which no database takes long to read."""
    if connection.vendor == "sqlite":
        return RawSQL("SELECT value FROM json_each(%s)", [json.dumps(list(keys))])
    return RawSQL("SELECT unnest(%s::bigint[])", [list(keys)])


def _question(terms: Sequence[Term], accounts: Sequence[int]) -> tuple[str, list[Any]]:
    sql, match = (_SQLITE, _fts_match) if connection.vendor == "sqlite" else (_POSTGRES, _tsquery)
    messages, contacts = ([f"{where}{pk}" for pk in accounts] for where in (MESSAGE, CONTACT))
    return sql, [match(terms, messages), MOST_MESSAGES + 1, match(terms, contacts), MOST_CONTACTS]


def _fts_match(terms: Iterable[Term], places: Iterable[str]) -> str:
    """Letters, digits and marks in quotes: nothing in them is a sign of the query language."""
    asked = [f'"{term.text}"{" *" if term.is_prefix else ""}' for term in terms]
    return " AND ".join([*asked, "({})".format(" OR ".join(f'"{place}"' for place in places))])


def _tsquery(terms: Iterable[Term], places: Iterable[str]) -> str:
    asked = [f"'{term.text}'{':*' if term.is_prefix else ''}" for term in terms]
    return " & ".join([*asked, "({})".format(" | ".join(f"'{place}'" for place in places))])
