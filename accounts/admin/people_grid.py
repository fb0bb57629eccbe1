"""Who may do what on which account, as rows of people and columns of accounts: what is shown, and what somebody changed of it."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from django.core.paginator import Page, Paginator
from django.db.models import Prefetch, Q, QuerySet
from django.http import HttpRequest, QueryDict
from django.utils.functional import cached_property
from django.utils.http import urlencode
from django.utils.translation import gettext as _

from accounts.admin.permissions import managed_accounts
from accounts.granting import preset_of
from accounts.models import Account, Grant, Invitation, InvitedGrant, User
from accounts.models.invitation import PRESETS
from core.clock import now

PEOPLE = 50
# A form of more than a thousand fields is refused (DATA_UPLOAD_MAX_NUMBER_FIELDS): fifty people on eight accounts are 450.
ACCOUNTS = 8
# What stands for rights that are no preset; choosing it keeps them.
AS_IT_IS = "as-it-is"


def words_for(rights: Iterable[str]) -> str:
    """What these rights are, in a word or a few."""
    rights = set(rights)
    preset = preset_of(rights)
    if preset is not None:
        return str(dict(PRESETS)[preset]) if preset else _("No access")
    words = {"read": _("reads"), "reply": _("replies"), "approve": _("approves"), "manage": _("configures")}
    return _("Only: %(rights)s") % {"rights": ", ".join(said for right, said in words.items() if right in rights)}


@dataclass(frozen=True)
class Asked:
    """What of the grid somebody wants to see."""

    text: str = ""
    page: str = "1"
    accounts: str = "1"

    @classmethod
    def by(cls, request: HttpRequest) -> "Asked":
        return cls(request.GET.get("q", "").strip()[:120], request.GET.get("p", "1"), request.GET.get("a", "1"))

    def address(self, **other: str | int) -> str:
        """The query of the address that shows this, or something beside it."""
        asked = {"q": self.text, "p": self.page, "a": self.accounts, **other}
        query = urlencode({name: value for name, value in asked.items() if str(value) not in ("", "1")})
        return f"?{query}" if query else ""


@dataclass(frozen=True)
class Sent:
    """One cell that somebody set to something else than was shown, as the page names it. Whether there is such a cell is not known."""

    user: str
    account: str
    was: frozenset[str]
    preset: str


@dataclass(frozen=True)
class Change:
    """One cell that somebody set to something else than was shown."""

    user: User
    account: Account
    was: frozenset[str]
    preset: str


@dataclass(frozen=True)
class Cell:
    """What one person may do on one account."""

    user: User
    account: Account
    rights: frozenset[str]
    note: str = ""

    @property
    def name(self) -> str:
        return cell_name(self.user, self.account)

    @property
    def preset(self) -> str:
        found = preset_of(self.rights)
        return AS_IT_IS if found is None else found

    @property
    def choices(self) -> list[tuple[str, str]]:
        odd = [(AS_IT_IS, words_for(self.rights))] if self.preset == AS_IT_IS else []
        return [*odd, ("", _("No access")), *((name, str(words)) for name, words in PRESETS)]


@dataclass(frozen=True)
class Row:
    """One person on the accounts that are shown."""

    user: User
    cells: list[Cell]

    @property
    def was(self) -> str:
        """The rights that the page shows, so that a change knows what it changes."""
        return " ".join(f"{cell.account.public_id}:{'+'.join(sorted(cell.rights))}" for cell in self.cells)


@dataclass
class Grid:
    """One page of the grid, as one person sees it.

    Args:
        notes: what to say beside a cell, by person and account.
    """

    by: User
    asked: Asked
    notes: Mapping[tuple[int, int], str] = field(default_factory=dict)

    @cached_property
    def accounts(self) -> Page[Account]:
        return Paginator(managed_accounts(self.by).defer("token").order_by("name", "pk"), ACCOUNTS).get_page(self.asked.accounts)

    @cached_property
    def people(self) -> Page[User]:
        found = _matching(people_for(self.by), self.asked.text)
        return Paginator(found.order_by("-is_active", "name", "email", "pk"), PEOPLE).get_page(self.asked.page)

    @property
    def ways(self) -> dict[str, str]:
        """The addresses of the page itself and of those beside it."""
        people, accounts = int(self.people.number), int(self.accounts.number)
        return {
            "here": self.asked.address() or "?", "earlier_people": self.asked.address(p=people - 1) or "?", "later_people": self.asked.address(p=people + 1),
            "earlier_accounts": self.asked.address(a=accounts - 1) or "?", "later_accounts": self.asked.address(a=accounts + 1),
        }  # fmt: skip

    @cached_property
    def rows(self) -> list[Row]:
        held = _rights(self.people.object_list, self.accounts.object_list)
        return [Row(user, [self._cell(user, account, held) for account in self.accounts]) for user in self.people]

    @cached_property
    def invitations(self) -> list[tuple[Invitation, list[tuple[Account, str]]]]:
        """The open ones with what each leads to, account by account. They wait, so they come first."""
        if self.people.number != 1:
            return []
        shown = InvitedGrant.objects.filter(account__in=[account.pk for account in self.accounts])
        rows = _matching(invitations_for(self.by), self.asked.text).select_related("by").prefetch_related(Prefetch("grants", shown, to_attr="shown"))
        return [(invitation, self._invited(invitation)) for invitation in rows.order_by("email")[:PEOPLE]]

    def _invited(self, invitation: Invitation) -> list[tuple[Account, str]]:
        presets = {granted.account_id: str(granted.get_preset_display()) for granted in invitation.shown}  # type: ignore[attr-defined]
        return [(account, presets.get(account.pk, "")) for account in self.accounts]

    def _cell(self, user: User, account: Account, held: Mapping[tuple[int, int], set[str]]) -> Cell:
        place = (user.pk, account.pk)
        return Cell(user, account, frozenset(held.get(place, ())), self.notes.get(place, ""))


def people_for(by: User) -> QuerySet[User]:
    """Everybody, for a superuser; for a manager themselves and whoever has a grant on their accounts."""
    people = User.objects.filter(is_agent=False)
    if by.is_superuser:
        return people
    return people.filter(Q(pk=by.pk) | Q(pk__in=Grant.objects.filter(account__in=managed_accounts(by)).values("user")))


def invitations_for(by: User) -> QuerySet[Invitation]:
    """The open ones that lead to accounts of theirs; for a superuser all."""
    waiting = Invitation.objects.open(now())
    if by.is_superuser:
        return waiting
    return waiting.filter(pk__in=InvitedGrant.objects.filter(account__in=managed_accounts(by)).values("invitation"))


def cell_name(user: User, account: Account) -> str:
    return f"may-{user.public_id}-{account.public_id}"


def sent_changes(sent: QueryDict) -> Iterator[Sent]:
    """What the sent page changes of what it showed."""
    for name in sent:
        user = name.removeprefix("was-")
        if user != name:
            for account, rights in _parsed(str(sent[name])).items():
                chosen = sent.get(f"may-{user}-{account}")
                if chosen in ("", *dict(PRESETS)) and chosen != preset_of(rights):
                    yield Sent(user, account, rights, chosen)


def changes(by: User, sent: list[Sent]) -> list[Change]:
    """Those that are theirs to make, person by person in one order, so that two who save at once wait for each other and never cross."""
    people = {user.public_id: user for user in people_for(by).filter(public_id__in={each.user for each in sent})}
    accounts = {account.public_id: account for account in managed_accounts(by).defer("token")}
    theirs = [each for each in sent if each.user in people and each.account in accounts]
    return sorted((Change(people[each.user], accounts[each.account], each.was, each.preset) for each in theirs), key=lambda change: change.user.pk)


def _parsed(text: str) -> dict[str, frozenset[str]]:
    cells = (part.partition(":") for part in text.split())
    known = {right for right, _label in Grant._meta.get_field("right").choices or ()}
    return {account: frozenset(rights.split("+")) & known for account, _colon, rights in cells}


def _matching(rows: QuerySet[User] | QuerySet[Invitation], text: str) -> QuerySet:  # type: ignore[type-arg]
    for word in text.split():
        rows = rows.filter(Q(name__icontains=word) | Q(email__icontains=word))
    return rows


def _rights(people: Iterable[User], accounts: Iterable[Account]) -> dict[tuple[int, int], set[str]]:
    held: dict[tuple[int, int], set[str]] = {}
    grants = Grant.objects.filter(user__in=[user.pk for user in people], account__in=[account.pk for account in accounts])
    for user, account, right in grants.values_list("user", "account", "right"):
        held.setdefault((user, account), set()).add(right)
    return held
