"""What has to be so for an account to work, line by line, from stored facts alone."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from django.utils.translation import gettext as _

from accounts.lines.approval import access_level, human_agent, messages_access
from accounts.lines.door import callback, handshake, https
from accounts.lines.found import Found, connect_page
from accounts.lines.hearing import subscription, webhook
from accounts.lines.sending import test_send
from accounts.lines.token import data_access, expiry_words, scopes, token
from accounts.models import Account, AccountCheck

__all__ = ["NAMES", "Line", "checklist", "expiry_words", "verdict"]

# Lines without which nobody can say that an account is well.
ESSENTIAL = ("token", "scopes", "subscription", "messages_access")


@dataclass(frozen=True)
class Line:
    """One line of the checklist.

    Args:
        state: done, care, bad, unknown or unneeded. What is not known is never shown as well.
        says: what is so.
        remedy: what to do, and where; "" where there is nothing to do.
        address: a page of ours that helps.
        action: the name of the deed on the account's page that helps: check, refresh, subscribe.
        for_superusers: whether only they can open `address`.
    """

    name: str
    label: str
    state: str
    says: str
    remedy: str = ""
    address: str = ""
    action: str = ""
    for_superusers: bool = False


_LINES: dict[str, Callable[[Account, datetime], Found]] = {
    "https": https, "handshake": handshake, "callback": callback, "subscription": subscription, "token": token, "scopes": scopes,
    "data_access": data_access, "access_level": access_level, "human_agent": human_agent, "messages_access": messages_access, "webhook": webhook,
    "test_send": test_send,
}  # fmt: skip
NAMES = tuple(_LINES)


def checklist(account: Account, *, at: datetime) -> list[Line]:
    """The lines in their order. Asks nothing of Meta, and nothing of the database but the account's app."""
    out_of_use = account.state == Account.State.DISCONNECTED
    found = {name: _out_of_use(account, name) if out_of_use else look(account, at) for name, look in _LINES.items()}
    labels = _labels()
    return [Line(name, labels[name], **line.__dict__) for name, line in found.items()]


def verdict(lines: list[Line]) -> AccountCheck.Verdict:
    """What the lines add up to: the worst of them, and not known where something essential is not."""
    states = {line.name: line.state for line in lines}
    if "bad" in states.values():
        return AccountCheck.Verdict.BAD
    if "done" not in states.values() or "unknown" in (states.get(name) for name in ESSENTIAL):
        return AccountCheck.Verdict.UNKNOWN
    return AccountCheck.Verdict.CARE if "care" in states.values() else AccountCheck.Verdict.WELL


def _labels() -> dict[str, str]:
    return {
        "https": _("Reachable over public HTTPS"), "handshake": _("Handshake with Meta"), "callback": _("Meta's webhooks go here"),
        "subscription": _("Meta tells of this account"), "token": _("Access token"), "scopes": _("Permissions"),
        "data_access": _("Access to data"), "access_level": _("Access level of the app"), "human_agent": _("Human Agent feature"),
        "messages_access": _("“Allow access to messages”"), "webhook": _("First webhook, and the newest"), "test_send": _("Test send"),
    }  # fmt: skip


def _out_of_use(account: Account, name: str) -> Found:
    if name != "token":
        return Found("unneeded", _("Not looked at while the account is disconnected."))
    return Found("unneeded", _("The account is disconnected."), _("Connect it again to use it; its history is kept."), connect_page(account))
