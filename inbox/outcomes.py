"""What to do about each answer of Meta's, and how to say it to people."""

from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum

from django.utils.translation import gettext as _

from accounts.models import Account
from graph import errors
from inbox.models import Dispatch


class Verdict(StrEnum):
    """What becomes of the dispatch."""

    RETRY = "retry"  # certainly not accepted, will pass
    MEND = "mend"  # certainly not accepted; the account must be mended first
    FAIL = "fail"  # certainly refused
    UNKNOWN = "unknown"  # never resent by itself


# An upload that Meta forgets at once is one that it does not want.
MOST_UPLOADS = 2


@dataclass(frozen=True)
class Outcome:
    """One row of the table below."""

    verdict: Verdict
    reason: str
    account_state: str = ""
    pauses_account: bool = False


# First match wins, so a class stands above its base.
_TABLE: tuple[tuple[type[errors.GraphError], Outcome], ...] = (
    (errors.OutcomeUnknown, Outcome(Verdict.UNKNOWN, "no_answer")),
    (errors.NotSent, Outcome(Verdict.RETRY, "not_reached")),
    (errors.RateLimited, Outcome(Verdict.RETRY, "throttled", pauses_account=True)),
    (errors.Unavailable, Outcome(Verdict.RETRY, "unavailable")),
    (errors.TokenInvalid, Outcome(Verdict.MEND, "token_dead", account_state=Account.State.NEEDS_RECONNECT)),
    (errors.AccountRestricted, Outcome(Verdict.MEND, "restricted", account_state=Account.State.RESTRICTED)),
    (errors.WindowClosed, Outcome(Verdict.FAIL, "window_closed")),
    (errors.ContactUnavailable, Outcome(Verdict.FAIL, "contact_unavailable")),
    (errors.ContactUnknown, Outcome(Verdict.FAIL, "contact_unknown")),
    (errors.PermissionMissing, Outcome(Verdict.FAIL, "permission_missing")),
    (errors.ThreadBusy, Outcome(Verdict.RETRY, "thread_busy")),
    (errors.ThreadHeldElsewhere, Outcome(Verdict.FAIL, "thread_held")),
    (errors.MediaExpired, Outcome(Verdict.RETRY, "upload_forgotten")),
    (errors.MediaRejected, Outcome(Verdict.FAIL, "media_rejected")),
    (errors.Rejected, Outcome(Verdict.FAIL, "rejected")),
    # An error that this table does not know says nothing about whether Meta has the message.
    (errors.GraphError, Outcome(Verdict.UNKNOWN, "no_answer")),
)


def outcome_of(error: errors.GraphError, *, was_sending: bool, attempts: int = 0) -> Outcome:
    """What this error means for a dispatch that was tried so often. Before the sending call itself (`was_sending` False) nothing can be unknown."""
    outcome = next(outcome for kind, outcome in _TABLE if isinstance(error, kind))
    if outcome.reason == "upload_forgotten" and attempts > MOST_UPLOADS:
        return Outcome(Verdict.FAIL, "media_rejected")
    if outcome.verdict == Verdict.UNKNOWN and not was_sending:
        return Outcome(Verdict.RETRY, "unavailable")
    return outcome


def back_off(attempts: int) -> timedelta:
    """How long to wait before another try: 2 s, 4 s, 8 s … at most a quarter of an hour."""
    return timedelta(seconds=min(900, 2 ** min(attempts, 10)))


def sentence_for(dispatch: Dispatch) -> str:
    """Why this dispatch stands where it stands, for people; "" where there is nothing to explain."""
    return _sentences().get(dispatch.reason, "")


def _sentences() -> dict[str, str]:
    return {
        "no_answer": _("Meta did not say whether this arrived."),
        "crashed": _("Countersign stopped while this was on its way, so nobody knows whether it arrived."),
        "not_reached": _("Meta could not be reached. It is tried again by itself."),
        "throttled": _("Meta wants fewer messages for a moment. It is tried again by itself."),
        "unavailable": _("Meta has trouble at the moment. It is tried again by itself."),
        "token_dead": _("The token of this account is dead. An admin has to reconnect it; then the message leaves by itself."),
        "restricted": _("Meta does not let this account send for now. An admin has to look at its account quality at Meta."),
        "window_closed": _("Meta's messaging window had closed. Wait until the contact writes again."),
        "contact_unavailable": _("The contact does not receive messages from this account now."),
        "contact_unknown": _("Meta knows no such contact for this account."),
        "permission_missing": _("The app lacks a permission for this. An admin has to grant it at Meta and reconnect the account."),
        "thread_held": _("Another app holds this conversation at Meta. Take it over there, then retry."),
        "upload_forgotten": _("Meta had forgotten the uploaded file. It is uploaded again by itself."),
        "thread_busy": _("Meta's own questions to the contact hold this conversation for some minutes. It is tried again by itself."),
        "media_rejected": _("Meta would not take the file. Choose another one."),
        "rejected": _("Meta refused this message. Change it before you try again."),
        "stale": _("The contact wrote again before this left, so it went back for another look."),
        "taken_back": _("Taken back before it left."),
        "not_allowed": _("Whoever let this out may no longer write on this account."),
        "changed": _("What was stored is not what was shown, so it did not leave."),
        "invalid": _("Meta would not take this content."),
        "erased": _("The contact asked to be forgotten before this left."),
        "account_unavailable": _("The account was disconnected before this left."),
    }
