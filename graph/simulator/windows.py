"""When an account may write to a contact, and what opens that window."""

from graph.simulator.store import Store
from graph.simulator.world import Account, Contact

DAY_MS = 24 * 3600 * 1000


def may_write(account: Account, contact: Contact, *, tag: str, now: int) -> bool:
    """24 hours after the contact's last action; with the Human Agent feature seven days after their last message."""
    if is_open(contact, now=now):
        return True
    human = tag == "HUMAN_AGENT" and account.human_agent
    return human and contact.wrote_at is not None and now - contact.wrote_at <= 7 * DAY_MS


def is_open(contact: Contact, *, now: int) -> bool:
    until = closes_at(contact)
    return until is not None and now <= until


def closes_at(contact: Contact) -> int | None:
    """The first message after a click on an ad may open a longer one: Meta, policy of 28 September 2026."""
    ends = [] if contact.acted_at is None else [contact.acted_at + DAY_MS]
    return max(ends + ([] if contact.ad_until is None else [contact.ad_until]), default=None)


def acted(store: Store, contact: str, at: int) -> None:
    """What opens the window: messages, taps, reactions, and links followed into a conversation that exists."""
    store.run("UPDATE contact SET acted_at = max(ifnull(acted_at, 0), ?) WHERE id = ?", at, contact)


def wrote(store: Store, account: Account, contact: Contact, at: int) -> None:
    acted(store, contact.id, at)
    store.run("UPDATE contact SET wrote_at = max(ifnull(wrote_at, 0), ?) WHERE id = ?", at, contact.id)
    if contact.ad and account.ad_window_days:
        store.run("UPDATE contact SET ad_until = ? WHERE id = ?", at + account.ad_window_days * DAY_MS, contact.id)
    store.run("UPDATE contact SET ad = '', ref = '' WHERE id = ?", contact.id)
