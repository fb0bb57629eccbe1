"""Who is calling, and what that token may touch. Checks 1 to 4 of a request, in Meta's (inferred) order."""

import hashlib
import hmac
from typing import TYPE_CHECKING

from graph.simulator import errors, tokens
from graph.simulator.call import Call
from graph.simulator.tokens import Token
from graph.simulator.world import Account, App, Unknown, World

if TYPE_CHECKING:
    from graph.simulator.simulator import Simulator


def authorise(simulator: "Simulator", call: Call) -> list[Account]:
    """The accounts that this token speaks for on this host: a Page's token also for the Instagram account behind the Page.

    A person's token reads them all, but only an Instagram account does anything for it.
    """
    token = check_token(simulator, call)
    accounts = [account for account in tokens.accounts_of(simulator.world, token) if account.site == call.site]
    if token.is_persons and call.edge and not any(call.node == account.id and account.is_instagram for account in accounts):
        raise errors.page_token_needed()
    if not accounts:
        raise errors.bad_token()
    return accounts


def check_token(simulator: "Simulator", call: Call) -> Token:
    """Present, known on this host, alive, and proven where the app wants that."""
    if not call.token:
        raise errors.no_token(call.node == "me")
    token = tokens.find(simulator.world, call.token)
    if token is None or (token.kind == "instagram") != (call.site == "instagram"):
        raise errors.bad_token()
    if subcode := token.fault(now=simulator.now_ms()):
        raise errors.bad_token(subcode)
    check_proof(simulator.world.app(token.app), call)
    return token


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


def chosen(simulator: "Simulator", accounts: list[Account], call: Call) -> Account:
    """Behind one Page node live Messenger and Instagram: the recipient decides, then `platform`, then Messenger."""
    named = _contact_named(simulator, call)
    known = [account for account in accounts if simulator.world.knows(named, account=account.id)]
    platform = call.text("platform")
    wanted = [account for account in accounts if account.network == platform]
    pages = [account for account in accounts if not account.is_instagram]
    return (known or wanted or pages or accounts)[0]


def _contact_named(simulator: "Simulator", call: Call) -> str:
    """The recipient, also the author of a comment that is answered privately."""
    if "recipient" not in call.params or str(call.params["recipient"]).isdigit():
        return call.text("recipient") or call.text("user_id") or call.node
    recipient = call.thing("recipient")
    comment = str(recipient.get("comment_id") or recipient.get("post_id") or "")
    row = simulator.store.row("SELECT contact FROM comment WHERE id = ?", comment) if comment else None
    return str(row["contact"] if row else recipient.get("id", ""))
