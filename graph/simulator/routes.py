"""Which part of the simulator answers which path, and the name by which faults refer to it."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from graph.simulator import ids, logins, moderation, personas, profiles, reads, sends, subscriptions, threads, uploads, utility_templates
from graph.simulator.call import Call
from graph.simulator.faults import Fault
from graph.simulator.world import Account

if TYPE_CHECKING:
    from graph.simulator.simulator import Simulator

Data = dict[str, Any]
Simple = Callable[["Simulator", Call, Account], Data]
ByAccounts = Callable[["Simulator", Call, list[Account]], Data]


@dataclass(frozen=True)
class Route:
    """What answers: by itself, by account, or by all accounts of the token. `is_messaging` needs access to messages."""

    name: str
    by_itself: Callable[["Simulator", Call], Data] | None = None
    by_account: Callable[["Simulator", Call, Account, Fault | None], Data] | None = None
    by_accounts: ByAccounts | None = None
    at_node: bool = True
    is_messaging: bool = False


def _account(name: str, answer: Simple, *, is_messaging: bool = False) -> Route:
    return Route(name, by_account=lambda simulator, call, account, _: answer(simulator, call, account), is_messaging=is_messaging)


def _accounts(name: str, answer: ByAccounts, *, at_node: bool = False, is_messaging: bool = False) -> Route:
    return Route(name, by_accounts=answer, at_node=at_node, is_messaging=is_messaging)


EDGES = {
    ("POST", "messages"): Route("messages", by_account=sends.send, is_messaging=True),
    ("POST", "message_attachments"): _account("message_attachments", uploads.upload),
    ("POST", "messageattachments"): _account("message_attachments", uploads.upload),
    ("GET", "conversations"): _account("conversations", reads.conversations, is_messaging=True),
    ("GET", "messages"): _accounts("conversation", reads.messages, is_messaging=True),
    ("GET", "attachments"): _accounts("message", reads.message_attachments, is_messaging=True),
    ("POST", "subscribed_apps"): _accounts("subscribed_apps", subscriptions.subscribe_account, at_node=True),
    ("GET", "subscribed_apps"): _accounts("subscribed_apps", subscriptions.account_subscriptions, at_node=True),
    ("DELETE", "subscribed_apps"): _accounts("subscribed_apps", subscriptions.unsubscribe_account, at_node=True),
    ("POST", "subscriptions"): Route("subscriptions", by_itself=subscriptions.subscribe_app),
    ("GET", "subscriptions"): Route("subscriptions", by_itself=subscriptions.app_subscriptions),
    ("GET", "permissions"): Route("permissions", by_itself=subscriptions.app_permissions),
    ("POST", "pass_thread_control"): _account("thread_control", threads.pass_on),
    ("POST", "take_thread_control"): _account("thread_control", threads.take),
    ("POST", "release_thread_control"): _account("thread_control", threads.let_go),
    ("POST", "request_thread_control"): _account("thread_control", threads.ask_for),
    ("POST", "extend_thread_control"): _account("thread_control", threads.extend),
    ("GET", "thread_owner"): _account("thread_owner", threads.owner),
    ("POST", "moderate_conversations"): _account("moderate_conversations", moderation.moderate),
    ("POST", "personas"): _account("personas", personas.create),
    ("GET", "personas"): _account("personas", personas.every),
    ("POST", "message_templates"): _account("message_templates", utility_templates.create),
    ("GET", "message_templates"): _account("message_templates", utility_templates.every),
    ("GET", "accounts"): Route("accounts", by_itself=profiles.pages),
}
TOKENS = {
    ("facebook", "oauth/access_token"): Route("oauth", by_itself=logins.facebook_token),
    ("facebook", "debug_token"): Route("debug_token", by_itself=profiles.debug_token),
    ("instagram", "debug_token"): Route("debug_token", by_itself=profiles.debug_token),
    ("instagram", "oauth/access_token"): Route("oauth", by_itself=logins.instagram_token),
    ("instagram", "access_token"): Route("access_token", by_itself=logins.long_instagram_token),
    ("instagram", "refresh_access_token"): Route("refresh_access_token", by_itself=logins.refreshed_token),
}
ME = _accounts("me", profiles.own, at_node=True)
PERSON = Route("me", by_itself=profiles.person)
CONVERSATION = _accounts("conversation", reads.conversation, is_messaging=True)
MESSAGE = _accounts("message", reads.message, is_messaging=True)
PROFILE = _accounts("profile", profiles.profile)
PERSONA = _accounts("personas", personas.delete)


def find(simulator: "Simulator", call: Call) -> Route | None:
    path = "/".join(call.parts)
    if (call.site, path) in TOKENS:
        return TOKENS[call.site, path]
    if call.edge:
        return EDGES.get((call.method, call.edge))
    if len(call.parts) != 1:
        return None
    return _node(simulator, call)


def _node(simulator: "Simulator", call: Call) -> Route | None:
    if call.method == "DELETE" and personas.is_persona(simulator, call.node):
        return PERSONA
    if call.method != "GET":
        return None
    if ids.is_message_id(call.node):
        return MESSAGE
    if ids.is_conversation_id(call.node):
        return CONVERSATION
    return _somebody(simulator, call)


def _somebody(simulator: "Simulator", call: Call) -> Route:
    """Whoever the token speaks for, one of their accounts, or a contact."""
    if profiles.asks_for_person(simulator, call):
        return PERSON
    return ME if call.node == "me" or any(call.node in account.nodes for account in simulator.world.accounts()) else PROFILE
