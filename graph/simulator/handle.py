"""From request to response: find the route, check the token, let faults have their say, answer."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import httpx

from graph.simulator import access, answers, errors, ids, profiles, reads, sends, subscriptions, uploads
from graph.simulator.call import Call, read_body, read_call
from graph.simulator.errors import MetaError
from graph.simulator.faults import BEFORE, WHILE_SENDING, Fault, refusal
from graph.simulator.world import Account

if TYPE_CHECKING:
    from graph.simulator.simulator import Simulator

Data = dict[str, Any]


@dataclass(frozen=True)
class Route:
    """A name that faults refer to, and what answers: by app, by account, or by all accounts of the token."""

    name: str
    by_app: Callable[["Simulator", Call], Data] | None = None
    by_account: Callable[["Simulator", Call, Account, Fault | None], Data] | None = None
    by_accounts: Callable[["Simulator", Call, list[Account]], Data] | None = None
    at_node: bool = True


UPLOAD = Route("message_attachments", by_account=lambda s, c, a, _: uploads.upload(s, c, a))
EDGES = {
    ("POST", "messages"): Route("messages", by_account=sends.send),
    ("POST", "message_attachments"): UPLOAD,
    ("POST", "messageattachments"): UPLOAD,
    ("GET", "conversations"): Route("conversations", by_account=lambda s, c, a, _: reads.conversations(s, c, a)),
    ("GET", "messages"): Route("conversation", by_accounts=reads.messages, at_node=False),
    ("POST", "subscribed_apps"): Route("subscribed_apps", by_accounts=subscriptions.subscribe_account),
    ("GET", "subscribed_apps"): Route("subscribed_apps", by_accounts=subscriptions.account_subscriptions),
    ("DELETE", "subscribed_apps"): Route("subscribed_apps", by_accounts=subscriptions.unsubscribe_account),
    ("POST", "subscriptions"): Route("subscriptions", by_app=subscriptions.subscribe_app),
    ("GET", "subscriptions"): Route("subscriptions", by_app=subscriptions.app_subscriptions),
}
ACCOUNTS = Route("accounts", by_accounts=profiles.pages)
DEBUG_TOKEN = Route("debug_token", by_app=profiles.debug_token)
ME = Route("me", by_accounts=profiles.own)
CONVERSATION = Route("conversation", by_accounts=reads.conversation, at_node=False)
MESSAGE = Route("message", by_accounts=reads.message, at_node=False)
PROFILE = Route("profile", by_accounts=profiles.profile, at_node=False)


def handle(simulator: "Simulator", request: httpx.Request) -> httpx.Response:
    call = read_call(request)
    try:
        read_body(call, request)
        return _answer(simulator, call)
    except MetaError as error:
        return answers.failed(call, error)


def find(simulator: "Simulator", call: Call) -> Route | None:
    if call.edge:
        own_pages = call.method == "GET" and call.parts == ["me", "accounts"]
        return ACCOUNTS if own_pages else EDGES.get((call.method, call.edge))
    if len(call.parts) != 1 or call.method != "GET":
        return None
    return _node(simulator, call.node)


def _node(simulator: "Simulator", node: str) -> Route:
    if node == "debug_token":
        return DEBUG_TOKEN
    if ids.is_message_id(node):
        return MESSAGE
    if ids.is_conversation_id(node):
        return CONVERSATION
    return ME if node == "me" or any(node in account.nodes for account in simulator.world.accounts()) else PROFILE


def _answer(simulator: "Simulator", call: Call) -> httpx.Response:
    route = find(simulator, call)
    if route and route.by_app:
        return _through_faults(simulator, call, route, [])
    accounts = access.authorise(simulator.world, call)
    if route is None:
        raise errors.unknown_path("/".join(call.parts))
    accounts = access.at_node(accounts, call) if route.at_node else accounts
    return _through_faults(simulator, call, route, accounts)


def _through_faults(simulator: "Simulator", call: Call, route: Route, accounts: list[Account]) -> httpx.Response:
    account = access.chosen(simulator.world, accounts, call) if accounts else None
    fault = simulator.faults.take(route.name, account.id if account else None)
    if fault and fault.kind in BEFORE:
        return _spoiled(call, fault)
    within = fault if fault and fault.kind in WHILE_SENDING else None
    response = answers.ok(call, _data(simulator, call, route, accounts, account, within))
    return _late(call, response, fault) if fault and fault.applies_first else response


def _data(
    simulator: "Simulator",
    call: Call,
    route: Route,
    accounts: list[Account],
    account: Account | None,
    fault: Fault | None,
) -> Data:
    if route.by_app:
        return route.by_app(simulator, call)
    if route.by_account and account:
        return route.by_account(simulator, call, account, fault)
    assert route.by_accounts
    return route.by_accounts(simulator, call, accounts)


def _spoiled(call: Call, fault: Fault) -> httpx.Response:
    """Nothing was applied, whatever it looks like from outside."""
    if fault.kind == "drop_before":
        return httpx.Response(500, extensions={"drop": "before"})
    if fault.kind == "html":
        return answers.html_error(call)
    if fault.kind == "ok_with_error":
        return answers.ok_with_error(call, errors.broken(1))
    raise refusal(fault)


def _late(call: Call, response: httpx.Response, fault: Fault) -> httpx.Response:
    """The request took effect; only its answer suffers."""
    if fault.kind == "error_after":
        return answers.failed(call, errors.broken(1))
    response.extensions |= {"drop": "after"} if fault.kind == "drop_after" else {"delay": fault.seconds}
    return response
