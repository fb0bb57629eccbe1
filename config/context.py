"""What the header shows on every page. Each fact is asked for only by the templates that show it."""

from collections.abc import Mapping, Sequence
from functools import cached_property

from django.conf import settings
from django.http import HttpRequest

from accounts.banner import Banner, banners
from accounts.models import Account, Right, User
from agents.models import Proposal
from core.clock import now
from inbox.models import Conversation

# Counts stop here: a header that says "99+" must not cost more than one that says 3.
COUNTED = 500


class Header:
    """The facts of the header, for one person during one request."""

    def __init__(self, user: User) -> None:
        self.user = user

    @property
    def demo(self) -> bool:
        return bool(settings.DEMO)

    @cached_property
    def unread(self) -> int:
        """Conversations with something that this person has not seen, among the newest."""
        return Conversation.objects.visible_to(self.user).count_unread(self.user, among=COUNTED)

    @cached_property
    def waiting(self) -> int:
        """Proposals that this person may decide and nobody has."""
        return len([account for _conversation, account in self._proposals if account in self._decides])

    @cached_property
    def waiting_in(self) -> set[int]:
        """Conversations in which a proposal waits for somebody."""
        return {conversation for conversation, _account in self._proposals}

    @cached_property
    def accounts(self) -> list[Account]:
        """The accounts that this person may read; the token is left where it is."""
        return list(Account.objects.visible_to(self.user).defer("token", "parting_token"))

    @property
    def banners(self) -> list[Banner]:
        """What is so on those among them from which nothing leaves."""
        return banners(self.user, self.accounts, at=now())

    @cached_property
    def _decides(self) -> set[int]:
        return set(Account.objects.where(self.user, Right.APPROVE).values_list("pk", flat=True)) if self._proposals else set()

    @cached_property
    def _proposals(self) -> Sequence[tuple[int, int]]:
        """Conversation and account of everything that waits."""
        waiting = Proposal.objects.awaiting_decision().visible_to(self.user).order_by("-pk")
        return list(waiting.values_list("conversation", "conversation__account")[:COUNTED])


def header(request: HttpRequest) -> Mapping[str, object]:
    user = getattr(request, "user", None)
    return {"header": Header(user)} if isinstance(user, User) and user.is_authenticated else {}
