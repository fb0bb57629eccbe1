"""Why an account or an app is as it is: the codes that rows keep, and the sentences that people read."""

from datetime import datetime
from typing import TYPE_CHECKING

from django.utils.translation import gettext as _

from accounts.moments import when

if TYPE_CHECKING:
    from accounts.models import Account

# What Meta's subcode of a dead token says. Source: Meta, Graph API, "Handling errors", table of subcodes.
_OF_TOKEN = {
    458: "app_removed", 459: "checkpoint", 460: "password_changed", 463: "token_expired", 464: "unconfirmed", 467: "token_revoked", 492: "role_lost",
}  # fmt: skip
# The reasons that a working token takes away by itself.
TOKEN_REASONS = frozenset({*_OF_TOKEN.values(), "token_dead", "token_of_another", "token_unreadable", "no_token"})


def token_reason(subcode: int | None) -> str:
    """The code for a dead token with this subcode of Meta's."""
    return _OF_TOKEN.get(subcode or 0, "token_dead")


def reason_sentence(code: str) -> str:
    """The sentence for a code. What is no code is a sentence already: somebody's own words, or Meta's on its policies."""
    return _state_reasons().get(code, code)


def remedy_sentence(code: str) -> str:
    """What to do about a dead token, or "" where there is nothing special to do."""
    return _remedies().get(code, "")


def next_try_sentence(account: "Account", at: datetime) -> str:
    """When it is tried whether Meta still restricts it, or "" where that is not known to be so."""
    if not account.probe_due_at:
        return ""
    if account.is_held(at) and not account.held_until:
        return _("Sending is also paused, so no message tries until somebody resumes it.")
    due = max(account.probe_due_at, account.pauses_end_at(at))
    if due <= at:
        return _("The next message tries by itself; once Meta takes it, everything else follows.")
    if account.dispatches.filter(state="queued", not_before__lte=due).exists():
        return _("One message tries again on %s by itself; once Meta takes it, everything else follows.") % when(due)
    return _("The next message tries after %s by itself; once Meta takes it, everything else follows.") % when(due)


def trouble_sentence(code: str) -> str:
    """Why something could not be found out or done."""
    return _troubles().get(code, _("Meta refused to tell."))


def _state_reasons() -> dict[str, str]:
    return {
        "token_dead": _("Meta does not accept the stored token any more."),
        "token_expired": _("The token has expired."),
        "password_changed": _("The password of whoever connected it was changed, or Meta ended their session."),
        "app_removed": _("The person who connected it has removed the app at Meta."),
        "checkpoint": _("Meta wants the person who connected it to log in and confirm who they are."),
        "unconfirmed": _("The Facebook account of the person who connected it is not confirmed."),
        "token_revoked": _("The token was revoked at Meta."),
        "role_lost": _("The person who connected it has no suitable role on the Page any more."),
        "token_of_another": _("The stored token belongs to another account or another app."),
        "token_unreadable": _("The stored token opens with none of the encryption keys."),
        "no_token": _("No token is stored."),
        "restricted": _("Meta does not let this account send for now."),
        "policy": _("Meta has restricted it under its policies."),
    }


def _remedies() -> dict[str, str]:
    return {
        "token_unreadable": _("Bring back the key with which it was encrypted, or reconnect the account."),
        "checkpoint": _("They log in at facebook.com and do what Meta asks there. If the account does not recover within the hour, reconnect it."),
        "unconfirmed": _("They confirm their account at facebook.com, then reconnect."),
        "role_lost": _("Give them a role with messages on the Page again, or let somebody who has one reconnect the account."),
        "restricted": _("Look at Account Quality in Meta's Business Suite. Whoever knows that the restriction is over marks the account as mended."),
        "policy": _("Look at Account Quality in Meta's Business Suite. Whoever knows that the restriction is over marks the account as mended."),
    }


def _troubles() -> dict[str, str]:
    return {
        "not_reached": _("Meta could not be reached."),
        "unavailable": _("Meta has trouble at the moment."),
        "throttled": _("Meta wants fewer calls for now."),
        "permission_missing": _("A permission is missing for this."),
        "app_secret": _("Meta does not accept the app id and the app secret that are stored here."),
        "token_dead": _("Meta does not accept the stored token any more."),
        "callback_refused": _("Meta called the address and did not get the answer that it wanted."),
        "too_young": _("Meta refreshes a token once it is 24 hours old."),
        "refused": _("Meta refused it."),
        "untold": _("Meta does not tell this for an app of this kind."),
        "not_public": _("There is no public HTTPS address to which Meta could send anything."),
    }
