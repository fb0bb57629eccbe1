"""The list of conversations: one lane of it, filtered, in an order."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import partial

from django.db.models import BooleanField, Exists, ExpressionWrapper, F, OuterRef, Subquery
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.functional import cached_property
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe
from django_htmx.http import push_url

from accounts.models import Account, User
from accounts.readable import readable_accounts
from core.clock import now
from core.json_rows import JSONRows
from graph.networks import Network
from inbox.lanes import SORTS, Among, has_proposal
from inbox.models import Conversation, Draft, Label, Mention
from inbox.models.conversation_queries import ConversationQuerySet
from inbox.views.access import Request, conversations_of, person
from inbox.views.asked import FILTERS, ME, NOBODY, Asked, shown_address
from inbox.views.filters import known_to, labels_for
from inbox.views.found import Found, found_for
from inbox.views.saved_views import view_for

ROWS = 30
MOST_ROWS = 300
EPOCH = datetime.fromtimestamp(0, UTC)


@require_safe
def conversations(request: Request) -> HttpResponse:
    """The page without an open conversation; as a fragment, the rows, or those that follow after `before`."""
    if "view" in request.GET:
        return redirect(_saved(request).address)
    page = Page.asked_by(request)
    if not request.htmx or request.htmx.history_restore_request:
        return render(request, "inbox/conversations.html", {"page": page})
    if "before" in request.GET and not page.q:
        return render(request, "inbox/_rows.html", {"page": page})
    return list_fragment(request, page)


def list_fragment(request: Request, page: "Page") -> HttpResponse:
    """The list with its lanes and filters; where somebody asked for it in another way than before, the address says so. Nothing where the
    page shows exactly that."""
    response = render(request, "inbox/_conversations.html", {"page": page})
    if request.GET.get("mark") == request.list_mark:
        return HttpResponse(status=204)
    response["List-Mark"] = request.list_mark
    here = shown_address(request)
    return push_url(response, here.path + page.asked.suffix) if _is_moved(request, here.query, page.asked) else response


def _is_moved(request: Request, shown: str, asked: Asked) -> bool:
    """Whether somebody chose, and the list did not refresh itself."""
    return request.method == "GET" and "rows" not in request.GET and Asked.written(shown) != asked


def _saved(request: Request) -> Asked:
    """What this person, or a colleague who shares it, keeps under that name; the whole list where it is forgotten."""
    view = view_for(person(request), request.GET["view"])
    return Asked.written(view.query if view else "")


@dataclass(frozen=True)
class Chip:
    """One filter that is in force.

    Args:
        address: the list without it.
    """

    kind: str
    words: str
    address: str


@dataclass(frozen=True)
class Page:
    """One stretch of the list.

    Args:
        before: where the stretch before this one ended.
        size: how many rows.
        open: public id of the conversation beside the list, or "".
        accounts: gives those that this person may read.
    """

    user: User
    asked: Asked = field(default_factory=Asked)
    before: str = ""
    size: int = ROWS
    open: str = ""
    at: datetime = field(default_factory=now)
    accounts: Callable[[], Sequence[Account]] = list

    @classmethod
    def asked_by(cls, request: Request, *, open: str = "") -> "Page":
        asked = request.POST if request.method == "POST" else request.GET
        rows = asked.get("rows", "")
        size = min(max(int(rows), ROWS), MOST_ROWS) if rows.isascii() and rows.isdigit() and len(rows) < 6 else ROWS
        user = person(request)
        accounts = partial(readable_accounts, request, user)
        return cls(user, Asked.beside(request), asked.get("before", ""), size, open or asked.get("open", ""), accounts=accounts)

    @property
    def q(self) -> str:
        return self.asked.q

    @cached_property
    def found(self) -> Found:
        """What has the words that are looked for, in every lane."""
        accounts = [account.pk for account in self.accounts() if self.asked.keeps(account)]
        rows = self.asked.filter(self._all, self.user)
        return found_for(self.user, self.q, rows, accounts=accounts, before=self.before, size=self.size)

    @cached_property
    def rows(self) -> list[Conversation]:
        return self._found[: self.size]

    @property
    def next(self) -> str:
        """Where those that follow begin; "" where this is the end."""
        last = self.rows[-1] if len(self._found) > self.size else None
        if last is None:
            return ""
        place = getattr(last, "place", None)
        return f"{_micros(place) if place else ''}.{_micros(last.last_message_at)}.{last.public_id}"

    @cached_property
    def chips(self) -> list[Chip]:
        """The filters that are in force, and the order where it is not the lane's own."""
        chips = [Chip(name, self._words(name), self.asked.without(name).address) for name in FILTERS if getattr(self.asked, name)]
        if self.asked.sort:
            chips.append(Chip("sort", str(SORTS[self.asked.sort].words), self.asked.without("sort").address))
        return chips

    @property
    def unfiltered(self) -> str:
        return self.asked.without(*FILTERS).address

    def _words(self, name: str) -> str:
        """A filter in words. Most often a row knows the name, and nobody has to be asked."""
        value = getattr(self.asked, name)
        if name == "network":
            return _("Instagram") if value == Network.INSTAGRAM else _("Messenger")
        if name == "assignee" and value in (ME, NOBODY):
            return _("Mine") if value == ME else _("Unassigned")
        known = (each for row in self._shown for each in self._named(row, name))
        return next((str(each) for each in known if each.public_id == value), "") or self._looked_up(name, value)

    @property
    def _shown(self) -> list[Conversation]:
        return [] if self.q else self.rows

    @staticmethod
    def _named(row: Conversation, name: str) -> Iterator[Account | Label | User]:
        if name == "label":
            yield from (Label(**label) for label in getattr(row, "labels_put", []))
        elif name == "account":
            yield row.account
        elif row.assignee:
            yield row.assignee

    def _looked_up(self, name: str, value: str) -> str:
        known = {"label": labels_for(self.user), "account": Account.objects.visible_to(self.user), "assignee": known_to(self.user)}[name]
        found = known.filter(public_id=value).first()
        return str(found) if found else _("Unknown")

    @property
    def _all(self) -> ConversationQuerySet:
        return conversations_of(self.user)  # type: ignore[return-value]

    @cached_property
    def _found(self) -> list[Conversation]:
        sort, at = self.asked.the_sort, self.at
        # The place in the list is found from narrow rows; only those that are shown are worked out.
        standing = self.asked.the_lane.of(self.asked.filter(Conversation.objects.visible_to(self.user), self.user), self.user, at)
        shown = self._after(sort.order(standing, at)).values("pk")[: self.size + 1]
        rows = self._all.filter(Among(F("pk"), Subquery(shown))).annotate(
            has_proposal=ExpressionWrapper(has_proposal(), output_field=BooleanField()),
            has_draft=Exists(Draft.objects.filter(conversation=OuterRef("pk"), user=self.user)),
            mentions_me=Exists(Mention.objects.filter(conversation=OuterRef("pk"), user=self.user, seen_at=None, note__removed_at=None)),
        )
        rows = rows.select_related("last_message__written_by", "last_message__dispatch", "assignee", "closed_by")
        rows = sort.order(rows, at).prefetch_related("last_message__attachments")
        labels = Label.objects.filter(conversations=OuterRef("pk"))
        return list(rows.annotate(labels_put=JSONRows(labels, "public_id", "name", "colour")))

    def _after(self, rows: ConversationQuerySet) -> ConversationQuerySet:
        place, _dot, rest = self.before.partition(".")
        moment, _dot, public_id = rest.partition(".")
        if not public_id or not _is_micros(moment) or (place and not _is_micros(place)):
            return rows
        return self.asked.the_sort.after(rows, _moment(place) if place else None, _moment(moment), public_id)


def _micros(moment: datetime) -> int:
    return (moment - EPOCH) // timedelta(microseconds=1)


def _is_micros(typed: str) -> bool:
    return typed.isascii() and typed.isdigit() and len(typed) < 18


def _moment(micros: str) -> datetime:
    return EPOCH + timedelta(microseconds=int(micros))
