"""The worker looks into a request: a code becomes a token, the token tells what it leads to, and from that the person chooses."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime

from accounts.connecting.addresses import return_address
from accounts.connecting.claiming import Claim
from accounts.connecting.found import Found, Problem, known_here
from accounts.connecting.kept import Kept
from accounts.connecting.meta import graph_client, login_client
from accounts.connecting.recognising import INSTAGRAM, PAGE, PASSING, SYSTEM_USER, Candidates, Holder, ends, lasting, likely_login, recognise
from accounts.connecting.refusals import Refused, refusal_of
from accounts.connecting.verifying import check_messages
from accounts.models import ConnectionRequest, MetaApp
from core.clock import now
from core.wake import wake
from graph.errors import AppRefused, ErrorAnswer, GraphError, PermissionMissing
from graph.networks import Login, Network
from graph.profiles import ManagedPage
from graph.scopes import NEEDED_SCOPES

Method, State = ConnectionRequest.Method, ConnectionRequest.State
# Source: Meta, Messenger Platform overview, "Page tasks".
TASKS = ("MESSAGING", "MODERATE")
# So many have their messages tried before the choice; of the others only what is chosen.
TRIED = 20

# A found account with the token that speaks for it.
Lead = tuple[Found, str]


def look(claim: Claim) -> None:
    """Raises Refused."""
    at = now()
    kept = _with_token(claim, Kept.read(claim.request.secret), at=at)
    holder = _holder(claim.request, kept, at=at)
    end = holder.expires_at.isoformat() if holder.expires_at else ""
    is_system_user = holder.kind == SYSTEM_USER
    kept = Kept(token=holder.token, lasts_until=end, permissions=holder.scopes or (), app=holder.app.public_id, by_system_user=is_system_user)
    claim.keep(kept)
    leads = _leads(claim, holder)
    _hand_on(claim, holder, leads, kept)


# The token --------------------------------------------------------------------------------------------------------
def _with_token(claim: Claim, kept: Kept, *, at: datetime) -> Kept:
    """A code is good once: what it gives is written down before anything else is done."""
    if not kept.code:
        return kept
    request, address = claim.request, return_address(claim.request.method)
    try:
        with login_client(request.meta_app, Login(request.method)) as client:
            granted = client.token_for(kept.code, redirect_uri=address)
    except AppRefused:
        raise Refused("app_secret", app=str(request.meta_app)) from None
    except PASSING as error:
        raise refusal_of(error) from None
    except ErrorAnswer:
        raise Refused("code_refused", address=address) from None
    end = ends(granted, at)
    kept = Kept(token=granted.token, lasts_until=end.isoformat() if end else "", permissions=granted.permissions)
    claim.keep(kept)
    claim.renew()
    return kept


def _holder(request: ConnectionRequest, kept: Kept, *, at: datetime) -> Holder:
    candidates = _candidates(request, kept)
    try:
        holder = recognise(kept.token, candidates)
    except Refused as refused:
        if request.account and refused.code in ("token_dead", "wrong_app") and likely_login(kept.token) not in candidates:
            raise Refused("other_login", login=likely_login(kept.token).value, wanted=request.account.name) from None
        raise
    # Instagram tells both beside the first token of a login; what `debug_token` tells is newer.
    scopes = holder.scopes if holder.scopes is not None else kept.permissions or None
    expires_at = holder.expires_at or (datetime.fromisoformat(kept.lasts_until) if kept.lasts_until else None)
    return lasting(replace(holder, scopes=scopes, expires_at=expires_at), candidates[holder.login], at=at)


def _candidates(request: ConnectionRequest, kept: Kept) -> Candidates:
    """For which apps, and from which logins, the token may be. A reconnected account keeps its app and its login."""
    if request.account:
        return {Login(request.account.login): [request.account.meta_app]}
    if request.method != Method.TOKEN:
        return {Login(request.method): [request.meta_app]}
    apps = [app for app in MetaApp.objects.order_by("pk") if kept.app in ("", app.public_id)]
    return {login: [app for app in apps if app.kind == login] for login in Login}


# What it leads to -------------------------------------------------------------------------------------------------
def _leads(claim: Claim, holder: Holder) -> list[Lead]:
    try:
        leads = [_marked(lead, holder) for lead in _accounts(holder)]
    except GraphError as error:
        raise refusal_of(error) from None
    claim.renew()
    if claim.request.account:
        leads = [lead for lead in leads if _is_wanted(claim.request, lead[0])] or _refuse_others(claim.request, leads)
    return list(_tried(claim, holder, leads))


def _accounts(holder: Holder) -> Iterator[Lead]:
    if holder.kind == INSTAGRAM:
        found = Found(Network.INSTAGRAM, Login.INSTAGRAM, holder.profile_id, holder.name or holder.username, holder.username)
        yield found, holder.token
    elif holder.kind == PAGE:
        yield from _of_page(holder)
    else:
        yield from _of_person(holder)


def _of_person(holder: Holder) -> Iterator[Lead]:
    with graph_client(holder.app, holder.token, login=Login.FACEBOOK, network=Network.MESSENGER) as client:
        pages = client.pages()
    if not pages:
        raise Refused("no_pages")
    for page in pages:
        problems = tuple(_problems_of_role(page))
        yield Found(Network.MESSENGER, Login.FACEBOOK, page.id, page.name, problems=problems), page.token
        if page.instagram_id:
            name = page.instagram_username or page.name
            linked = Found(
                Network.INSTAGRAM, Login.FACEBOOK, page.instagram_id, name, page.instagram_username, page_id=page.id, page_name=page.name, problems=problems
            )  # fmt: skip
            yield linked, page.token


def _problems_of_role(page: ManagedPage) -> Iterator[Problem]:
    if not page.token:
        yield Problem("no_page_token", {})
    lacking = [task for task in TASKS if task not in page.tasks] if page.tasks else []
    if lacking:
        yield Problem("missing_tasks", {"tasks": ", ".join(lacking)})


def _of_page(holder: Holder) -> Iterator[Lead]:
    """A Page's own token tells nothing of what its person may do there."""
    with graph_client(holder.app, holder.token, login=Login.FACEBOOK, network=Network.MESSENGER) as client:
        page = client.account()
    yield Found(Network.MESSENGER, Login.FACEBOOK, page.id, page.name, page.username), holder.token
    with graph_client(holder.app, holder.token, login=Login.FACEBOOK, network=Network.INSTAGRAM) as client:
        try:
            linked = client.account()
        except PermissionMissing:
            return
    name = linked.name or linked.username or page.name
    yield Found(Network.INSTAGRAM, Login.FACEBOOK, linked.id, name, linked.username, page_id=page.id, page_name=page.name), holder.token


def _marked(lead: Lead, holder: Holder) -> Lead:
    """With the permissions that it lacks."""
    found, token = lead
    lacking = holder.lacks(NEEDED_SCOPES[Login(found.login), Network(found.network)], found.ids)
    problem = Problem("missing_scopes", {"scopes": ", ".join(lacking)})
    return (replace(found, problems=(*found.problems, problem)) if lacking else found), token


def _tried(claim: Claim, holder: Holder, leads: list[Lead]) -> Iterator[Lead]:
    """One conversation of each is read: only so can one know whether an Instagram account lets connected tools see its messages."""
    asks = True
    for number, (found, token) in enumerate(leads):
        refusal = _refusal(claim, holder, found, token) if asks and number < TRIED and not found.problems else None
        # What will pass is no judgement; it is looked at again before anything is saved, and the person waits for no more of it.
        asks = asks and (refusal is None or refusal.code not in ("unavailable", "rate_limited"))
        yield (replace(found, problems=(Problem.of(refusal),)) if refusal and asks else found), token


def _refusal(claim: Claim, holder: Holder, found: Found, token: str) -> Refused | None:
    try:
        check_messages(holder.app, token, found)
    except Refused as refused:
        return refused
    finally:
        claim.renew()
    return None


# One account that is reconnected ----------------------------------------------------------------------------------
def _is_wanted(request: ConnectionRequest, found: Found) -> bool:
    account = request.account
    return account is not None and (found.network, found.id) == (account.network, account.external_id)


def _refuse_others(request: ConnectionRequest, leads: list[Lead]) -> list[Lead]:
    assert request.account is not None
    others = ", ".join(f"“{found.name}”" for found, _token in leads if found.network == request.account.network) or f"“{leads[0][0].name}”"
    raise Refused("wrong_account", found=others, wanted=request.account.name)


def _hand_on(claim: Claim, holder: Holder, leads: list[Lead], kept: Kept) -> None:
    """To the person, who chooses; where one account is reconnected there is nothing to choose."""
    here = known_here(found for found, _token in leads)
    found = [replace(each, account=here[each.key].public_id if each.key in here else "") for each, _token in leads]
    kept = replace(kept, tokens={each.key: token for each, token in leads})
    more = {"meta_app": holder.app, "found": [each.written() for each in found], "secret": kept.written()}
    if claim.request.account is None:
        return claim.hand_on(State.CHOOSING, **more)
    if problems := found[0].problems:
        raise Refused(problems[0].code, **problems[0].facts)
    days = missed_days(claim.request, at=now())
    claim.hand_on(State.SAVING, **more, chosen=[{"key": found[0].key}], history_days=days)
    wake("connect")


def missed_days(request: ConnectionRequest, *, at: datetime) -> int:
    """For how long nothing could be heard for sure: so much is read back when it works again."""
    account = request.account
    if account is None or account.state == account.State.CONNECTED or account.state_changed_at is None:
        return 0
    return min((at - account.state_changed_at).days + 1, 90)
