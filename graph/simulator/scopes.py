"""Which permissions a token has, and what is refused without them.

Source: Meta, Messenger Platform, "Send a message", permissions; Instagram Platform, "Messaging API", permissions; Graph API reference, "Debug token".
"""

import json
from typing import TYPE_CHECKING, Any

from graph.simulator import errors, tokens
from graph.simulator.tokens import Token
from graph.simulator.world import Account, App

if TYPE_CHECKING:
    from graph.simulator.simulator import Simulator

EVERYBODYS = ("public_profile",)
FACEBOOK = (
    "pages_messaging", "pages_manage_metadata", "pages_show_list", "pages_read_engagement", "instagram_basic", "instagram_manage_messages",
    "business_management",
)  # fmt: skip
INSTAGRAM = ("instagram_business_basic", "instagram_business_manage_messages", "instagram_business_manage_comments")
STATUSES = ("live", "unapproved")

_MESSAGES = {"messenger": "pages_messaging", "instagram": "instagram_manage_messages", "login": "instagram_business_manage_messages"}
_SUBSCRIBING = {"messenger": "pages_manage_metadata", "instagram": "pages_manage_metadata", "login": "instagram_business_manage_messages"}
_NEEDED = {
    "messages": _MESSAGES, "message_attachments": _MESSAGES, "conversations": _MESSAGES, "conversation": _MESSAGES, "message": _MESSAGES,
    "subscribed_apps": _SUBSCRIBING,
}  # fmt: skip


def of(token: Token) -> list[str]:
    """What was granted with it; everything, unless told."""
    if token.scopes:
        return list(json.loads(token.scopes))
    return list(INSTAGRAM) if token.kind == "instagram" else [*FACEBOOK, *EVERYBODYS]


def granted(asked: list[str], *, willing: str) -> list[str]:
    """Of what a dialog asks for, what this person gives. A dialog that names nothing has a configuration, and gets everything."""
    gives = json.loads(willing) if willing else [*FACEBOOK, *EVERYBODYS]
    return [*dict.fromkeys([scope for scope in asked or gives if scope in gives] + list(EVERYBODYS))]


def check(simulator: "Simulator", route: str, token: str, account: Account) -> None:
    known = tokens.find(simulator.world, token)
    needed = _NEEDED.get(route, {}).get("login" if account.login == "instagram" else account.network)
    if known and needed and needed not in of(known):
        raise errors.no_permission(needed)


def granular(simulator: "Simulator", token: Token) -> list[dict[str, Any]]:
    """For whom each was granted: Pages for the permissions of Pages, Instagram accounts for those of Instagram."""
    accounts = tokens.accounts_of(simulator.world, token)
    pages = list(dict.fromkeys(each.page_id or each.id for each in accounts if each.login == "facebook"))
    instagram = [each.id for each in accounts if each.is_instagram]
    targets = {"pages": pages, "instagram": instagram}
    return [
        {"scope": scope, "target_ids": targets[family]} for scope in of(token) if (family := scope.partition("_")[0]) in targets
    ]  # fmt: skip


def of_app(app: App) -> dict[str, str]:
    """What the review of the app came to, by permission."""
    return dict(json.loads(app.permissions)) if app.permissions else dict.fromkeys((*FACEBOOK, *INSTAGRAM, *EVERYBODYS), "live")


def checked_statuses(permissions: dict[str, str]) -> dict[str, str]:
    if any(status not in STATUSES for status in permissions.values()):
        raise ValueError(f"A permission is {' or '.join(STATUSES)}.")
    return permissions
