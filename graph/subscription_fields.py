"""Which kinds of webhooks we ask Meta for.

A Page says many of them in the plural where Instagram says the singular: `message_edits` and `message_edit`, `messaging_referrals` and
`messaging_referral`, `messaging_handovers` and `messaging_handover`.

Source: Meta, Graph API reference, "Page subscribed_apps"; Instagram Platform, "Webhooks", fields; facebook-business SDK 26.
"""

from collections.abc import Mapping

from graph.networks import Login, Network

_PAGE = (
    "messages", "message_echoes", "message_deliveries", "message_reads", "message_edits", "message_reactions", "messaging_postbacks",
    "messaging_referrals", "messaging_optins", "messaging_handovers", "messaging_policy_enforcement", "standby", "feed", "mention",
)  # fmt: skip
# Echoes come under `messages`; whether Instagram Login also has `message_echoes` is told differently in three places.
_INSTAGRAM = (
    "messages", "message_edit", "message_reactions", "messaging_postbacks", "messaging_optins", "messaging_referral", "messaging_seen",
    "messaging_handover", "standby", "comments", "live_comments", "mentions",
)  # fmt: skip
_INSTAGRAM_LOGIN = (*_INSTAGRAM, "message_echoes")

# What an app orders for each object, beside the callback address: by hand in Meta's dashboard, or by `AppClient.subscribe`.
SUBSCRIBED_FIELDS: Mapping[str, tuple[str, ...]] = {"page": _PAGE, "instagram": (*_INSTAGRAM, "messaging_policy_enforcement")}

# Without these the inbox misses what is said; the others add to it.
NEEDED_FIELDS: Mapping[tuple[Login, Network], tuple[str, ...]] = {
    (Login.FACEBOOK, Network.MESSENGER): ("messages", "message_echoes"),
    (Login.FACEBOOK, Network.INSTAGRAM): ("messages",),
    (Login.INSTAGRAM, Network.INSTAGRAM): ("messages",),
}


def fields_for(login: Login, network: Network) -> tuple[str, ...]:
    """What `subscribed_apps` of an account is given.

    An Instagram account behind a Page is subscribed with its Page, whose fields these are; its own are chosen by the app
    (`SUBSCRIBED_FIELDS`). The Page has one list for both, so that connecting one never takes from the other.
    """
    return _INSTAGRAM_LOGIN if login is Login.INSTAGRAM else _PAGE


def needed_fields_for(login: Login, network: Network) -> tuple[str, ...]:
    """Those among them that have to be there."""
    return NEEDED_FIELDS[login, network]
