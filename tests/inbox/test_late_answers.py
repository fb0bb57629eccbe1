"""An answer of Meta's that comes when others had given the call up; and how often the same answer is taken."""

from datetime import timedelta

import pytest

from accounts.models import Account
from core.clock import now
from graph.errors import MediaExpired, NotSent, RateLimited, TokenInvalid, Unavailable
from inbox import calls, sending
from inbox.claiming import claim
from inbox.content import Content
from inbox.models import Attempt, Dispatch
from inbox.outbox import retry, send_again
from inbox.settling import end_leases
from tests.inbox.handing import hand_over

State, Outcome = Dispatch.State, Attempt.Outcome


@pytest.fixture
def dispatch(cast) -> Dispatch:
    return cast.conversation(cast.amina).reply(Content(text="Hello"), by=cast.bob).dispatch


def given_up(clock) -> tuple[Dispatch, Attempt]:
    """Handed over by a worker that then sleeps until its lease has ended."""
    claimed = claim("sleeper", at=now())
    attempt = hand_over(claimed)
    clock.shift(timedelta(minutes=1))
    end_leases(now())
    assert Dispatch.objects.get(pk=claimed.pk).state == State.UNKNOWN
    return claimed, attempt


@pytest.mark.parametrize(
    ("error", "call", "account"),
    [
        (RateLimited("Too fast"), Outcome.NOT_SENT, Account.State.CONNECTED),
        (NotSent("The line was dead"), Outcome.NOT_SENT, Account.State.CONNECTED),
        (TokenInvalid("Dead"), Outcome.REFUSED, Account.State.NEEDS_RECONNECT),
    ],
    ids=lambda value: type(value).__name__,
)
def test_a_certain_no_that_comes_late_queues_it_again(cast, clock, dispatch, error, call, account):
    claimed, attempt = given_up(clock)
    sending._record(claimed, attempt, error)
    dispatch.refresh_from_db()
    attempt.refresh_from_db()
    assert (dispatch.state, dispatch.unknown_since, dispatch.look_due_at) == (State.QUEUED, None, None)
    assert (attempt.outcome, Account.objects.get(pk=cast.shop.pk).state) == (call, account)


def test_where_another_call_was_lost_a_late_no_settles_nothing(cast, clock, dispatch):
    given_up(clock)
    clock.shift(timedelta(minutes=5))
    send_again(Dispatch.objects.get(pk=dispatch.pk), by=cast.bob)
    claimed, attempt = given_up(clock)
    sending._record(claimed, attempt, RateLimited("Too fast"))
    dispatch.refresh_from_db()
    assert dispatch.state == State.UNKNOWN
    assert [each.outcome for each in dispatch.attempts.order_by("number")] == [Outcome.UNKNOWN, Outcome.NOT_SENT]


def test_a_late_no_does_not_undo_what_a_person_decided(cast, clock, dispatch):
    claimed, attempt = given_up(clock)
    clock.shift(timedelta(minutes=5))
    send_again(Dispatch.objects.get(pk=dispatch.pk), by=cast.bob)
    sending._record(claimed, attempt, RateLimited("Too fast"))
    dispatch.refresh_from_db()
    assert (dispatch.state, dispatch.reason) == (State.QUEUED, "")


def test_a_pause_of_metas_that_began_during_the_upload_is_kept(cast, dispatch):
    claimed = claim("worker", at=now())
    Account.objects.filter(pk=cast.shop.pk).update(paused_until=now() + timedelta(hours=1))
    assert hand_over(claimed) is None
    dispatch.refresh_from_db()
    assert (dispatch.state, dispatch.attempts.count()) == (State.QUEUED, 0)


# How often --------------------------------------------------------------------------------------------------------
def met(dispatch: Dispatch, *errors: str) -> None:
    for number, error in enumerate(errors, start=dispatch.attempts.count() + 1):
        Attempt.objects.create(dispatch=dispatch, number=number, started_at=now(), outcome=Outcome.NOT_SENT, error=error)


@pytest.mark.parametrize(
    ("before", "tries"),
    [
        ((), 1),
        (("RateLimited", "RateLimited"), 1),
        (("MediaExpired",), 2),
        (("MediaExpired", "", "MediaExpired", ""), 3),
        (("MediaExpired", "Unavailable"), 1),
    ],
)
def test_tries_are_counted_by_what_they_met(dispatch, before, tries):
    Dispatch.objects.update(attempts_made=7)
    dispatch.refresh_from_db()
    met(dispatch, *before)
    attempt = calls.begin(dispatch, Attempt.Step.SEND, started_at=now())
    assert calls.tries_with(MediaExpired("Forgotten"), dispatch, attempt) == tries


def test_what_a_person_asks_for_again_is_tried_as_if_for_the_first_time(cast, clock, dispatch):
    met(dispatch, *["Unavailable"] * 100)
    Dispatch.objects.update(state=State.FAILED, reason="given_up")
    clock.shift(timedelta(seconds=1))
    retry(Dispatch.objects.get(pk=dispatch.pk), by=cast.bob)
    attempt = calls.begin(dispatch, Attempt.Step.SEND, started_at=now())
    assert calls.tries_with(Unavailable("Down"), dispatch, attempt) == 1
    assert calls.tries_with(Unavailable("Down"), Dispatch.objects.get(pk=dispatch.pk), None) == dispatch.attempts_made


def test_where_meta_was_not_asked_the_claims_are_counted(dispatch):
    dispatch.attempts_made = 4
    assert calls.tries_with(Unavailable("ValueError"), dispatch, None) == 4
