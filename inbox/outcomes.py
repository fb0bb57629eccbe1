"""What to do about each answer of Meta's, and how to say it to people."""

from dataclasses import dataclass, replace
from datetime import timedelta
from enum import StrEnum

from django.utils.translation import gettext as _

from accounts.models import Account
from core.retrying import NEVER, Retry
from graph import errors
from inbox.models import Dispatch


class Verdict(StrEnum):
    """What becomes of the dispatch."""

    RETRY = "retry"  # certainly not accepted, will pass
    MEND = "mend"  # certainly not accepted; the account must be mended first
    FAIL = "fail"  # certainly refused
    UNKNOWN = "unknown"  # never resent by itself


@dataclass(frozen=True)
class Outcome:
    """What an error means for the message that met it.

    Args:
        verdict: what becomes of the dispatch.
        reason: why, as a name in `sentence_for`.
        retry: when it is tried again; of use with `RETRY` only.
        wait: how long until the next try; None where there is none.
        account_state: what becomes of the account.
        pauses_account: whether its other messages wait as well.
    """

    verdict: Verdict
    reason: str
    retry: Retry = NEVER
    wait: timedelta | None = None
    account_state: str = ""
    pauses_account: bool = False


# A hundred tries take about a day, which is as long as a message is worth sending.
PATIENT = Retry()
# Meta's own questions to the contact take minutes, and another call would not shorten them.
SLOW = Retry(first=timedelta(minutes=2), tries=20)
# An upload that Meta forgets at once is one that it does not want.
ONCE_MORE = Retry(first=timedelta(seconds=2), tries=3)


# First match wins, so a class stands above its base.
_TABLE: tuple[tuple[type[errors.GraphError], Outcome], ...] = (
    (errors.OutcomeUnknown, Outcome(Verdict.UNKNOWN, "no_answer")),
    (errors.Stalled, Outcome(Verdict.RETRY, "stalled", PATIENT)),
    (errors.NotSent, Outcome(Verdict.RETRY, "not_reached", PATIENT)),
    (errors.RateLimited, Outcome(Verdict.RETRY, "throttled", PATIENT, pauses_account=True)),
    (errors.Unprepared, Outcome(Verdict.RETRY, "unprepared", PATIENT)),
    (errors.Unavailable, Outcome(Verdict.RETRY, "unavailable", PATIENT)),
    (errors.TokenInvalid, Outcome(Verdict.MEND, "token_dead", account_state=Account.State.NEEDS_RECONNECT)),
    (errors.AccountRestricted, Outcome(Verdict.MEND, "restricted", account_state=Account.State.RESTRICTED)),
    (errors.WindowClosed, Outcome(Verdict.FAIL, "window_closed")),
    (errors.ContactUnavailable, Outcome(Verdict.FAIL, "contact_unavailable")),
    (errors.ContactUnknown, Outcome(Verdict.FAIL, "contact_unknown")),
    (errors.PermissionMissing, Outcome(Verdict.FAIL, "permission_missing")),
    (errors.ThreadBusy, Outcome(Verdict.RETRY, "thread_busy", SLOW)),
    (errors.ThreadHeldElsewhere, Outcome(Verdict.FAIL, "thread_held")),
    (errors.MediaExpired, Outcome(Verdict.RETRY, "upload_forgotten", ONCE_MORE)),
    (errors.CopyDamaged, Outcome(Verdict.FAIL, "copy_damaged")),
    (errors.CopyUnreadable, Outcome(Verdict.FAIL, "copy_unreadable")),
    (errors.MediaRejected, Outcome(Verdict.FAIL, "media_rejected")),
    (errors.HasNoForm, Outcome(Verdict.FAIL, "no_form")),
    (errors.Rejected, Outcome(Verdict.FAIL, "rejected")),
    # An error that this table does not know says nothing about whether Meta has the message.
    (errors.GraphError, Outcome(Verdict.UNKNOWN, "no_answer")),
)


def outcome_of(error: errors.GraphError, *, was_sending: bool, tries: int = 1) -> Outcome:
    """What this error means for a dispatch.

    Args:
        was_sending: whether the call was the one that makes Meta send. Before it nothing can be unknown.
        tries: how many were made, this one included.
    """
    outcome = _row_of(type(error))
    if outcome.verdict == Verdict.UNKNOWN and not was_sending:
        outcome = _row_of(errors.Unavailable)
    if outcome.verdict != Verdict.RETRY:
        return outcome
    wait = outcome.retry.after(tries, told=error.retry_at)
    return replace(outcome, wait=wait) if wait is not None else _given_up(outcome)


def _row_of(kind: type[errors.GraphError]) -> Outcome:
    return next(outcome for known, outcome in _TABLE if issubclass(kind, known))


def _given_up(outcome: Outcome) -> Outcome:
    """It has been tried often enough; a person may still do so."""
    reason = "media_rejected" if outcome.reason == "upload_forgotten" else "given_up"
    return replace(outcome, verdict=Verdict.FAIL, reason=reason)


def sentence_for(dispatch: Dispatch) -> str:
    """Why this dispatch stands where it stands, for people; "" where there is nothing to explain."""
    return sentence_of(dispatch.reason)


def sentence_of(reason: str) -> str:
    return _sentences().get(reason, "")


def doubt_sentence(doubt: str) -> str:
    """Why a reading of the thread that came back does not prove that the message is not there, by what `inbox.evidence` calls it; else ""."""
    return _doubts().get(doubt, "")


def _doubts() -> dict[str, str]:
    return {
        "empty": _("Meta showed no messages of it."),
        "short": _("What Meta showed of it does not reach back to the call."),
        "behind": _("What Meta showed of it was not complete."),
        "unclear": _("Something in it may be this message in another form."),
    }


def _sentences() -> dict[str, str]:
    return {
        "no_answer": _("Meta did not say whether this arrived."),
        "crashed": _("Countersign stopped while this was on its way, so nobody knows whether it arrived."),
        "not_reached": _("Meta could not be reached. It is tried again by itself."),
        "stalled": _("Countersign stalled before it called Meta. It is tried again by itself."),
        "throttled": _("Meta wants fewer messages for a moment. It is tried again by itself."),
        "unavailable": _("Meta has trouble at the moment. It is tried again by itself."),
        "unprepared": _("Countersign could not make this ready for Meta. It is tried again by itself; the log of the worker says why."),
        "token_dead": _("The token of this account is dead. An admin has to reconnect it; then the message leaves by itself."),
        "restricted": _("Meta does not let this account send for now. It is tried again by itself; an admin can see why at Meta, in the account quality."),
        "window_closed": _("Meta's messaging window had closed. Wait until the contact writes again."),
        "contact_unavailable": _("The contact does not receive messages from this account now."),
        "contact_unknown": _("Meta knows no such contact for this account."),
        "permission_missing": _("The app lacks a permission for this. An admin has to grant it at Meta and reconnect the account."),
        "thread_held": _("Another app holds this conversation at Meta. Take it over there, then retry."),
        "upload_forgotten": _("Meta had forgotten the uploaded file. It is uploaded again by itself."),
        "thread_busy": _("Meta's own questions to the contact hold this conversation for some minutes. It is tried again by itself."),
        "media_rejected": _("Meta would not take the file. Choose another one."),
        "copy_damaged": _("Countersign's own copy of the file is not what was shown any more, so this did not leave. Choose the file again."),
        "copy_unreadable": _("Countersign could not read its own copy of the file, so this did not leave. Have an admin look at the media folder, then retry."),
        "rejected": _("Meta refused this message. Change it before you try again."),
        "no_form": _("Meta has no form for this message, so it was not asked. Change it before you try again."),
        "given_up": _("It could not be handed to Meta for so long that Countersign stopped trying."),
        "not_there": _("Meta did not answer, and the conversation there does not have it: it did not arrive."),
        "stale": _("The contact wrote again before this left, so it went back for another look."),
        "they_wrote": _("The contact wrote before this was due, so it did not leave."),
        "taken_back": _("Taken back before it left."),
        "not_allowed": _("Whoever let this out may no longer write on this account."),
        "changed": _("What was stored is not what was shown, so it did not leave."),
        "invalid": _("Meta would not take this content."),
        "erased": _("The contact asked to be forgotten before this left."),
        "account_unavailable": _("The account was disconnected before this left."),
    }
