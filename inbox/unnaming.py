"""Takes whoever is forgotten out of the views that people keep: a name, or an id, that was looked for or stands in the name of a view."""

from dataclasses import dataclass
from datetime import datetime
from urllib.parse import parse_qsl, urlencode

from django.utils import translation
from django.utils.translation import gettext as _

from accounts.models import Activity
from core.words import terms_of, words_of
from inbox.models import SavedView


@dataclass(frozen=True)
class Known:
    """By what one person is known: whole names, and ids.

    Args:
        names: each as they or Meta wrote it.
    """

    names: tuple[str, ...]

    def stands_in(self, text: str) -> bool:
        """Whether one of them stands in this text as a whole."""
        words = set(words_of(text))
        return any(whole <= words for name in self.names if (whole := {term.text for term in terms_of(name)}))

    def is_all_of(self, text: str) -> bool:
        """Whether the text is one of them, or nothing but a part of one: the first name alone, the surname alone."""
        words = set(words_of(text))
        return bool(words) and any(words <= set(words_of(name)) for name in self.names)


def unname(known: Known, *, at: datetime) -> int:
    """Take them out of every view that is kept. The view stays, with its lane and its filters. Returns how many had to be changed."""
    return sum(_clear(view, known, at) for view in list(SavedView.objects.select_related("user").order_by("pk")))


def _clear(view: SavedView, known: Known, at: datetime) -> bool:
    asked = parse_qsl(view.query)
    left = [(name, value) for name, value in asked if name != "q" or not (known.stands_in(value) or known.is_all_of(value))]
    is_sought = left != asked
    is_named = known.stands_in(view.name) or (is_sought and known.is_all_of(view.name))
    if not (is_sought or is_named):
        return False
    values = {"query": urlencode(left), "name": _another_name(view) if is_named else view.name}
    # One that was changed meanwhile is as its owner wants it to be now.
    if not SavedView.objects.filter(pk=view.pk, query=view.query, name=view.name).update(**values):
        return False
    Activity.record("savedview.unnamed", view, by=None, at=at)
    return True


def _another_name(view: SavedView) -> str:
    """One that says nothing, and that its owner has not given to another."""
    taken = set(SavedView.objects.filter(user=view.user_id).values_list("name", flat=True))
    with translation.override(view.user.language or None):
        number = next(number for number in range(1, len(taken) + 2) if _("View %s") % number not in taken)
        return _("View %s") % number
