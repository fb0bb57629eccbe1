"""One connection on its way: what is going on, what can be chosen, what became of it."""

import hashlib
from dataclasses import dataclass
from functools import cached_property

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from accounts.connecting.begin import login_address
from accounts.connecting.errors import Explained, explain
from accounts.connecting.found import Found, found_in, known_here
from accounts.models import Account, ConnectionRequest
from core.clock import now

State, Method = ConnectionRequest.State, ConnectionRequest.Method
# More than these are not suggested all at once.
SUGGESTED = 5
SLOW_SECONDS = 30
HISTORY: tuple[tuple[str, str | Promise], ...] = (
    ("0", _("none")), ("7", _("the last week")), ("30", _("the last month")), ("90", _("the last three months")), ("365", _("the last year")),
    ("everything", _("everything")),
)  # fmt: skip


@dataclass(frozen=True)
class Choice:
    """One account that may be chosen, as the page shows it."""

    found: Found
    known: Account | None
    is_suggested: bool

    @property
    def changes_login(self) -> bool:
        """Whether the account is connected by the other login, under which Meta may know its contacts by other ids."""
        return self.known is not None and self.known.login != self.found.login


class Progress:
    """A request as its page shows it."""

    def __init__(self, request: ConnectionRequest) -> None:
        self.request = request

    @property
    def waits_at_meta(self) -> bool:
        return self.request.state == State.BEGUN

    @property
    def moves(self) -> bool:
        """Whether a worker is at it."""
        return self.request.state in (State.LOOKING, State.SAVING)

    @property
    def trigger(self) -> str:
        """How often the page looks again; not at all while the person has to do something here."""
        if self.moves:
            return "every 1s"
        return "every 3s" if self.request.state == State.BEGUN else ""

    @property
    def is_slow(self) -> bool:
        return self.moves and (now() - self.request.at).total_seconds() > SLOW_SECONDS

    @property
    def login_address(self) -> str:
        return login_address(self.request)

    @cached_property
    def choices(self) -> list[Choice]:
        """Those without trouble first."""
        found = found_in(self.request)
        here = known_here(found)
        fresh = [each for each in found if not each.problems and each.key not in here]
        suggested = fresh if len(fresh) <= SUGGESTED else []
        return sorted((Choice(each, here.get(each.key), each in suggested) for each in found), key=lambda choice: bool(choice.found.problems))

    @property
    def can_choose(self) -> bool:
        return any(not choice.found.problems for choice in self.choices)

    @property
    def history(self) -> tuple[tuple[str, str | Promise], ...]:
        return HISTORY

    @property
    def connected(self) -> list[Choice]:
        """What was connected, with what is still to be done about it."""
        saved = {entry["account"] for entry in self.request.chosen}
        return [choice for choice in self.choices if choice.known and choice.known.public_id in saved]

    @property
    def not_connected(self) -> list[Choice]:
        connected = self.connected
        return [choice for choice in self.choices if choice not in connected]

    @property
    def new(self) -> set[str]:
        return {entry["account"] for entry in self.request.chosen if entry["is_new"]}

    @property
    def done_of(self) -> tuple[int, int]:
        """How many of the chosen are saved."""
        return sum("account" in entry for entry in self.request.chosen), len(self.request.chosen)

    @property
    def why(self) -> Explained:
        return explain(self.request.error, self.request.error_facts)

    @property
    def mark(self) -> str:
        """The same as long as the page would look the same."""
        shown = (self.request.state, self.is_slow, self.done_of)
        return hashlib.sha256(repr(shown).encode()).hexdigest()[:16]
