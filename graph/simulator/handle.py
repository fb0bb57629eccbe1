"""From request to response: find the route, check the token, let faults have their say, answer."""

from typing import TYPE_CHECKING

import httpx

from graph.simulator import access, answers, dialogs, errors, scopes
from graph.simulator.call import Call, read_body, read_call
from graph.simulator.errors import MetaError
from graph.simulator.faults import BEFORE, WHILE_SENDING, Fault, own_error, refusal
from graph.simulator.routes import Data, Route, find
from graph.simulator.world import Account

if TYPE_CHECKING:
    from graph.simulator.simulator import Simulator


def handle(simulator: "Simulator", request: httpx.Request) -> httpx.Response:
    """The name of its route is among the extensions of the response, to be counted."""
    call = read_call(request)
    response = dialogs.answer(simulator, call) if dialogs.is_dialog(call) else _at_graph(simulator, call, request)
    response.extensions["route"] = "dialog" if dialogs.is_dialog(call) else call.route
    return response


def _at_graph(simulator: "Simulator", call: Call, request: httpx.Request) -> httpx.Response:
    try:
        read_body(call, request)
        return _answer(simulator, call)
    except MetaError as error:
        return answers.failed(call, error)


def _answer(simulator: "Simulator", call: Call) -> httpx.Response:
    route = find(simulator, call)
    call.route = route.name if route else ""
    if route and route.by_itself:
        return _through_faults(simulator, call, route, [])
    if route is None:
        access.check_token(simulator, call)
        raise errors.unknown_path("/".join(call.parts))
    accounts = access.authorise(simulator, call)
    accounts = access.at_node(accounts, call) if route.at_node else accounts
    return _through_faults(simulator, call, route, accounts)


def _through_faults(simulator: "Simulator", call: Call, route: Route, accounts: list[Account]) -> httpx.Response:
    account = access.chosen(simulator, accounts, call) if accounts else None
    subject = account or next(iter(simulator.world.accounts_with_token(call.token)), None)
    fault = simulator.faults.take(route.name, subject.id if subject else None, call)
    try:
        response = _counted(simulator, call, route, accounts, account, fault)
    except MetaError as error:
        response = answers.failed(call, error)
    if account:
        response.headers.update(simulator.usage(account))
    return response


def _counted(
    simulator: "Simulator", call: Call, route: Route, accounts: list[Account], account: Account | None, fault: Fault | None
) -> httpx.Response:
    """Faults that come before everything, access to messages, limits, the answer, and faults that only spoil the answer."""
    if fault and fault.kind in BEFORE:
        return _spoiled(call, fault)
    if account:
        _admit(simulator, call, route, account)
    within = fault if fault and fault.kind in WHILE_SENDING else None
    response = answers.ok(call, _data(simulator, call, route, accounts, account, within))
    return _late(call, response, fault) if fault and fault.applies_first else response


def _admit(simulator: "Simulator", call: Call, route: Route, account: Account) -> None:
    scopes.check(simulator, route.name, call.token, account)
    if route.is_messaging and account.is_instagram and not account.dm_access:
        raise errors.no_dm_access()
    for name in ("app", "day", *(["conversations"] if route.name == "conversations" else [])):
        simulator.count(account, name)


def _data(
    simulator: "Simulator", call: Call, route: Route, accounts: list[Account], account: Account | None, fault: Fault | None
) -> Data:
    if route.by_itself:
        return route.by_itself(simulator, call)
    if route.by_account and account:
        return route.by_account(simulator, call, account, fault)
    assert route.by_accounts
    return route.by_accounts(simulator, call, accounts)


def _spoiled(call: Call, fault: Fault) -> httpx.Response:
    """Nothing was applied, whatever it looks like from outside."""
    if fault.kind == "drop_before":
        return httpx.Response(500, extensions={"drop": "before"})
    if fault.kind == "ok_with_error":
        return answers.ok_with_error(call, own_error(fault))
    if fault.kind in ("html", "not_json"):
        return _unreadable(fault)
    raise refusal(fault)


def _late(call: Call, response: httpx.Response, fault: Fault) -> httpx.Response:
    """The request took effect; only its answer suffers."""
    if fault.kind == "error_after":
        return answers.failed(call, own_error(fault))
    if fault.kind == "ok_with_error_after":
        return answers.ok_with_error(call, own_error(fault))
    if fault.kind in ("html_after", "not_json_after"):
        return _unreadable(fault)
    response.extensions |= {"drop": "after"} if fault.kind == "drop_after" else {"delay": fault.seconds}
    return response


def _unreadable(fault: Fault) -> httpx.Response:
    return answers.html_error() if fault.kind.startswith("html") else answers.not_json()
