"""Asks Meta how one account stands. Nothing here writes to the database, and no transaction is open meanwhile."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from django.conf import settings

from accounts.graph import client_for
from accounts.models import Account, MetaApp
from accounts.reasons import token_reason
from accounts.tending.troubles import trouble_code
from graph.app_client import AppClient, TokenFacts
from graph.client import GraphClient
from graph.errors import AppRefused, GraphError, MessagesSwitchedOff, NoAnswer, PermissionMissing, TokenInvalid
from graph.networks import Login, Network
from graph.scopes import NEEDED_SCOPES

Kind = Account.TokenKind


@dataclass
class Findings:
    """What one look found.

    Args:
        dead: why the token does not work, as a code; "" where it does, or where nobody knows.
        silent: the code of why Meta gave no answer at all, once it gave none.
        known: the lines that Meta's answers speak of.
        values: columns of the account.
        troubles: by line, the code of why nobody knows.
    """

    dead: str = ""
    silent: str = ""
    known: set[str] = field(default_factory=set)
    values: dict[str, Any] = field(default_factory=dict)
    troubles: dict[str, str] = field(default_factory=dict)

    @property
    def looked_at(self) -> set[str]:
        return self.known | set(self.troubles)


def look_at(account: Account) -> Findings:
    """Everything that can be asked about it, as far as the token goes."""
    found = Findings()
    if not account.token or account.token.unreadable:
        found.dead = "token_unreadable" if account.token else "no_token"
        return found
    try:
        client = client_for(account)
    except (TokenInvalid, ValueError):
        found.dead = "token_dead"
        return found
    for name, look in _looks(account):
        _try(name, look, account, client, found)
    return found


def app_client(app: MetaApp) -> AppClient:
    """The client of an app, to be closed.

    Raises:
        graph.errors.GraphError, ValueError: its id or secret cannot be one.
    """
    login = Login(app.kind)
    url = settings.GRAPH_URLS[login]
    return AppClient(app.app_id, app.secret.if_readable(), login=login, base_url=url, version=settings.GRAPH_VERSION, transport=settings.GRAPH_TRANSPORT)


Look = Callable[[Account, GraphClient, Findings], None]


def _looks(account: Account) -> list[tuple[str, Look]]:
    token = _instagram_token if account.login == Login.INSTAGRAM else _facebook_token
    looks: list[tuple[str, Look]] = [("token", token), ("subscription", _subscription)]
    return [*looks, ("messages_access", _messages_access)] if account.network == Network.INSTAGRAM else looks


def _try(name: str, look: Look, account: Account, client: GraphClient, found: Findings) -> None:
    """A dead token ends the look; so does silence, for whoever waits behind this account. Anything else leaves its own line unknown."""
    if found.silent:
        found.troubles[name] = found.silent
    if found.dead or found.silent:
        return
    try:
        look(account, client, found)
        found.known.add(name)
    except TokenInvalid as error:
        found.dead = token_reason(error.subcode)
    except GraphError as error:
        found.troubles[name] = trouble_code(error)
        found.silent = found.troubles[name] if isinstance(error, NoAnswer) else ""


def _facebook_token(account: Account, client: GraphClient, found: Findings) -> None:
    """Source: Meta, Graph API reference, "Debug token"."""
    facts = _debugged(account)
    if not facts.is_valid:
        found.dead = token_reason(facts.error_subcode)
    elif _is_of_another(facts, account):
        found.dead = "token_of_another"
    else:
        found.values |= _told_of_token(facts, account)


def _debugged(account: Account) -> TokenFacts:
    """Here an invalid token would be the app's own, which says nothing of the account's."""
    try:
        with app_client(account.meta_app) as app:
            return app.debug_token(account.token.reveal())
    except (TokenInvalid, ValueError):
        pass
    raise AppRefused("Meta does not take the app's own token.")


def _is_of_another(facts: TokenFacts, account: Account) -> bool:
    other_app = bool(facts.app_id) and facts.app_id != account.meta_app.app_id
    return other_app or (bool(facts.profile_id) and facts.profile_id != account.node)


def _told_of_token(facts: TokenFacts, account: Account) -> dict[str, Any]:
    told: dict[str, Any] = {
        "token_expires_at": facts.expires_at, "data_access_until": facts.data_access_expires_at, "scopes": list(_given(facts, account)),
    }  # fmt: skip
    if facts.kind == "SYSTEM_USER":
        told["token_kind"] = Kind.SYSTEM_USER
    elif facts.kind == "PAGE" and account.token_kind != Kind.SYSTEM_USER:
        # A Page token that comes from a system user calls itself a Page's.
        told["token_kind"] = Kind.PAGE
    if facts.user_id and not account.meta_user_id:
        told["meta_user_id"] = facts.user_id
    return told


def _given(facts: TokenFacts, account: Account) -> tuple[str, ...]:
    """A permission may have been given for some accounts only; then it counts where this one is among them."""
    own = {account.external_id, account.page_id, account.node}
    elsewhere = {scope for scope, ids in facts.granular.items() if ids and not own & set(ids)}
    return tuple(scope for scope in facts.scopes if scope not in elsewhere)


def _instagram_token(account: Account, client: GraphClient, found: Findings) -> None:
    """Nothing tells about a token of Instagram Login but what it can do. Source: Meta, Instagram API with Instagram Login, "Me"."""
    if client.account().id != account.external_id:
        found.dead = "token_of_another"
    else:
        found.values |= {"token_kind": Kind.INSTAGRAM}


def _subscription(account: Account, client: GraphClient, found: Findings) -> None:
    """With Instagram Login the list holds the token's own app alone, under an id that need not be the one we know."""
    ours = account.meta_app.app_id if account.login == Login.FACEBOOK else ""
    found.values["subscribed_fields"] = list(client.subscriptions(app_id=ours))


def _messages_access(account: Account, client: GraphClient, found: Findings) -> None:
    """Only reading tells. For a creator's account it is also what makes webhooks begin (Meta, Instagram Messaging, "Get started")."""
    Access = Account.MessagesAccess
    try:
        client.conversations(limit=1)
    except MessagesSwitchedOff:
        found.values["messages_access"] = Access.REFUSED
        return
    except PermissionMissing:
        found.values |= _proven(account, works=False)
        raise
    found.values |= {"messages_access": Access.ALLOWED} | _proven(account, works=True)


def _proven(account: Account, *, works: bool) -> dict[str, Any]:
    """With Instagram Login no call lists the permissions: that reading works proves those that are needed, and that it fails, the lack of one."""
    if account.login != Login.INSTAGRAM:
        return {}
    basic, messages = NEEDED_SCOPES[Login.INSTAGRAM, Network.INSTAGRAM]
    if works:
        return {"scopes": list(dict.fromkeys([*account.scopes, basic, messages]))}
    return {"scopes": list(dict.fromkeys([scope for scope in account.scopes if scope != messages] + [basic]))}
