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


@dataclass(frozen=True, kw_only=True)
class Line(Found):
    """One line of the checklist: its name in code and for people, and what was found."""

    name: str
    label: str


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
    return [Line(**line.__dict__, name=name, label=labels[name]) for name, line in found.items()]


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
