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
    """A line without its name; see `accounts.checklist.Line`."""

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
