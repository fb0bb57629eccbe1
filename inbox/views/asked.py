"""What somebody asks of the list: lane, filters, order and words, as they stand in its address."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields, replace
from typing import Any
from urllib.parse import SplitResult, urlencode, urlsplit

from django.db.models import Q
from django.http import QueryDict
from django.urls import reverse

from accounts.models import Account, User
from graph.networks import Network
from inbox.lanes import LANES, SORTS, Lane, Sort
from inbox.models.conversation_queries import ConversationQuerySet
from inbox.views.access import Request

# The lane of whoever asks for none; of the filter by assignee, the person who looks, and nobody.
ALL, ME, NOBODY = "all", "me", "nobody"
FILTERS = ("account", "label", "assignee", "network")
LONGEST = 200


@dataclass(frozen=True)
class Asked:
    """One way of looking at the list. Each is "" where the address does not say.

    Args:
        account: public id of the only account to show.
        label: public id of a label that they carry.
        assignee: "me", "nobody", or the public id of a colleague.
        q: words to look for.
    """

    lane: str = ""
    account: str = ""
    label: str = ""
    assignee: str = ""
    network: str = ""
    sort: str = ""
    q: str = ""

    @classmethod
    def of(cls, query: Mapping[str, Any]) -> "Asked":
        """What is no lane and no order of ours counts as not said."""
        said = cls(**{each.name: without_nul(str(query.get(each.name, ""))).strip()[:LONGEST] for each in fields(cls)})
        lane = said.lane if said.lane in LANES and said.lane != ALL else ""
        is_own = said.sort in SORTS and said.sort != LANES[lane or ALL].sort
        return replace(said, lane=lane, sort=said.sort if is_own else "", network=said.network if said.network in set(Network) else "")

    @classmethod
    def beside(cls, request: Request) -> "Asked":
        """What the list shows that stands on the page from which this was asked."""
        if "asked" in request.POST:
            return cls.written(request.POST["asked"])
        match = request.resolver_match
        if not request.htmx or (match and match.url_name == "conversations"):
            return cls.of(request.GET)
        return cls.written(shown_address(request).query)

    @classmethod
    def written(cls, query: str) -> "Asked":
        """The same from the query of an address."""
        return cls.of(QueryDict(query.removeprefix("?")))

    @property
    def query(self) -> str:
        """As it stands in an address; "" where nothing in particular is asked."""
        return urlencode({name: value for name, value in asdict(self).items() if value})

    @property
    def fields(self) -> list[tuple[str, str]]:
        """As a form carries it along that asks for words."""
        return [(name, value) for name, value in asdict(self).items() if value and name != "q"]

    @property
    def suffix(self) -> str:
        return f"?{self.query}" if self.query else ""

    @property
    def address(self) -> str:
        return reverse("inbox:conversations") + self.suffix

    @property
    def the_lane(self) -> Lane:
        return LANES[self.lane or ALL]

    @property
    def the_sort(self) -> Sort:
        return SORTS[self.sort or self.the_lane.sort]

    @property
    def is_filtered(self) -> bool:
        return any(getattr(self, name) for name in FILTERS)

    def to(self, lane: str) -> "Asked":
        """Another lane, in its own order and without words; the filters stay."""
        return replace(self, lane="" if lane == ALL else lane, sort="", q="")

    def without(self, *names: str) -> "Asked":
        return replace(self, **dict.fromkeys(names, ""))

    def keeps(self, account: Account) -> bool:
        """Whether the filters leave anything on this account."""
        return self.account in ("", account.public_id) and self.network in ("", account.network)

    def filter(self, rows: ConversationQuerySet, user: User) -> ConversationQuerySet:
        """Those that pass every filter, whatever their lane."""
        if self.account:
            rows = rows.filter(account__public_id=self.account)
        if self.network:
            rows = rows.filter(account__network=self.network)
        if self.label:
            rows = rows.filter(labels__public_id=self.label)
        if self.assignee:
            rows = rows.filter({ME: Q(assignee=user), NOBODY: Q(assignee=None)}.get(self.assignee, Q(assignee__public_id=self.assignee)))
        return rows


def shown_address(request: Request) -> SplitResult:
    """The address of the page from which htmx asks; empty where it tells none, or nothing that can be read."""
    try:
        return urlsplit(request.htmx.current_url or "")
    except ValueError:
        return urlsplit("")


def without_nul(typed: str) -> str:
    """PostgreSQL takes no NUL, not even to compare with."""
    return typed.replace("\0", "")
