"""Whether the token works, until when, and for what."""

from datetime import datetime, timedelta

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from accounts.lines.found import Found, connect_page, not_looked_at, stale
from accounts.models import Account
from accounts.moments import day, days_between, when
from accounts.reasons import reason_sentence, remedy_sentence, trouble_sentence
from graph.networks import Login, Network
from graph.scopes import NEEDED_SCOPES

# Below this a token that nothing refreshes is somebody's business, and access to data likewise.
TOKEN_ENDS_SOON = timedelta(days=7)
DATA_ENDS_SOON = timedelta(days=14)


def token(account: Account, at: datetime) -> Found:
    reconnect = connect_page(account)
    if not account.token:
        return Found("bad", reason_sentence(account.state_reason or "no_token"), _("Reconnect the account."), reconnect)
    if account.state == Account.State.NEEDS_RECONNECT:
        return Found("bad", account.why, remedy_sentence(account.state_reason) or _("Reconnect the account."), reconnect)
    if account.token_expires_at and account.token_expires_at <= at:
        return Found("bad", _("It expired on %s.") % day(account.token_expires_at), _("Reconnect the account."), reconnect)
    if lost := stale(account, "token"):
        return lost
    if account.checked_at is None:
        return not_looked_at()
    return _living_token(account, at)


def _living_token(account: Account, at: datetime) -> Found:
    checked = _("It worked on %s.") % when(account.checked_at) if account.checked_at else ""
    ends = account.token_expires_at
    if ends is None and never_ends(account):
        return Found("done", f"{checked} " + _("It has no end."))
    if ends is None:
        return Found("care", f"{checked} " + _("When it ends is not known."), _("It is refreshed by itself once it is 24 hours old."), action="refresh")
    says = f"{checked} " + _("It ends on %(day)s, in %(days)s.") % {"day": day(ends), "days": days_between(at, ends)}
    if failed := account.troubles.get("refresh"):
        says += " " + _("Refreshing it did not work. %s") % trouble_sentence(failed.get("code", ""))
        return Found("care", says, _("It is tried again by itself. If it stays so, reconnect the account."), connect_page(account), "refresh")
    if ends_soon(account, at):
        return Found("care", says, _("Nothing can refresh it: reconnect the account before that day."), connect_page(account))
    refreshed = " " + _("It is refreshed by itself before that.") if account.login == Login.INSTAGRAM else ""
    return Found("done", says + refreshed)


def scopes(account: Account, at: datetime) -> Found:
    if lost := stale(account, "token"):
        return lost
    if not account.scopes:
        return not_looked_at()
    missing = missing_scopes(account)
    if missing:
        says = _("The token lacks: %s.") % ", ".join(missing)
        return Found("bad", says, _("Reconnect the account, and agree to everything that Meta asks."), connect_page(account))
    return Found("done", _("The token has what is needed."))


def missing_scopes(account: Account) -> list[str]:
    """The permissions without which it does not work, and that its token lacks."""
    return [scope for scope in NEEDED_SCOPES[Login(account.login), Network(account.network)] if scope not in account.scopes]


def data_access(account: Account, at: datetime) -> Found:
    if account.login == Login.INSTAGRAM:
        return Found("unneeded", _("Meta sets no such time for Instagram Login."))
    if lost := stale(account, "token"):
        return lost
    if account.checked_at is None:
        return not_looked_at()
    ends = account.data_access_until
    if ends is None:
        return Found("done", _("Meta sets no end to it."))
    says, remedy = _("It ends on %s.") % day(ends), _("Whoever connected the account logs in once more: reconnect it.")
    if ends <= at:
        says = _("It ended on %s, because whoever connected the account has not logged in for 90 days.") % day(ends)
        works = account.network == Network.MESSENGER or account.messages_access == Account.MessagesAccess.ALLOWED
        return Found("care" if works else "bad", says, remedy, connect_page(account))
    return Found("care", says, remedy, connect_page(account)) if ends < at + DATA_ENDS_SOON else Found("done", says)


def expiry_words(account: Account, at: datetime) -> tuple[str, str]:
    """When the token ends, for lists, and a tone: good, care, bad or quiet."""
    if account.state == Account.State.DISCONNECTED:
        return _("disconnected"), "quiet"
    if not account.token:
        return _("no token"), "bad"
    if account.state == Account.State.NEEDS_RECONNECT:
        return _("not valid"), "bad"
    ends = account.token_expires_at
    if ends is None:
        return (_("never"), "good") if never_ends(account) else (_("not told"), "quiet")
    if ends <= at:
        return _("expired"), "bad"
    left = max(1, (ends - at).days)
    return ngettext("in %d day", "in %d days", left) % left, "care" if ends_soon(account, at) else "good"


def ends_soon(account: Account, at: datetime) -> bool:
    """Whether its token ends within a week and nothing refreshes it."""
    ends, refreshed = account.token_expires_at, account.login == Login.INSTAGRAM and "refresh" not in account.troubles
    return ends is not None and ends < at + TOKEN_ENDS_SOON and not refreshed


def never_ends(account: Account) -> bool:
    """A Page token without an end, once Meta was asked; of Instagram's every token has one."""
    return account.login == Login.FACEBOOK and account.checked_at is not None
