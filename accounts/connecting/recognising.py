"""Whose token is this, for which app, and does it last? What Meta tells of a token, before anything hangs on it.

Source: Meta, Graph API reference, "Debug token"; Access tokens guide; Instagram Platform, "Business Login" (`/me` of graph.instagram.com).
"""

from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from accounts.connecting.meta import app_client, graph_client, login_client
from accounts.connecting.refusals import Refused, refusal_of
from accounts.models import MetaApp
from graph.app_client import TokenFacts
from graph.errors import AppRefused, ErrorAnswer, GraphError, NoAnswer, RateLimited, TokenInvalid, Unavailable
from graph.logins import GrantedToken
from graph.networks import Login, Network

# A token that ends sooner is no use to an inbox: somebody would have to come back tomorrow.
LASTING = timedelta(days=1)
USER, PAGE, SYSTEM_USER, INSTAGRAM = "USER", "PAGE", "SYSTEM_USER", "INSTAGRAM"
# Trouble that says nothing about the token.
PASSING = (NoAnswer, Unavailable, RateLimited)

Candidates = Mapping[Login, Sequence[MetaApp]]


@dataclass(frozen=True)
class Holder:
    """A token that works, and what Meta tells of it.

    Args:
        kind: USER, PAGE or SYSTEM_USER for Facebook's, INSTAGRAM for Instagram Login's.
        expires_at: None where it lives on without end, or where Meta did not tell.
        scopes: None where Meta did not tell.
        granular: of each permission that was given for some accounts only, the ids of those.
        profile_id: the Page, or the Instagram account, that it speaks for.
    """

    app: MetaApp
    login: Login
    kind: str
    token: str = field(repr=False)
    expires_at: datetime | None = None
    data_access_until: datetime | None = None
    scopes: tuple[str, ...] | None = None
    granular: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    profile_id: str = ""
    user_id: str = ""
    name: str = ""
    username: str = ""

    def lacks(self, needed: Sequence[str], ids: set[str]) -> list[str]:
        """Which of these permissions it was not given for what has these ids. What Meta did not tell is no accusation."""
        if self.scopes is None:
            return []
        return [scope for scope in needed if scope not in self.scopes or not ids.intersection(self.granular.get(scope) or ids)]


def recognise(token: str, candidates: Candidates) -> Holder:
    """Whose token this is. Raises Refused where it cannot be used, or Meta cannot be asked.

    Args:
        candidates: the logins that it may come from, each with the apps that it may have been made for.
    """
    likelier, *others = sorted(candidates, key=lambda login: login is not likely_login(token))
    try:
        return _of(likelier, token, candidates[likelier])
    except Refused as refused:
        if refused.code not in ("token_dead", "no_app"):
            raise
        refusal = refused
    for login in others:
        with suppress(Refused):
            return _of(login, token, candidates[login])
    raise refusal


def likely_login(token: str) -> Login:
    """Instagram's tokens begin with IG, Facebook's with EAA: observed, and promised nowhere."""
    return Login.INSTAGRAM if token.startswith("IG") else Login.FACEBOOK


def _of(login: Login, token: str, apps: Sequence[MetaApp]) -> Holder:
    if not apps:
        raise Refused("no_app", login=login.value)
    return _of_instagram(token, apps) if login is Login.INSTAGRAM else _of_facebook(token, apps)


# Facebook ---------------------------------------------------------------------------------------------------------
def _of_facebook(token: str, apps: Sequence[MetaApp]) -> Holder:
    others: set[str] = set()
    for app in apps:
        facts = token_facts(app, token, Login.FACEBOOK)
        if facts is None:
            continue
        if facts.app_id == app.app_id and facts.is_valid:
            return _holder(app, token, facts)
        if facts.app_id == app.app_id or not facts.app_id:
            raise Refused("token_dead")
        others.add(facts.app_id)
    raise Refused("wrong_app", app=", ".join(sorted(others)), ours=names(apps))


def token_facts(app: MetaApp, token: str, login: Login) -> TokenFacts | None:
    """What this app hears of the token; None where Meta tells it nothing, as of a token of another app.

    Raises:
        Refused: Meta does not take the app, or does not answer.
    """
    try:
        with app_client(app, login) as client:
            return client.debug_token(token)
    except (TokenInvalid, AppRefused):
        # The token with which we ask is made of the app's id and secret.
        raise Refused("app_secret", app=str(app)) from None
    except PASSING as error:
        raise refusal_of(error) from None
    except ErrorAnswer:
        return None


def _holder(app: MetaApp, token: str, facts: TokenFacts) -> Holder:
    if facts.kind not in (USER, PAGE, SYSTEM_USER):
        raise Refused("token_of_app")
    return Holder(
        app=app, login=Login.FACEBOOK, kind=facts.kind, token=token, expires_at=facts.expires_at, data_access_until=facts.data_access_expires_at,
        scopes=facts.scopes, granular=facts.granular, profile_id=facts.profile_id, user_id=facts.user_id,
    )  # fmt: skip


# Instagram --------------------------------------------------------------------------------------------------------
def _of_instagram(token: str, apps: Sequence[MetaApp]) -> Holder:
    """Its own `/me` tells whose it is. For which app, Meta tells only where `debug_token` knows such tokens, or where that app can exchange it."""
    try:
        with graph_client(apps[0], token, login=Login.INSTAGRAM, network=Network.INSTAGRAM) as client:
            profile = client.account()
    except GraphError as error:
        raise refusal_of(error) from None
    holder = Holder(
        app=apps[0], login=Login.INSTAGRAM, kind=INSTAGRAM, token=token, profile_id=profile.id, user_id=profile.scoped_id, name=profile.name,
        username=profile.username,
    )  # fmt: skip
    return _with_facts(holder, apps)


def _with_facts(holder: Holder, apps: Sequence[MetaApp]) -> Holder:
    told = [(app, facts) for app in apps if (facts := _facts_if_told(app, holder.token)) and facts.app_id]
    for app, facts in told:
        if facts.app_id == app.app_id:
            return replace(
                holder, app=app, expires_at=facts.expires_at, data_access_until=facts.data_access_expires_at, scopes=facts.scopes, granular=facts.granular
            )  # fmt: skip
    if told:
        raise Refused("wrong_app", app=told[0][1].app_id, ours=names(apps))
    return holder


def _facts_if_told(app: MetaApp, token: str) -> TokenFacts | None:
    """Nothing of Meta's promises that graph.instagram.com answers this."""
    try:
        return token_facts(app, token, Login.INSTAGRAM)
    except Refused:
        return None


# Lasting ----------------------------------------------------------------------------------------------------------
def lasting(holder: Holder, apps: Sequence[MetaApp], *, at: datetime) -> Holder:
    """The same with a token that lasts, exchanged where it can be. Raises Refused where it lasts less than a day and cannot be exchanged."""
    if holder.kind == PAGE:
        if holder.expires_at and holder.expires_at < at + LASTING:
            raise Refused("short_page_token")
        return holder
    if holder.kind == SYSTEM_USER and holder.expires_at is None:
        return holder
    return _exchanged(holder, apps, at=at)


def _exchanged(holder: Holder, apps: Sequence[MetaApp], *, at: datetime) -> Holder:
    """A token that is long-lived already may not be exchanged once more, and is as good."""
    tried = [holder.app] if holder.login is Login.FACEBOOK or holder.scopes is not None else apps
    for app in tried:
        granted = _lengthened(app, holder)
        if granted:
            return replace(holder, app=app, token=granted.token, expires_at=ends(granted, at))
    if holder.expires_at and holder.expires_at < at + LASTING:
        raise Refused("stays_short")
    if len(tried) > 1:
        raise Refused("which_app")
    return holder


def _lengthened(app: MetaApp, holder: Holder) -> GrantedToken | None:
    try:
        with login_client(app, holder.login) as client:
            return client.lengthen(holder.token)
    except PASSING as error:
        raise refusal_of(error) from None
    except ErrorAnswer:
        return None


def ends(granted: GrantedToken, at: datetime) -> datetime | None:
    return at + timedelta(seconds=granted.lasts_seconds) if granted.lasts_seconds else None


def names(apps: Sequence[MetaApp]) -> str:
    return ", ".join(f"{app} ({app.app_id})" if app.name else str(app) for app in apps)
