"""Who is calling, and what that token may touch. Checks 1 to 4 of a request, in Meta's (inferred) order."""

import hashlib
import hmac

from graph.simulator import errors
from graph.simulator.call import Call
from graph.simulator.world import Account, App, Unknown, World


def authorise(world: World, call: Call) -> list[Account]:
    """The accounts that this token speaks for on this host: a Page token also speaks for its Instagram account."""
    if not call.token:
        raise errors.no_token(call.node == "me")
    accounts = [account for account in world.accounts_with_token(call.token) if account.site == call.site]
    if not accounts:
        raise errors.bad_token()
    check_proof(world.app(accounts[0].app), call)
    return accounts


def check_proof(app: App, call: Call) -> None:
    """Meta, Graph API security: HMAC-SHA256 of the token under the app secret, where the app demands it."""
    proof = call.text("appsecret_proof")
    if call.site == "instagram" or not (proof or app.require_proof):
        return
    if not proof:
        raise errors.invalid("API calls from the server require an appsecret_proof argument")
    expected = hmac.new(app.secret.encode(), call.token.encode(), hashlib.sha256).hexdigest()
    if not hmac.compare_digest(proof.encode(), expected.encode()):
        raise errors.invalid("Invalid appsecret_proof provided in the API argument")


def authorise_app(world: World, call: Call, app_id: str) -> App:
    """An app access token is `{app id}|{app secret}`."""
    app = app_of_token(world, call.token)
    if app is None:
        raise errors.bad_token() if call.token else errors.no_token(False)
    if app.id != app_id:
        raise errors.no_such_object(app_id, call.method)
    return app


def app_of_token(world: World, token: str) -> App | None:
    app_id, _, secret = token.partition("|")
    try:
        app = world.app(app_id)
    except Unknown:
        return None
    return app if hmac.compare_digest(app.secret.encode(), secret.encode()) else None


def at_node(accounts: list[Account], call: Call) -> list[Account]:
    """The accounts among them that the path addresses."""
    found = [account for account in accounts if call.node == "me" or call.node in account.nodes]
    if not found:
        raise errors.no_such_object(call.node, call.method)
    return found


def chosen(world: World, accounts: list[Account], call: Call) -> Account:
    """Behind one Page node live Messenger and Instagram: the recipient decides, then `platform`, then Messenger."""
    known = [account for account in accounts if world.knows(_contact_named(call), account=account.id)]
    platform = call.text("platform")
    wanted = [account for account in accounts if account.network == platform]
    pages = [account for account in accounts if not account.is_instagram]
    return (known or wanted or pages or accounts)[0]


def _contact_named(call: Call) -> str:
    recipient = call.params.get("recipient")
    if recipient is not None:
        recipient = call.thing("recipient").get("id", "")
    return str(recipient or call.text("user_id") or call.node)
