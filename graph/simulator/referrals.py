"""How contacts come: by a link to a conversation, or by an ad."""

import json
from typing import TYPE_CHECKING, Any

from graph.simulator import events, windows
from graph.simulator.world import Account, Contact

if TYPE_CHECKING:
    from graph.simulator.simulator import Simulator


def follow_link(simulator: "Simulator", account: Account, contact: Contact, *, ref: str) -> None:
    """Into a conversation that exists it opens the window; a newcomer's first act carries it."""
    source = "SHORTLINKS" if account.is_instagram else "SHORTLINK"
    referral = {"ref": ref, "source": source, "type": "OPEN_THREAD"}
    if not simulator.has_written(contact.id):
        simulator.world.set_contact(contact.id, ref=json.dumps(referral))
        return
    windows.acted(simulator.store, contact.id, simulator.now_ms())
    _announce(simulator, account, contact, referral)


def click_ad(simulator: "Simulator", account: Account, contact: Contact, *, title: str, ad_id: str) -> None:
    """A click opens nothing. The next message carries the ad and is what opens the window."""
    context = {"ad_title": title, "photo_url": simulator.picture_url, "post_id": f"{account.id}_77"}
    referral = {"ref": "", "ad_id": ad_id, "source": "ADS", "type": "OPEN_THREAD", "ads_context_data": context}
    simulator.world.set_contact(contact.id, ad=json.dumps(referral))
    if simulator.has_written(contact.id):
        _announce(simulator, account, contact, referral)


def _announce(simulator: "Simulator", account: Account, contact: Contact, referral: dict[str, Any]) -> None:
    event = events.of_contact(account, contact.id, at=simulator.now_ms(), referral=referral)
    simulator.tell(account, contact.id, event, field="messaging_referral" if account.is_instagram else "messaging_referrals")
