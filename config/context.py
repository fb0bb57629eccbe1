"""What the header and the list show on every page. Each fact is asked for only by the templates that show it, and everything that is counted in one query."""

from collections.abc import Mapping
from datetime import datetime
from functools import cached_property
from typing import Any, cast

from django.conf import settings
from django.db.models import F, Q, Subquery
from django.http import HttpRequest

from accounts.banner import Banner, banners
from accounts.models import Account, Right, User
from accounts.readable import readable_accounts
from agents.models import Proposal
from core.clock import now
from inbox.lanes import COUNTED, LANES, Among, Counted, counts, hits, next_back
from inbox.models import Conversation
from inbox.models.conversation_queries import unread_by
from inbox.views.access import Request
from inbox.views.asked import Asked
from inbox.views.tabs import Tabs


class Header:
    """The facts of the header, for one person during one request.

    Args:
        asked: what the list shows, where there is one on the page. Where the list comes later, it brings what is counted; until then nothing is said.
    """

    def __init__(self, user: User, asked: Asked | None = None, *, request: HttpRequest | None = None) -> None:
        self.user, self.asked, self.request = user, asked, request or HttpRequest()

    @property
    def demo(self) -> bool:
        return bool(settings.DEMO)

    @property
    def unread(self) -> int:
        """Open conversations with something that this person has not seen, among the newest."""
        return int(self._counts.get("unread", self._counts.get("lane_unread", 0)))

    @property
    def waiting(self) -> int:
        """Proposals that this person may decide and nobody has."""
        return int(self._counts.get("waiting", 0))

    @cached_property
    def lanes(self) -> Tabs | None:
        """The lanes of the list, where there is one on the page."""
        if self.asked is None:
            return None
        return Tabs(self.asked, {name: self._counts[f"lane_{name}"] for name in LANES if f"lane_{name}" in self._counts})

    @property
    def next_back_ms(self) -> int | None:
        """When the next conversation comes back that was put off; then the list is shown anew."""
        moment: datetime | None = self._counts.get("next_back")
        return int(moment.timestamp() * 1000) + 1 if moment else None

    @cached_property
    def accounts(self) -> list[Account]:
        """The accounts that this person may read."""
        return readable_accounts(self.request, self.user)

    @property
    def banners(self) -> list[Banner]:
        """What is so on those among them from which nothing leaves."""
        return banners(self.user, self.accounts, at=now())

    @cached_property
    def _counts(self) -> dict[str, Any]:
        """Everything that is counted, in one query of one row."""
        if getattr(self.request, "list_comes_later", False):
            return {}
        at, seen = now(), Conversation.objects.filter(self._readable)
        parts: dict[str, Any] = {"waiting": Counted(self._to_decide())}
        if self.asked is None or self.asked.is_filtered:
            parts["unread"] = hits(seen, unread_by(self.user), at)
        if self.asked is not None:
            lanes = counts(self.asked.filter(seen, self.user), self.user, at)
            parts |= {f"lane_{name}": part for name, part in lanes.items()} | {"next_back": next_back(seen, at)}
        return User.objects.filter(pk=self.user.pk).annotate(**parts).values(*parts).first() or {}

    @property
    def _readable(self) -> Q:
        """Of a conversation: whether this person may read it. The accounts are not fetched for that alone."""
        if "accounts" in self.__dict__:
            return Q(account__in=[account.pk for account in self.accounts])
        return Q(Among(F("account"), Subquery(Account.objects.visible_to(self.user).values("pk"))))

    def _to_decide(self) -> Any:
        decides = Account.objects.where(self.user, Right.APPROVE)
        return Proposal.objects.awaiting_decision().filter(conversation__account__in=decides).order_by().values("pk")[:COUNTED]


def header(request: HttpRequest) -> Mapping[str, object]:
    user = getattr(request, "user", None)
    if not isinstance(user, User) or not user.is_authenticated:
        return {}
    match = request.resolver_match
    has_list = match is not None and match.app_name == "inbox"
    return {"header": Header(user, Asked.beside(cast(Request, request)) if has_list else None, request=request)}
