"""Whether Meta tells what happens on the account."""

from datetime import datetime, timedelta

from django.utils.translation import gettext as _

from accounts.lines.fields import Lacking
from accounts.lines.found import Found, not_looked_at, stale
from accounts.models import Account
from accounts.moments import when
from accounts.reasons import trouble_sentence
from graph.networks import Login, Network
from graph.subscription_fields import fields_for

# A quiet account may hear nothing for days; after these somebody should look.
SILENT_AFTER = timedelta(days=7)


def subscription(account: Account, at: datetime) -> Found:
    fields = account.subscribed_fields
    if failed := account.troubles.get("subscribe"):
        says = _("Asking Meta to send what happens here did not work. %s") % trouble_sentence(failed.get("code", ""))
        return Found("bad", says, _("Ask again; if it stays so, reconnect the account."), action="subscribe")
    if lost := stale(account, "subscription"):
        return lost
    if fields is None:
        return not_looked_at()
    if not fields:
        says = _("Meta sends nothing of this account: it was never asked to, or it stopped after an hour in which we did not answer.")
        return Found("bad", says, _("Ask Meta to send it again. Until then conversations are read from time to time."), action="subscribe")
    if is_instagram_through_a_page(account):
        return Found("done", _("The Page has the app installed, so Meta sends what the app asks for."))
    if lacking := Lacking.of(fields_for(Login(account.login), Network(account.network)), fields, account):
        return Found(lacking.state, _("Meta does not send: %s.") % ", ".join(lacking.names), _("Ask Meta to send them too."), action="subscribe")
    return Found("done", _("Meta sends everything that Countersign shows."))


def webhook(account: Account, at: datetime) -> Found:
    if account.is_delayed:
        says = _("Nothing can come by webhook now, so conversations are read from time to time.")
        if account.polled_at:
            says += " " + _("The last time was on %s.") % when(account.polled_at)
        return Found("care", says, _("See the lines above."))
    if account.webhook_at is None:
        return Found("unknown", _("None has come yet."), _("Write to this account from another one, and look here again."))
    says = _("The newest came on %s.") % when(account.webhook_at)
    if account.webhook_at < at - SILENT_AFTER:
        return Found("care", says, _("If people have written since, check the address at Meta and the lines above."), action="check")
    return Found("done", says)


def is_instagram_through_a_page(account: Account) -> bool:
    return account.login == Login.FACEBOOK and account.network == Network.INSTAGRAM
