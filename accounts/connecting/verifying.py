"""Before a token is saved: does it work, for this account, with everything that is needed?"""

from dataclasses import dataclass, field
from datetime import datetime

from accounts.connecting.found import Found
from accounts.connecting.kept import Kept
from accounts.connecting.meta import graph_client
from accounts.connecting.recognising import INSTAGRAM, PAGE, lasting, recognise
from accounts.connecting.refusals import Refused, refusal_of
from accounts.models import Account, MetaApp
from core.clock import now
from graph.client import GraphClient
from graph.errors import GraphError, MessagesSwitchedOff, NoAnswer, PermissionMissing, RateLimited, Rejected, TokenInvalid, Unavailable
from graph.networks import Login, Network
from graph.profiles import AccountProfile
from graph.scopes import NEEDED_SCOPES


@dataclass(frozen=True)
class Verified:
    """A token that works for its account, and what is written down of both."""

    token: str = field(repr=False)
    kind: str
    expires_at: datetime | None
    data_access_until: datetime | None
    scopes: tuple[str, ...]
    user_id: str
    name: str
    username: str
    messages_access: str


def verify(app: MetaApp, found: Found, kept: Kept, *, by_system_user: bool) -> Verified:
    """Raises Refused."""
    token = kept.tokens[found.key]
    login = Login(found.login)
    holder = recognise(token, {login: [app]})
    if holder.kind == PAGE:
        lasting(holder, [app], at=now())
    if lacking := holder.lacks(NEEDED_SCOPES[login, Network(found.network)], found.ids):
        raise Refused("missing_scopes", scopes=", ".join(lacking))
    own = _own_profile(app, token, found)
    check_messages(app, token, found)
    end = datetime.fromisoformat(kept.lasts_until) if holder.kind == INSTAGRAM and kept.lasts_until else None
    return Verified(
        token=token,
        kind=_kind(holder.kind, by_system_user=by_system_user),
        expires_at=holder.expires_at or end,
        data_access_until=holder.data_access_until,
        scopes=holder.scopes if holder.scopes is not None else kept.permissions,
        user_id=holder.user_id,
        name=own.name,
        username=own.username,
        messages_access=Account.MessagesAccess.ALLOWED if found.network == Network.INSTAGRAM else Account.MessagesAccess.UNTOLD,
    )


def check_messages(app: MetaApp, token: str, found: Found) -> None:
    """Read one conversation. Raises Refused."""
    try:
        with _client(app, token, found) as client:
            client.conversations(limit=1)
    except MessagesSwitchedOff:
        raise Refused("messages_off") from None
    except (TokenInvalid, NoAnswer, Unavailable, RateLimited) as error:
        raise refusal_of(error) from None
    except (PermissionMissing, Rejected):
        raise Refused("messages_refused") from None
    except GraphError as error:
        raise refusal_of(error) from None


def _own_profile(app: MetaApp, token: str, found: Found) -> AccountProfile:
    """Raises Refused where the token speaks for another account than it did a moment ago."""
    try:
        with graph_client(app, token, login=Login(found.login), network=Network(found.network)) as client:
            own = client.account()
    except PermissionMissing:
        raise Refused("not_linked") from None
    except GraphError as error:
        raise refusal_of(error) from None
    if own.id != found.id:
        raise Refused("wrong_account", found=f"“{own.name or own.username}”", wanted=found.name)
    return own


def _client(app: MetaApp, token: str, found: Found) -> GraphClient:
    return graph_client(app, token, login=Login(found.login), network=Network(found.network), node=found.node)


def _kind(told: str, *, by_system_user: bool) -> str:
    if told == INSTAGRAM:
        return Account.TokenKind.INSTAGRAM
    return Account.TokenKind.SYSTEM_USER if by_system_user else Account.TokenKind.PAGE
