"""Accounts that are broken, paused, or about to break."""

from collections.abc import Iterator
from datetime import datetime

from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from accounts.admin.health_words import about
from accounts.admin.permissions import managed_accounts
from accounts.checklist import checklist
from accounts.models import Account, User
from config.attention.line import Line

BROKEN = {
    Account.State.NEEDS_RECONNECT: gettext_lazy("%(account)s sends nothing: it needs to be reconnected."),
    Account.State.RESTRICTED: gettext_lazy("%(account)s sends nothing: Meta has restricted it."),
}
# Lines of the checklist that belong to the account itself; those of its app are told once, for the app.
OF_THE_ACCOUNT = ("token", "scopes", "data_access", "subscription", "messages_access")
# More accounts than that are counted, and seen on the page that shows all.
TOLD = 8


def accounts(user: User, at: datetime) -> Iterator[Line]:
    """One line for each account that somebody has to look after, worst first, in one query however many there are."""
    managed = managed_accounts(user).exclude(state=Account.State.DISCONNECTED)
    rows = managed.select_related("meta_app", "held_by").defer("meta_app__secret", "meta_app__verify_token")
    lines = sorted((line for account in rows if (line := _line(account, at))), key=lambda line: line.rank)
    yield from lines[:TOLD]
    if (more := len(lines) - TOLD) > 0:
        sentence = ngettext("%d more account needs somebody.", "%d more accounts need somebody.", more) % more
        yield Line(sentence, reverse("admin:health"), lines[TOLD].tone)


def _line(account: Account, at: datetime) -> Line | None:
    """The worst that is to be said of it."""
    address = reverse("admin:accounts_account_change", args=[account.pk])
    if broken := BROKEN.get(Account.State(account.state)):
        return Line(f"{broken % {'account': account}} {account.why}".strip(), address, "bad")
    found = [line for line in checklist(account, at=at) if line.name in OF_THE_ACCOUNT and line.state in ("bad", "care")]
    if found:
        worst = min(found, key=lambda line: line.state != "bad")
        return Line(about(account, worst), address, worst.state)
    if account.is_held(at):
        who = {"account": account, "who": account.held_by, "reason": account.held_reason}
        return Line(_("Sending from %(account)s is paused by %(who)s: %(reason)s") % who, address)
    return None
