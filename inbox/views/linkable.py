"""Who may be the same person as the contact of one conversation: those who seem alike, and those whose name matches what was typed."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from django.utils.functional import cached_property
from django.utils.translation import gettext as _

from accounts.models import Account, Right, User
from core.words import Term, terms_of, words_of
from inbox.models import Contact, Conversation
from inbox.searching import among, find
from inbox.views.context import isolated
from inbox.views.linked import linked_of, linked_to

SHOWN = 6
# So many of those that match and wrote last are compared.
COMPARED = 200
LONGEST = 80


@dataclass(frozen=True)
class Likeness:
    """How two contacts are alike.

    Args:
        weight: the more, the likelier it is one person.
        words: in what; "" where in nothing.
    """

    weight: int = 0
    words: str = ""


@dataclass(frozen=True)
class Candidate:
    """Somebody who may be the same person.

    Args:
        linked: with whom they are linked already, as far as the reader may know.
    """

    conversation: Conversation
    likeness: Likeness
    linked: Sequence[Conversation]

    @property
    def along(self) -> str:
        """Who comes along; "" where nobody does."""
        names = [isolated(f"{each.contact} ({each.account})") for each in self.linked]
        return _("Linked already with %s. All become one person.") % ", ".join(names) if names else ""


@dataclass(frozen=True)
class Linkable:
    """Whom one of us may link with the contact of this conversation.

    Args:
        q: a name or a username, as it was typed; "" asks for those who seem alike.
    """

    conversation: Conversation
    user: User
    q: str = ""

    @cached_property
    def shown(self) -> Sequence[Candidate]:
        """Those who are most alike first, then those who wrote last."""
        shown = self._found[:SHOWN]
        linked = [each.pk for each, _likeness in shown if each.contact.person_id]
        with_linked = Conversation.objects.filter(pk__in=linked).annotate(linked=linked_to(self.user)).in_bulk() if linked else {}
        return [Candidate(each, likeness, linked_of(with_linked.get(each.pk, each)).conversations) for each, likeness in shown]

    @property
    def has_more(self) -> bool:
        return len(self._found) > SHOWN

    @cached_property
    def _found(self) -> list[tuple[Conversation, Likeness]]:
        contact = self.conversation.contact
        found = [(each, likeness(contact, each.contact)) for each in self._rows()]
        if not self.q:
            found = [(each, alike) for each, alike in found if alike.weight]
        return sorted(found, key=lambda pair: -pair[1].weight)

    def _rows(self) -> Iterable[Conversation]:
        """Whoever was erased is linked with nobody."""
        accounts = Account.objects.where(self.user, Right.REPLY)
        if not self.q:
            accounts = accounts.exclude(pk=self.conversation.account_id)
        places = list(accounts.values_list("pk", flat=True))
        keys = {key for terms in self._questions() for key in find(terms, places).contacts}
        if not keys:
            return []
        rows = Conversation.objects.filter(contact__in=among(sorted(keys)), account__in=places, contact__forgotten_at=None).exclude(pk=self.conversation.pk)
        if person := self.conversation.contact.person_id:
            rows = rows.exclude(contact__person=person)
        return rows.select_related("account", "contact").defer("account__token").newest_first()[:COMPARED]

    def _questions(self) -> list[list[Term]]:
        """Each finds some; the index holds the words of names and usernames."""
        if self.q:
            # Whoever begins to type a name means its beginning.
            return [[Term(term.text) for term in terms_of(self.q)]]
        contact = self.conversation.contact
        asked = [words_of(contact.name), words_of(contact.username), [_joined(contact.name)], [_joined(contact.username)]]
        return [[Term(word, is_prefix=False) for word in words] for words in asked if any(words)]


def likeness(contact: Contact, other: Contact) -> Likeness:
    """By words as they are searched, so that neither case nor accents make a difference."""
    names = set(words_of(contact.name)), set(words_of(other.name))
    same_name, same_username = names[0] == names[1] != set(), _same(_joined(contact.username), _joined(other.username))
    if same_name and same_username:
        return Likeness(4, _("Same name and username"))
    if same_username:
        return Likeness(3, _("Same username"))
    if same_name:
        return Likeness(2, _("Same name"))
    if _same(_joined(contact.username), _joined(other.name)) or _same(_joined(contact.name), _joined(other.username)):
        return Likeness(1, _("The username is like the name"))
    return Likeness()


def _joined(name: str) -> str:
    """ "Amina O." and "amina.o" are the same."""
    return "".join(words_of(name))


def _same(one: str, other: str) -> bool:
    return one != "" and one == other


def typed(q: str) -> str:
    return " ".join(q.split())[:LONGEST]
