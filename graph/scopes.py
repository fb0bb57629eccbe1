"""Which permissions people give us: what the login dialogs ask for, and what an account cannot work without.

Source: Meta, Messenger Platform, "Send a message" and "Conversations", requirements; Instagram Platform, "Messaging API" and "Webhooks",
permissions; Graph API reference, "Permissions". Comments ask for more, and are not asked for while they have no screen.
"""

from collections.abc import Mapping

from graph.networks import Login, Network

_PAGE = ("pages_messaging", "pages_manage_metadata", "pages_read_engagement")
_INSTAGRAM_BEHIND_A_PAGE = ("instagram_basic", "instagram_manage_messages", "pages_manage_metadata")
_INSTAGRAM = ("instagram_business_basic", "instagram_business_manage_messages")

# Without one of these something fails: reading, sending or hearing.
NEEDED_SCOPES: Mapping[tuple[Login, Network], tuple[str, ...]] = {
    (Login.FACEBOOK, Network.MESSENGER): _PAGE,
    (Login.FACEBOOK, Network.INSTAGRAM): _INSTAGRAM_BEHIND_A_PAGE,
    (Login.INSTAGRAM, Network.INSTAGRAM): _INSTAGRAM,
}

# One login of Facebook's connects Pages and the Instagram accounts behind them; `pages_show_list` is for the choice among them.
ASKED_SCOPES: Mapping[Login, tuple[str, ...]] = {
    Login.FACEBOOK: (*_PAGE, "pages_show_list", "instagram_basic", "instagram_manage_messages"),
    Login.INSTAGRAM: _INSTAGRAM,
}
