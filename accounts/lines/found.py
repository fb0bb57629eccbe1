"""What one line of the checklist finds, and what the lines have in common."""

from dataclasses import dataclass
from datetime import datetime

from django.urls import reverse
from django.utils.translation import gettext as _

from accounts.models import Account, MetaApp
from accounts.moments import when
from accounts.reasons import trouble_sentence


@dataclass(frozen=True)
class Found:
    """What a line of the checklist says.

    Args:
        state: done, care, bad, unknown or unneeded. What is not known is never shown as well.
        says: what is so.
        remedy: what to do, and where; "" where there is nothing to do.
        address: a page of ours that helps.
        action: the name of the deed on the account's page that helps: check, refresh, subscribe.
        for_superusers: whether only they can open `address`.
    """

    state: str
    says: str
    remedy: str = ""
    address: str = ""
    action: str = ""
    for_superusers: bool = False


def not_looked_at() -> Found:
    return Found("unknown", _("Not looked at yet."), _("The next check asks Meta."), action="check")


def stale(account: Account, name: str) -> Found | None:
    """What could not be found out the last time is not known, whatever was known before."""
    if not account.token or account.state == Account.State.NEEDS_RECONNECT:
        return Found("unknown", _("Not known while the token does not work."))
    trouble = account.troubles.get(name)
    if not trouble:
        return None
    says = not_known_since(trouble.get("code", ""), trouble.get("since") or "") or ""
    return Found("unknown", says, _("It is tried again by itself."), action="check")


def not_known_since(code: str, since: str) -> str:
    if not code:
        return ""
    if not since:
        return _("Not known yet. %s") % trouble_sentence(code)
    return _("Not known since %(when)s. %(why)s") % {"when": when(datetime.fromisoformat(since)), "why": trouble_sentence(code)}


def app_page(app: MetaApp) -> str:
    return reverse("admin:accounts_metaapp_change", args=[app.pk])


def connect_page(account: Account) -> str:
    return f"{reverse('admin:connect')}?account={account.public_id}"
