"""The calls that are made to Meta for one message, as rows: numbered, measured, and in Meta's own words without secrets."""

import time
from datetime import datetime
from itertools import takewhile
from typing import Any

from django.db.models import Q

from accounts.models import Activity
from core.redaction import conceal
from graph.client import Sent, Uploaded
from graph.errors import GraphError
from inbox.models import Attempt, Dispatch
from inbox.models.dispatch import NO_WORD
from inbox.outcomes import Verdict

LONGEST = 500
Told = Sent | Uploaded | Exception
Outcome = Attempt.Outcome
# A late answer that says what became of a call still counts; one that says nothing changes nothing.
_OPEN = (Outcome.STARTED, Outcome.UNKNOWN)
_OUTWEIGHED_BY: dict[str, tuple[str, ...]] = {Outcome.ACCEPTED: tuple(Outcome), Outcome.REFUSED: _OPEN, Outcome.NOT_SENT: _OPEN}


class Watch:
    """Runs from the beginning of a call, by a clock that is never set."""

    def __init__(self) -> None:
        self._began = time.monotonic()

    @property
    def milliseconds(self) -> int:
        return round((time.monotonic() - self._began) * 1000)


def begin(dispatch: Dispatch, step: str, **fields: Any) -> Attempt:
    """The row of one call, under the conversation's lock: all calls of a message are counted on, whatever they are for."""
    last = dispatch.attempts.order_by("-number").values_list("number", flat=True).first() or 0
    return Attempt.objects.create(dispatch=dispatch, number=last + 1, step=step, worker=dispatch.worker, **fields)


def finish(attempt: Attempt, outcome: str, told: Told, *, at: datetime, took: int | None = None) -> None:
    """Close the row of one call. What has been proven meanwhile outweighs an answer that says less.

    Args:
        told: what came back.
        took: how many milliseconds it took.
    """
    Attempt.objects.filter(pk=attempt.pk).update(finished_at=at, duration_ms=took, **facts_of(told))
    Attempt.objects.filter(pk=attempt.pk, outcome__in=_OUTWEIGHED_BY.get(outcome, (Outcome.STARTED,))).update(outcome=outcome)


def tries_with(error: GraphError, dispatch: Dispatch, attempt: Attempt | None) -> int:
    """How many calls in a row met this error, the last one included, since a person asked for them.

    Args:
        attempt: the call that met it now, whose row is not closed yet; None where the row is, or where nothing was asked of Meta.
    """
    about = Activity.objects.filter(target_type="message", target_id=dispatch.message.public_id)
    asked_at = about.filter(verb__in=("message.retried", "message.sent_again")).values_list("at", flat=True).first()
    rows = dispatch.attempts.exclude(error="").order_by("-number")
    if asked_at:
        rows = rows.filter(started_at__gte=asked_at)
    if attempt:
        rows = rows.filter(number__lt=attempt.number)
    in_a_row = takewhile(type(error).__name__.__eq__, rows.values_list("error", flat=True))
    met = sum(1 for _error in in_a_row) + (attempt is not None)
    return met or dispatch.attempts_made


def settle_call(dispatch: Dispatch) -> None:
    """Of the calls that nobody heard the end of, Meta took the last one. What came back from it, and when, stays as it was."""
    unheard = Q(outcome__in=_OPEN) | Q(outcome=Outcome.NOT_SENT, error__in=NO_WORD)
    last = dispatch.attempts.filter(unheard, step=Attempt.Step.SEND).order_by("-number").first()
    if last:
        Attempt.objects.filter(pk=last.pk).update(outcome=Outcome.ACCEPTED)


def outcome_by(verdict: Verdict) -> str:
    """What a call came to, by what it means for its message."""
    return {Verdict.UNKNOWN: Outcome.UNKNOWN, Verdict.RETRY: Outcome.NOT_SENT}.get(verdict, Outcome.REFUSED)


def facts_of(told: Told) -> dict[str, Any]:
    """What came back, as the columns of an attempt: Meta's id of what it took, or its own sentence."""
    if isinstance(told, GraphError):
        said = {"answer": conceal(told.said)[:LONGEST], "status": told.status, "trace_id": told.trace_id[:80]}
        return said | {"error": type(told).__name__, "code": code_of(told)}
    if isinstance(told, Exception):
        return {"error": type(told).__name__[:40]}
    id = told.attachment_id if isinstance(told, Uploaded) else told.message_id
    return {"answer": id[:LONGEST], "status": told.status, "trace_id": told.trace_id[:80]}


def code_of(error: GraphError) -> str:
    return "/".join(str(number) for number in (error.code, error.subcode) if number is not None)[:20]
