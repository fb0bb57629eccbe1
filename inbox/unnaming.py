"""Takes whoever is forgotten out of the views that people keep: a name, or an id, that was looked for or stands in the name of a view.

Whoever writes to us chooses their own name, and may call themselves "Refund order". So only views are touched whose owner may read the account
to which they wrote, and only what names them without much doubt: what may as well be a word of work stays.
"""

from dataclasses import dataclass
from datetime import datetime
from urllib.parse import parse_qsl, urlencode

from django.db.models import Q, QuerySet
from django.utils import translation
from django.utils.translation import gettext as _

from accounts.models import Account, Activity, Grant, Right
from core.words import terms_of, words_of
from inbox.models import SavedView

UNNAMED = "savedview.unnamed"
# A longer name may as well be a sentence, whose words are anybody's.
MOST_PARTS = 3


@dataclass(frozen=True)
class Known:
    """By what one person is known on one account; each may be "".

    Args:
        name: as they or Meta wrote it.
        username: the same, without "@".
        id: theirs at Meta.
    """

    name: str
    username: str
    id: str

    def is_sought(self, q: str) -> bool:
        """Whether these words look for them: by all words of their name, their username, their id; or by nothing but one part of their name."""
        return self._is_named_whole(q) or self._is_username_in(q) or self._is_id_in(q) or self._is_all_of(q)

    def is_named(self, name: str) -> bool:
        """Whether the name of a view tells who they are. One word of theirs, or a username, may be anybody's."""
        return (len(self.name.split()) > 1 and self._is_named_whole(name)) or self._is_id_in(name)

    def _is_named_whole(self, text: str) -> bool:
        whole = {term.text for term in terms_of(self.name)}
        return len(words_of(self.name)) > 1 and whole <= set(words_of(text))

    def _is_username_in(self, text: str) -> bool:
        return self.username != "" and self.username.casefold() in {word.strip("@,;:!?()\"'").casefold() for word in text.split()}

    def _is_id_in(self, text: str) -> bool:
        return self.id != "" and self.id in words_of(text)

    def _is_all_of(self, text: str) -> bool:
        """A name of one word alone, the first name alone, the surname alone."""
        words, parts = set(words_of(text)), self.name.split()
        return bool(words) and len(parts) <= MOST_PARTS and any(words == set(words_of(part)) for part in parts)


def unname(known: Known, *, account: Account, at: datetime) -> None:
    """Take them out of the views in which their conversation could be listed. A view stays, with its lane and its filters."""
    for view in _views_on(account):
        _clear(view, known, at)


def _views_on(account: Account) -> list[SavedView]:
    """Those of everybody who may read this account, unless they filter by another."""
    readers = Grant.objects.giving(Right.READ).filter(account=account).values("user")
    views: QuerySet[SavedView] = SavedView.objects.filter(Q(user__in=readers) | Q(user__is_superuser=True))
    return [view for view in views.select_related("user").order_by("pk") if dict(parse_qsl(view.query)).get("account", "") in ("", account.public_id)]


def _clear(view: SavedView, known: Known, at: datetime) -> None:
    asked = parse_qsl(view.query)
    left = [(name, value) for name, value in asked if name != "q" or not known.is_sought(value)]
    is_named = known.is_named(view.name)
    if left == asked and not is_named:
        return
    values = {"query": urlencode(left), "name": _another_name(view) if is_named else view.name}
    # One that was changed meanwhile is as its owner wants it to be now.
    if SavedView.objects.filter(pk=view.pk, query=view.query, name=view.name).update(**values):
        Activity.record(UNNAMED, view, by=None, at=at)


def _another_name(view: SavedView) -> str:
    """One that says nothing, and that its owner has not given to another."""
    taken = set(SavedView.objects.filter(user=view.user_id).values_list("name", flat=True))
    with translation.override(view.user.language or None):
        number = next(number for number in range(1, len(taken) + 2) if _("View %s") % number not in taken)
        return _("View %s") % number
