"""A person pauses sending: what is written waits, everybody sees why, and it goes on when somebody says so."""

from datetime import timedelta

import pytest
from django.core.exceptions import PermissionDenied, ValidationError

from accounts.models import Activity
from accounts.tending.asking import pause, resume
from core.clock import now
from inbox.content import Content
from inbox.models import Dispatch
from inbox.work import work_until_idle
from tests.accounts.tending import fresh

State = Dispatch.State
HTMX = {"HX-Request": "true"}


def hold(cast, **more):
    facts = {"until": None, "by": cast.dana, "at": now(), "reason": "Stocktaking"}
    return pause(cast.shop, **facts | more)


def reply(cast):
    return cast.conversation(cast.amina).reply(Content(text="It is back."), by=cast.bob).dispatch


def state(dispatch):
    return Dispatch.objects.get(pk=dispatch.pk).state


def test_what_is_written_while_sending_is_paused_waits_until_it_is_resumed(cast):
    assert hold(cast)
    dispatch = reply(cast)
    work_until_idle("dispatch")
    assert (state(dispatch), cast.received(cast.amina)) == (State.QUEUED, [])
    assert resume(fresh(cast.shop), by=cast.dana, at=now())
    work_until_idle("dispatch")
    assert state(dispatch) == State.SENT
    assert list(Activity.objects.filter(verb__in=("account.paused", "account.resumed")).values_list("verb", flat=True)) == ["account.resumed", "account.paused"]


def test_a_pause_with_an_end_ends_by_itself(cast, clock):
    hold(cast, until=now() + timedelta(hours=1))
    dispatch = reply(cast)
    work_until_idle("dispatch")
    assert state(dispatch) == State.QUEUED
    clock.shift(timedelta(minutes=61))
    work_until_idle("dispatch")
    assert state(dispatch) == State.SENT


def test_another_account_sends_on(cast):
    hold(cast)
    dispatch = cast.conversation(cast.noor).reply(Content(text="Two places are left."), by=cast.bob).dispatch
    work_until_idle("dispatch")
    assert state(dispatch) == State.SENT


def test_what_a_worker_has_claimed_already_goes_back_into_the_queue(cast):
    from inbox.claiming import claim
    from inbox.sending import _send

    dispatch = reply(cast)
    claimed = claim("worker", at=now())
    hold(cast)
    _send(claimed)
    assert (state(dispatch), cast.received(cast.amina)) == (State.QUEUED, [])


def test_what_comes_in_is_taken_all_the_same(cast):
    hold(cast)
    cast.write(cast.amina, "Hello?")
    assert cast.conversation(cast.amina).messages.count() == 2


@pytest.mark.parametrize("who", ["alice", "bob", "charlie"])
def test_only_those_who_manage_an_account_pause_and_resume_it(cast, who):
    with pytest.raises(PermissionDenied):
        hold(cast, by=getattr(cast, who))
    hold(cast)
    with pytest.raises(PermissionDenied):
        resume(cast.shop, by=getattr(cast, who), at=now())


def test_a_pause_says_why_and_ends_in_the_future(cast):
    with pytest.raises(ValidationError):
        hold(cast, reason="  ")
    with pytest.raises(ValidationError):
        hold(cast, until=now() - timedelta(minutes=1))


def test_pausing_or_resuming_twice_changes_nothing(cast):
    assert (hold(cast), hold(cast)) == (True, False)
    assert (resume(cast.shop, by=cast.dana, at=now()), resume(cast.shop, by=cast.dana, at=now())) == (True, False)


def test_everybody_who_reads_the_account_sees_that_it_is_paused_and_why(cast, sign_in):
    hold(cast)
    shown = sign_in(cast.bob).get("/conversations/").text
    assert "is paused by Dana" in shown and "Stocktaking" in shown and "What you write waits" in shown
    assert "is paused by" not in sign_in(cast.charlie).get("/conversations/").text


def test_the_conversation_says_of_each_message_that_it_waits(cast, sign_in):
    hold(cast)
    reply(cast)
    shown = sign_in(cast.bob).get(cast.conversation(cast.amina).get_absolute_url(), headers=HTMX).text
    assert "Sending from Harbour Coffee is paused: “Stocktaking”. It leaves as soon as somebody resumes it." in shown
    assert "What you write waits." in shown and ">Waiting<" in shown
