"""Who is who: the profile of a contact, the account itself, its Pages, and what a token is."""

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from graph.simulator import access, errors, scopes, tokens
from graph.simulator.call import Call
from graph.simulator.fields import Fields, parse
from graph.simulator.paging import page
from graph.simulator.tokens import Token
from graph.simulator.world import Account, Contact

if TYPE_CHECKING:
    from graph.simulator.simulator import Simulator

ALL_TASKS = ["ANALYZE", "ADVERTISE", "MESSAGING", "MODERATE", "CREATE_CONTENT", "MANAGE"]
APPLICATION = "Simulator"
TYPES = {"page": "PAGE", "user": "USER", "system_user": "SYSTEM_USER", "instagram": "USER"}
UNKNOWN = 467


def profile(simulator: "Simulator", call: Call, accounts: list[Account]) -> dict[str, Any]:
    for account in accounts:
        if simulator.world.knows(call.node, account=account.id):
            contact = simulator.world.contact(call.node, account=account.id)
            made = _instagram_profile if account.is_instagram else _profile
            return made(simulator, call, contact)
    raise errors.no_such_object(call.node, call.method)


def own(simulator: "Simulator", call: Call, accounts: list[Account]) -> dict[str, Any]:
    """`GET /me`, or the account by its id. With a Page token `me` is the Page, also for Instagram behind it."""
    account, fields = accounts[0], parse(call.text("fields"))
    if account.site == "instagram":
        return _shown(_instagram_me(simulator, account), fields.or_default("id", "username"))
    if call.node == account.id and account.is_instagram:
        return _shown(_instagram_user(simulator, account), fields.or_default("id"))
    return _shown(_page(simulator, accounts, call.token), fields.or_default("id", "name"))


def asks_for_person(simulator: "Simulator", call: Call) -> bool:
    token = tokens.find(simulator.world, call.token)
    return token is not None and token.is_persons and call.node in ("me", token.person)


def person(simulator: "Simulator", call: Call) -> dict[str, Any]:
    """`GET /me` with the token of a person."""
    token = access.check_token(simulator, call)
    known = tokens.person(simulator.store, token.person)
    return _shown({"name": known.name, "id": known.id}, parse(call.text("fields")).or_default("name", "id"))


def pages(simulator: "Simulator", call: Call) -> dict[str, Any]:
    """`/me/accounts`: the Pages of a person, each with its own token. A Page's token lists all Pages of its app."""
    token = access.check_token(simulator, call)
    is_person = token.is_persons and call.node in ("me", token.person)
    if call.site != "facebook" or not (is_person or (token.kind == "page" and call.node == "me")):
        raise errors.no_such_object(call.node, call.method)
    if "pages_show_list" not in scopes.of(token):
        return page(call, [])
    shown = parse(call.text("fields")).or_default("access_token", "category", "category_list", "name", "id", "tasks")
    return page(call, [_shown(known, shown) for known in _managed(simulator, token)])


def debug_token(simulator: "Simulator", call: Call) -> dict[str, Any]:
    """HTTP 200 for good and bad tokens alike; the inner error says `subcode`, not `error_subcode`."""
    if access.app_of_token(simulator.world, call.token) is None:
        access.check_token(simulator, call)
    token = tokens.find(simulator.world, call.text("input_token"))
    if token is None:
        return {"data": _bad_token(None, UNKNOWN)}
    subcode = token.fault(now=simulator.now_ms()) or _faulty(simulator, token)
    return {"data": _bad_token(token, subcode) if subcode else _good_token(simulator, token)}


def _profile(simulator: "Simulator", call: Call, contact: Contact) -> dict[str, Any]:
    """Without access to profiles Meta answers 200 with nothing but the id."""
    if not contact.profile:
        return {"id": contact.id}
    first, _, last = contact.name.partition(" ")
    known = {
        "first_name": first,
        "last_name": last,
        "name": contact.name,
        "profile_pic": simulator.picture_url,
        "locale": "en_GB",
        "timezone": 0,
        "id": contact.id,
    }
    return _shown(known, parse(call.text("fields")).or_default("first_name", "last_name", "profile_pic"))


def _instagram_profile(simulator: "Simulator", call: Call, contact: Contact) -> dict[str, Any]:
    """Consent exists only once the person wrote or tapped, and until they block; observed: 230 before."""
    if not contact.profile or contact.acted_at is None or contact.blocked:
        raise errors.MetaError(230, "(#230) User consent is required to access user profile")
    known = {
        "name": contact.name,
        "username": contact.username,
        "profile_pic": simulator.picture_url,
        "follower_count": 42,
        "is_user_follow_business": False,
        "is_business_follow_user": False,
        "is_verified_user": False,
        "id": contact.id,
    }
    return _shown(known, parse(call.text("fields")).or_default("name", "username", "profile_pic"))


def _instagram_me(simulator: "Simulator", account: Account) -> dict[str, Any]:
    """On graph.instagram.com `id` is app-scoped; webhooks and sends use `user_id`."""
    return {
        "user_id": account.id,
        "username": account.username,
        "name": account.name,
        "account_type": "BUSINESS",
        "profile_picture_url": simulator.picture_url,
        "id": account.scoped_id,
    }


def _instagram_user(simulator: "Simulator", account: Account) -> dict[str, Any]:
    return {
        "username": account.username,
        "name": account.name,
        "profile_picture_url": simulator.picture_url,
        "id": account.id,
    }


def _managed(simulator: "Simulator", token: Token) -> list[dict[str, Any]]:
    listed = [each for each in simulator.world.accounts() if each.app == token.app and each.login == "facebook"]
    nodes = dict.fromkeys(each.page_id or each.id for each in listed)
    mine = tokens.person(simulator.store, token.person).pages if token.is_persons else list(nodes)
    return [_page(simulator, [each for each in listed if node in each.nodes], token.token) for node in nodes if node in mine]


def _page(simulator: "Simulator", accounts: list[Account], token: str) -> dict[str, Any]:
    own = next((account for account in accounts if not account.is_instagram), None)
    linked = next((account for account in accounts if account.is_instagram), None)
    account = own or accounts[0]
    node = account.page_id or account.id
    known = {
        "category": "Shopping & retail",
        "category_list": [{"id": "200600219953504", "name": "Shopping & retail"}],
        "name": account.name,
        "username": own.username if own else "",
        "link": f"https://www.facebook.com/{node}",
        "messaging_feature_status": {"hop_v2": True, "msgr_multi_app": False, "ig_multi_app": False},
        "id": node,
    }
    known |= _role(simulator, account, node, token)
    return known | ({"instagram_business_account": _instagram_user(simulator, linked)} if linked else {})


def _role(simulator: "Simulator", account: Account, node: str, token: str) -> dict[str, Any]:
    """The Page's token as this person gets it, and what they may do there."""
    own = tokens.find(simulator.world, token)
    if own is None or not own.is_persons:
        return {"access_token": account.token, "tasks": ALL_TASKS}
    tasks = tokens.person(simulator.store, own.person).tasks
    return {"access_token": tokens.page_token(simulator.store, of=own, page=node, now=simulator.now_ms()).token, "tasks": tasks}


def _shown(known: dict[str, Any], fields: Fields) -> dict[str, Any]:
    """Unknown names are left out; the id is always there. Of a node inside only the id, unless more is asked for."""
    shown = {name: _inner(known[name], inner) for name, inner in fields.inner.items() if name in known}
    return shown | {"id": known["id"]}


def _inner(value: Any, fields: Fields) -> Any:
    return _shown(value, fields.or_default("id")) if isinstance(value, dict) and "id" in value else value


def _faulty(simulator: "Simulator", token: Token) -> int:
    accounts = tokens.accounts_of(simulator.world, token)
    dead = simulator.faults.kills_token(accounts[0].id) if accounts else None
    return (dead.subcode or tokens.EXPIRED) if dead else 0


def _good_token(simulator: "Simulator", token: Token) -> dict[str, Any]:
    accounts, now = tokens.accounts_of(simulator.world, token), simulator.now_ms()
    nodes = list(dict.fromkeys(each.page_id or each.id for each in accounts))
    owner = token.person or (nodes[0] if nodes else "")
    known = {
        "app_id": token.app,
        "type": TYPES[token.kind],
        "application": APPLICATION,
        "data_access_expires_at": tokens.data_access_until(_origin(simulator, token), now=now) // 1000,
        "expires_at": (token.expires_at or 0) // 1000,
        "is_valid": True,
        "issued_at": (token.issued_at or now - tokens.HOUR_MS * 24) // 1000,
        "user_id": owner,
        "scopes": scopes.of(token),
        "granular_scopes": scopes.granular(simulator, token),
    }
    return known if token.is_persons else known | {"profile_id": nodes[0] if nodes else ""}


def _origin(simulator: "Simulator", token: Token) -> Token:
    """A Page's token that was had from a system user sees data as long as that one does."""
    is_systems = bool(token.person) and tokens.person(simulator.store, token.person).kind == "system_user"
    return replace(token, kind="system_user") if is_systems else token


def _bad_token(token: Token | None, subcode: int) -> dict[str, Any]:
    error = {"code": 190, "message": "Error validating access token.", "subcode": subcode}
    known = {"app_id": token.app, "application": APPLICATION, "expires_at": (token.expires_at or 0) // 1000} if token else {}
    return known | {"error": error, "is_valid": False, "scopes": []}
