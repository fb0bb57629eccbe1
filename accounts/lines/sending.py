"""Whether messages leave."""

from datetime import datetime

from django.utils.translation import gettext as _

from accounts.lines.found import Found
from accounts.models import Account
from accounts.moments import when
from accounts.reasons import next_try_sentence, remedy_sentence


def test_send(account: Account, at: datetime) -> Found:
    if account.state == Account.State.RESTRICTED:
        why = " ".join(filter(None, (account.why, next_try_sentence(account, at))))
        return Found("bad", why, remedy_sentence(account.state_reason) or remedy_sentence("restricted"))
    if account.is_held(at):
        return Found("care", _("Sending is paused: “%s”.") % account.held_reason, _("Resume sending."), action="resume")
    if account.sent_at is None:
        return Found("unknown", _("Meta has not accepted a message from here yet."), _("Answer somebody who wrote within the last 24 hours."))
    return Found("done", _("Meta accepted the newest message on %s.") % when(account.sent_at))
