"""Who is who: the profile of a contact, the account itself, its Pages, and what a token is."""

from typing import TYPE_CHECKING, Any

from graph.simulator import access, errors
from graph.simulator.call import Call
from graph.simulator.fields import Fields, parse
from graph.simulator.world import Account, Contact

if TYPE_CHECKING:
    from graph.simulator.simulator import Simulator

SCOPES = {
    "messenger": ["pages_messaging", "pages_manage_metadata", "pages_show_list", "pages_read_engagement"],
    "instagram": ["instagram_basic", "instagram_manage_messages", "pages_manage_metadata", "pages_show_list"],
}


def profile(simulator: "Simulator", call: Call, accounts: list[Account]) -> dict[str, Any]:
    for account in accounts:
        if simulator.world.knows(call.node, account=account.id):
            contact = simulator.world.contact(call.node, account=account.id)
            return (
                _instagram_profile(simulator, call, contact)
                if account.is_instagram
                else _person(simulator, call, contact)
            )
    raise errors.no_such_object(call.node, call.method)


def own(simulator: "Simulator", call: Call, accounts: list[Account]) -> dict[str, Any]:
    """`GET /me`, or the account by its id. With a Page token `me` is the Page, also for Instagram behind it."""
    account = accounts[0]
    if account.site == "instagram":
        return _shown(_instagram_me(simulator, account), parse(call.text("fields")).or_default("id", "username"))
    if call.node == account.id and account.is_instagram:
        return _shown(_instagram_user(simulator, account), parse(call.text("fields")).or_default("id"))
    return _shown(_page(simulator, accounts), parse(call.text("fields")).or_default("id", "name"))


def pages(simulator: "Simulator", call: Call, accounts: list[Account]) -> dict[str, Any]:
    """`/me/accounts`. The simulator has no user tokens: any token of an app lists that app's Pages."""
    app = accounts[0].app
    listed = [account for account in simulator.world.accounts() if account.app == app and account.login == "facebook"]
    nodes = dict.fromkeys(account.page_id or account.id for account in listed)
    groups = [[account for account in listed if node in account.nodes] for node in nodes]
    shown = parse(call.text("fields")).or_default("access_token", "category", "name", "id", "tasks")
    return {"data": [_shown(_page(simulator, group), shown) for group in groups]}


def debug_token(simulator: "Simulator", call: Call) -> dict[str, Any]:
    """HTTP 200 for good and bad tokens alike; the inner error says `subcode`, not `error_subcode`."""
    app = access.app_of_token(simulator.world, call.token)
    if app is None and not simulator.world.accounts_with_token(call.token):
        raise errors.bad_token() if call.token else errors.no_token(False)
    accounts = simulator.world.accounts_with_token(call.text("input_token"))
    if not accounts or (dead := simulator.faults.kills_token(accounts[0].id)):
        subcode = (dead.subcode or 463) if accounts and dead else 467
        return {"data": _bad_token(subcode) | ({"app_id": accounts[0].app} if accounts else {})}
    return {"data": _good_token(simulator, accounts)}


def _person(simulator: "Simulator", call: Call, contact: Contact) -> dict[str, Any]:
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
    """Consent exists only once the person wrote or tapped; observed: 230 before."""
    if not contact.profile or contact.acted_at is None:
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


def _page(simulator: "Simulator", accounts: list[Account]) -> dict[str, Any]:
    page = next((account for account in accounts if not account.is_instagram), None)
    linked = next((account for account in accounts if account.is_instagram), None)
    account = page or accounts[0]
    known = {
        "access_token": account.token,
        "category": "Shopping & retail",
        "name": account.name,
        "username": page.username if page else "",
        "link": f"https://www.facebook.com/{account.page_id or account.id}",
        "tasks": ["ANALYZE", "ADVERTISE", "MESSAGING", "MODERATE", "CREATE_CONTENT", "MANAGE"],
        "id": account.id if page else account.page_id,
    }
    return known | ({"instagram_business_account": _instagram_user(simulator, linked)} if linked else {})


def _shown(known: dict[str, Any], fields: Fields) -> dict[str, Any]:
    """Unknown names are left out; the id is always there."""
    shown = {name: _inner(known[name], inner) for name, inner in fields.inner.items() if name in known}
    return shown | {"id": known["id"]}


def _inner(value: Any, fields: Fields) -> Any:
    return _shown(value, fields.or_default("id")) if isinstance(value, dict) else value


def _good_token(simulator: "Simulator", accounts: list[Account]) -> dict[str, Any]:
    account, now = accounts[0], simulator.now_ms() // 1000
    scopes = sorted({scope for each in accounts for scope in SCOPES[each.network]})
    return {
        "app_id": account.app,
        "type": "PAGE" if account.login == "facebook" else "USER",
        "application": "Simulator",
        "data_access_expires_at": now + 90 * 86400,
        "expires_at": 0,
        "is_valid": True,
        "issued_at": now - 86400,
        "profile_id": account.page_id or account.id,
        "user_id": account.page_id or account.id,
        "scopes": scopes,
    }


def _bad_token(subcode: int) -> dict[str, Any]:
    error = {"code": 190, "message": "Error validating access token.", "subcode": subcode}
    return {"error": error, "is_valid": False, "scopes": []}
