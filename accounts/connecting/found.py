"""What a token leads to: an account that can be connected, or what stands against it."""

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from typing import Any

from accounts.connecting.errors import Explained, explain
from accounts.connecting.refusals import Refused
from accounts.models import Account, ConnectionRequest
from graph.networks import Login, Network


@dataclass(frozen=True)
class Problem:
    """Why something cannot be connected now, as `accounts.connecting.errors` puts it into words."""

    code: str
    facts: Mapping[str, Any]

    @classmethod
    def of(cls, refusal: Refused) -> "Problem":
        return cls(refusal.code, refusal.facts)

    @property
    def explained(self) -> Explained:
        return explain(self.code, self.facts)


@dataclass(frozen=True)
class Found:
    """One Page or Instagram account, as `ConnectionRequest.found` holds it. No token.

    Args:
        page_id, page_name: of an Instagram account, the Page through which it is reached.
        account: the public id of the account that is connected here already; empty for a new one.
    """

    network: str
    login: str
    id: str
    name: str
    username: str = ""
    page_id: str = ""
    page_name: str = ""
    account: str = ""
    problems: tuple[Problem, ...] = ()

    @property
    def key(self) -> str:
        """By which it is chosen."""
        return f"{self.network}-{self.id}"

    @property
    def node(self) -> str:
        """The id whose edges are called for it."""
        return self.page_id if self.login == Login.FACEBOOK and self.page_id else self.id

    @property
    def ids(self) -> set[str]:
        """Those by which Meta may name it where permissions are given for some accounts only."""
        return {self.id, self.page_id} - {""}

    @property
    def is_page(self) -> bool:
        return self.network == Network.MESSENGER

    @classmethod
    def read(cls, values: Mapping[str, Any]) -> "Found":
        problems = tuple(Problem(**problem) for problem in values.get("problems", ()))
        return cls(**{name: value for name, value in values.items() if name != "problems"}, problems=problems)

    def written(self) -> dict[str, Any]:
        return asdict(self)


def found_in(request: ConnectionRequest) -> list[Found]:
    return [Found.read(values) for values in request.found]


def known_here(found: Iterable[Found]) -> dict[str, Account]:
    """By key, those that are connected here already. The tokens are left where they are."""
    named = {each.key: each.id for each in found}
    # One list of ids: an agency has thousands of Pages, and a database takes no question with so many parts.
    accounts = Account.objects.filter(external_id__in=set(named.values())).select_related("meta_app").defer("token")
    here = {f"{account.network}-{account.external_id}": account for account in accounts}
    return {key: account for key, account in here.items() if key in named}
