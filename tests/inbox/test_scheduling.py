"""A person's own words can wait for a moment: inside Meta's window, behind what is due before, and for as long as they are still right."""

from datetime import UTC, datetime, timedelta

import pytest
from django.utils.timezone import override

from accounts.models import Account, Activity, Stop
from core.clock import now
from inbox.claiming import next_due
from inbox.content import Content
from inbox.errors import AlreadyMoved, KeyIsSpent, MomentRefused, NotAllowed, WindowIsClosed
from inbox.models import Conversation, Dispatch
from inbox.outbox import cancel, reschedule, retry, send_now
from inbox.views.later import Later, moment_of
from inbox.work import work_until_idle

State = Dispatch.State
HOUR = timedelta(hours=1)


@pytest.fixture(params=["amina", "noor"])
def contact(request, cast):
    return getattr(cast, request.param)


def schedule(cast, contact, text="Good morning", *, hours=3.0, by=None, **how) -> Dispatch:
    conversation = cast.conversation(contact)
    return conversation.reply(Content(text=text), by=by or cast.bob, scheduled_for=now() + hours * HOUR, **how).dispatch


def after(dispatch: Dispatch) -> Dispatch:
    return Dispatch.objects.select_related("message", "conversation").get(pk=dispatch.pk)


def texts(cast, contact) -> list[str]:
    return [message["text"] for message in cast.received(contact)]


# When -----------------------------------------------------------------------------------------------------------------
def test_it_leaves_when_it_is_due_and_no_earlier(cast, contact, clock):
    dispatch = schedule(cast, contact)
    assert next_due(now()) == dispatch.scheduled_for == dispatch.not_before
    clock.shift(3 * HOUR - timedelta(minutes=1))
    work_until_idle("dispatch")
    assert texts(cast, contact) == []
    clock.shift(timedelta(minutes=2))
    cast.settle()
    assert texts(cast, contact) == ["Good morning"] and after(dispatch).state == State.SENT


def test_it_is_held_no_longer_than_until_its_moment(cast, contact):
    Account.objects.update(reply_hold=60)
    dispatch = schedule(cast, contact)
    assert dispatch.not_before == dispatch.scheduled_for


def test_scheduling_is_noted_as_such(cast, contact):
    dispatch = schedule(cast, contact)
    assert Activity.objects.filter(verb="message.scheduled", details__dispatch=dispatch.public_id).exists()
    assert not Activity.objects.filter(verb="message.written").exists()


@pytest.mark.parametrize("seconds", [-50, 0, 50])
def test_less_than_a_minute_ahead_is_now(cast, contact, seconds):
    dispatch = schedule(cast, contact, hours=seconds / 3600)
    assert dispatch.scheduled_for is None
    work_until_idle("dispatch")
    assert after(dispatch).state == State.SENT


def test_a_moment_that_has_passed_is_refused(cast, contact):
    with pytest.raises(MomentRefused, match="has passed"):
        schedule(cast, contact, hours=-0.1)
    assert not Dispatch.objects.exists()


# The window -----------------------------------------------------------------------------------------------------------
def test_past_the_window_is_refused_and_the_latest_moment_named(cast, contact):
    conversation = cast.conversation(contact)
    end = conversation.window_closes_at - timedelta(minutes=1)
    with pytest.raises(MomentRefused, match=f"{end:%H:%M}\\.$"):
        schedule(cast, contact, hours=25)
    schedule(cast, contact, hours=23.9)


def test_a_persons_own_words_may_wait_into_the_time_of_human_agents(cast, contact, clock):
    Account.objects.update(human_agent_feature=True)
    cast.simulator.world.set_account(contact.account.external_id, "human_agent", True)
    schedule(cast, contact, hours=6 * 24)
    with pytest.raises(MomentRefused, match="a person's own words"):
        schedule(cast, contact, hours=8 * 24)
    clock.shift(6 * 24 * HOUR + HOUR)
    cast.settle()
    assert [message["tag"] for message in cast.received(contact)] == ["HUMAN_AGENT"]


def test_in_a_closed_window_nothing_is_scheduled(cast, contact, clock):
    clock.shift(25 * HOUR)
    with pytest.raises(WindowIsClosed):
        schedule(cast, contact, hours=1)


def test_where_nobody_knows_the_window_meta_decides_within_a_week(cast, contact, clock):
    Conversation.objects.update(window_closes_at=None, window_opened_at=None, window_cause="", human_until=None)
    dispatch = schedule(cast, contact, hours=2)
    with pytest.raises(MomentRefused, match="seven days"):
        schedule(cast, contact, hours=24 * 8)
    clock.shift(3 * HOUR)
    work_until_idle("dispatch")
    assert after(dispatch).state == State.SENT


# Who ------------------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize("who", ["charlie", "dana"])
def test_who_may_not_write_schedules_nothing_and_moves_nothing(cast, contact, who):
    stranger = getattr(cast, who)
    with pytest.raises(NotAllowed):
        schedule(cast, contact, by=stranger)
    dispatch = schedule(cast, contact)
    for verb, how in ((cancel, {}), (send_now, {}), (reschedule, {"to": now() + HOUR, "unless_they_write": True})):
        with pytest.raises(NotAllowed):
            verb(dispatch, by=stranger, **how)
    assert after(dispatch).not_before == dispatch.scheduled_for


def test_an_agents_words_cannot_be_scheduled_by_anybody(cast, contact):
    with pytest.raises(NotAllowed, match="Only people's own words"):
        schedule(cast, contact, by=cast.alice, written_by=cast.assistant.user, expects_heard=1)
    Account.objects.update(agents_may_send=True)
    with pytest.raises(NotAllowed, match="Only people's own words"):
        schedule(cast, contact, by=cast.assistant.user, expects_heard=1)


# Changing one's mind ---------------------------------------------------------------------------------------------------
def test_a_colleague_who_may_reply_chooses_another_moment(cast, contact, clock):
    dispatch = schedule(cast, contact, hours=3)
    reschedule(dispatch, to=now() + HOUR, by=cast.alice, unless_they_write=True)
    clock.shift(HOUR + timedelta(minutes=1))
    work_until_idle("dispatch")
    assert after(dispatch).state == State.SENT
    with pytest.raises(AlreadyMoved):
        reschedule(dispatch, to=now() + HOUR, by=cast.alice, unless_they_write=True)


def test_another_moment_is_held_to_the_same_window(cast, contact):
    dispatch = schedule(cast, contact)
    for hours in (-1, 30):
        with pytest.raises(MomentRefused):
            reschedule(dispatch, to=now() + hours * HOUR, by=cast.bob, unless_they_write=True)
    assert after(dispatch).not_before == dispatch.scheduled_for


def test_a_held_reply_has_no_moment_to_change(cast, contact):
    Account.objects.update(reply_hold=60)
    dispatch = cast.conversation(contact).reply(Content(text="Now"), by=cast.bob).dispatch
    with pytest.raises(AlreadyMoved):
        reschedule(dispatch, to=now() + HOUR, by=cast.bob, unless_they_write=True)


def test_it_can_be_sent_at_once_whatever_they_wrote(cast, contact):
    dispatch = schedule(cast, contact, unless_they_write=True)
    cast.write(contact, "Hello?")
    send_now(dispatch, by=cast.bob)
    work_until_idle("dispatch")
    assert after(dispatch).state == State.SENT


def test_what_was_cancelled_does_not_leave_and_was_never_said(cast, contact, clock):
    said = cast.conversation(contact).last_message
    dispatch = schedule(cast, contact)
    cancel(dispatch, by=cast.bob)
    assert cast.conversation(contact).last_message == said
    clock.shift(4 * HOUR)
    work_until_idle("dispatch")
    assert after(dispatch).state == State.CANCELLED and texts(cast, contact) == []


def test_the_same_key_for_another_moment_is_a_conflict(cast, contact):
    conversation, moment = cast.conversation(contact), now() + HOUR
    content = Content(text="Hello")
    first = conversation.reply(content, by=cast.bob, idempotency_key="k", scheduled_for=moment)
    assert conversation.reply(content, by=cast.bob, idempotency_key="k", scheduled_for=moment) == first
    with pytest.raises(AlreadyMoved, match="another moment"):
        conversation.reply(content, by=cast.bob, idempotency_key="k", scheduled_for=moment + HOUR)
    with pytest.raises(AlreadyMoved, match="another moment"):
        conversation.reply(content, by=cast.bob, idempotency_key="k")


# If they write before ----------------------------------------------------------------------------------------------------
@pytest.mark.parametrize(("unless", "state"), [(True, State.CANCELLED), (False, State.SENT)])
def test_it_stays_here_if_they_write_before_and_only_if_that_was_wanted(cast, contact, clock, unless, state):
    dispatch = schedule(cast, contact, unless_they_write=unless)
    cast.write(contact, "Never mind, I found it.")
    clock.shift(3 * HOUR + timedelta(minutes=1))
    work_until_idle("dispatch")
    assert after(dispatch).state == state
    assert after(dispatch).reason == ("they_wrote" if unless else "")
    assert len(cast.received(contact)) == (0 if unless else 1)


def test_without_a_word_of_theirs_it_leaves(cast, contact, clock):
    dispatch = schedule(cast, contact, unless_they_write=True)
    cast.conversation(contact).reply(Content(text="One moment"), by=cast.alice)
    clock.shift(3 * HOUR + timedelta(minutes=1))
    work_until_idle("dispatch")
    assert after(dispatch).state == State.SENT


def test_whoever_saw_what_they_wrote_and_chooses_another_moment_means_it(cast, contact, clock):
    seen, unseen = (schedule(cast, contact, text, unless_they_write=True) for text in ("seen", "unseen"))
    shown = cast.conversation(contact).revision
    cast.write(contact, "Hello?")
    reschedule(unseen, to=now() + HOUR, by=cast.bob, unless_they_write=True, revision=shown)
    reschedule(seen, to=now() + HOUR, by=cast.bob, unless_they_write=True, revision=cast.conversation(contact).revision)
    clock.shift(2 * HOUR)
    work_until_idle("dispatch")
    work_until_idle("dispatch")
    assert (after(seen).state, after(unseen).state) == (State.SENT, State.CANCELLED)


def test_a_stop_of_agents_does_not_hold_a_conditional_reply_of_a_person(cast, contact, clock):
    Stop.objects.create(by=cast.dana, at=now(), reason="Too fast")
    dispatch = schedule(cast, contact, unless_they_write=True)
    clock.shift(4 * HOUR)
    work_until_idle("dispatch")
    assert after(dispatch).state == State.SENT


def test_what_did_not_leave_in_time_may_be_retried_by_who_may_reply(cast, contact, clock):
    dispatch = schedule(cast, contact, unless_they_write=True)
    Conversation.objects.update(window_refused_at=now())
    clock.shift(4 * HOUR)
    work_until_idle("dispatch")
    assert (after(dispatch).state, after(dispatch).reason) == (State.FAILED, "window_closed")
    Conversation.objects.update(window_refused_at=None)
    retry(dispatch, by=cast.bob)
    work_until_idle("dispatch")
    assert after(dispatch).state == State.SENT


# Order ----------------------------------------------------------------------------------------------------------------
def test_a_reply_written_now_leaves_before_one_for_later(cast, contact, clock):
    schedule(cast, contact, "later")
    cast.conversation(contact).reply(Content(text="now"), by=cast.bob)
    work_until_idle("dispatch")
    assert texts(cast, contact) == ["now"]
    clock.shift(4 * HOUR)
    cast.settle()
    assert texts(cast, contact) == ["now", "later"]


def test_of_several_the_one_due_first_leaves_first(cast, contact, clock):
    for text, hours in (("third", 3), ("first", 1), ("second", 2)):
        schedule(cast, contact, text, hours=hours)
    clock.shift(5 * HOUR)
    cast.settle()
    assert texts(cast, contact) == ["first", "second", "third"]


def test_a_reply_that_is_tried_again_and_one_written_after_it_do_not_wait_for_each_other(cast, contact, clock):
    cast.simulator.fault("drop_before", account=contact.account.external_id)
    conversation = cast.conversation(contact)
    conversation.reply(Content(text="first"), by=cast.bob)
    work_until_idle("dispatch")
    conversation.reply(Content(text="second"), by=cast.bob)
    work_until_idle("dispatch")
    assert texts(cast, contact) == []
    clock.shift(timedelta(minutes=5))
    cast.settle()
    assert texts(cast, contact) == ["first", "second"]


def test_one_that_is_tried_again_goes_before_one_that_was_scheduled_earlier(cast, contact, clock):
    schedule(cast, contact, "scheduled", hours=0.02)
    cast.simulator.fault("drop_before", account=contact.account.external_id)
    cast.conversation(contact).reply(Content(text="tried"), by=cast.bob)
    work_until_idle("dispatch")
    clock.shift(HOUR)
    cast.settle()
    assert texts(cast, contact) == ["tried", "scheduled"]


# Where it stands --------------------------------------------------------------------------------------------------------
def test_from_its_moment_on_it_stands_where_it_left(cast, contact, clock):
    dispatch = schedule(cast, contact)
    cast.write(contact, "Meanwhile")
    assert cast.conversation(contact).last_message.text == "Meanwhile"
    clock.shift(4 * HOUR)
    cast.settle()
    conversation, message = cast.conversation(contact), after(dispatch).message
    assert conversation.last_message == message and message.at >= dispatch.scheduled_for
    assert list(conversation.messages.all())[-1] == message


# The box ----------------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize(("zone", "typed", "moment"), [
    ("Europe/Berlin", "2026-07-01T09:00", "2026-07-01T07:00"),
    ("America/New_York", "2026-07-01T09:00", "2026-07-01T13:00"),
    ("Europe/Berlin", "2026-10-25T02:30", "2026-10-25T00:30"),  # comes twice, an hour apart
])  # fmt: skip
def test_a_box_means_the_persons_own_zone(zone, typed, moment):
    with override(zone):
        assert moment_of(typed) == datetime.fromisoformat(moment).replace(tzinfo=UTC)


@pytest.mark.parametrize(("typed", "says"), [
    ("2026-03-29T02:30", "no 02:30 on that day in Europe/Berlin"), ("", "Choose a day and a time"), ("tomorrow", "Choose a day and a time"),
    ("2026-03-29T02:30+01:00", "Choose a day"), ("0001-01-01T00:00", "Choose a day"), ("9999-12-31T23:59", "Choose a day"),
])  # fmt: skip
def test_what_is_no_moment_is_refused(typed, says):
    with override("Europe/Berlin"), pytest.raises(MomentRefused, match=says):
        moment_of(typed)


def offered(cast, at: str, zone="Europe/Berlin", closes_in=24.0) -> list[str]:
    moment = datetime.fromisoformat(at).replace(tzinfo=UTC)
    conversation = cast.conversation(cast.amina)
    conversation.window_closes_at, conversation.window_opened_at = moment + closes_in * HOUR, moment
    with override(zone):
        return [offer.value for offer in Later(conversation, {}, moment).offers]


@pytest.mark.parametrize(("at", "hours", "values"), [
    ("2026-11-20T09:00", 24, ["in:60", "in:180", "2026-11-20T18:00", "2026-11-21T09:00"]),
    ("2026-11-20T09:00", 10, ["in:60", "in:180", "2026-11-20T18:00"]),
    ("2026-11-20T04:00", 24, ["in:60", "in:180", "2026-11-20T09:00", "2026-11-20T18:00"]),
    ("2026-11-20T20:00", 1.5, ["in:60"]),
    ("2026-11-20T20:00", 72, ["in:60", "in:180", "2026-11-21T09:00", "2026-11-23T09:00"]),
    ("2026-11-20T20:00", 0.5, []),
])  # fmt: skip
def test_only_what_lies_in_the_window_is_offered(cast, at, hours, values):
    assert offered(cast, at, closes_in=hours) == values


# Said before ----------------------------------------------------------------------------------------------------------
def test_moments_like_in_an_hour_are_counted_anew_at_each_click_and_mean_the_same(cast, contact, clock):
    first = schedule(cast, contact, hours=1, idempotency_key="one click")
    clock.shift(timedelta(seconds=20))
    assert schedule(cast, contact, hours=1, idempotency_key="one click") == first


@pytest.mark.parametrize(("first", "second"), [(None, 3 * HOUR), (3 * HOUR, None)], ids=["now, then later", "later, then now"])
def test_what_leaves_now_is_not_said_to_leave_later_nor_the_other_way_round(cast, contact, first, second):
    Account.objects.update(reply_hold=60)
    conversation, words = cast.conversation(contact), Content(text="Good morning")
    conversation.reply(words, by=cast.bob, idempotency_key="one form", scheduled_for=first and now() + first)
    with pytest.raises(AlreadyMoved, match="for another moment"):
        conversation.reply(words, by=cast.bob, idempotency_key="one form", scheduled_for=second and now() + second)
    assert Dispatch.objects.filter(conversation=conversation).count() == 1


@pytest.mark.parametrize("words", ["Good morning", "Good evening"])
def test_what_was_cancelled_is_not_called_sent_when_the_same_form_comes_again(cast, contact, words):
    dispatch = schedule(cast, contact, idempotency_key="one form")
    cancel(dispatch, by=cast.bob)
    with pytest.raises(KeyIsSpent):
        schedule(cast, contact, words, idempotency_key="one form")
    assert after(dispatch).state == State.CANCELLED


# What was read --------------------------------------------------------------------------------------------------------
def test_if_they_wrote_while_it_was_written_the_condition_cannot_be_set_unread(cast, contact):
    shown = cast.conversation(contact).revision
    cast.write(contact, "Never mind.")
    with pytest.raises(AlreadyMoved, match="Read what is new"):
        schedule(cast, contact, unless_they_write=True, revision=shown)
    assert schedule(cast, contact, unless_they_write=True, revision=cast.conversation(contact).revision).checks_newest
    assert schedule(cast, contact, "Whatever they write", revision=shown).is_scheduled


def test_a_condition_set_afterwards_counts_from_what_was_shown(cast, contact):
    dispatch, shown = schedule(cast, contact), cast.conversation(contact).revision
    cast.write(contact, "Never mind.")
    with pytest.raises(AlreadyMoved, match="Read what is new"):
        reschedule(dispatch, to=now() + HOUR, by=cast.bob, unless_they_write=True, revision=shown)
    assert not after(dispatch).checks_newest and after(dispatch).scheduled_for == dispatch.scheduled_for


def test_a_moment_behind_the_end_of_the_window_is_now(cast, contact, clock):
    dispatch = schedule(cast, contact, hours=23)
    clock.shift(24 * HOUR - timedelta(seconds=20) - (now() - cast.conversation(contact).window_opened_at))
    tomorrow = now() + 24 * HOUR
    Dispatch.objects.update(not_before=tomorrow, scheduled_for=tomorrow)
    reschedule(dispatch, to=now() + timedelta(seconds=55), by=cast.bob, unless_they_write=False)
    cast.settle()
    assert after(dispatch).state == State.SENT


def test_nothing_is_hastened_into_a_closed_window(cast, contact, clock):
    dispatch = schedule(cast, contact, hours=23)
    clock.shift(timedelta(days=8))
    with pytest.raises(WindowIsClosed):
        send_now(dispatch, by=cast.bob)
    assert after(dispatch).is_scheduled


def test_what_was_tried_cannot_be_put_off_so_it_blocks_nobody(cast, contact, clock):
    dispatch = schedule(cast, contact)
    clock.shift(4 * HOUR)
    Dispatch.objects.update(attempts_made=1)  # claimed, and its worker died before the hand-over
    assert not after(dispatch).is_scheduled and not Dispatch.objects.scheduled().exists()
    with pytest.raises(AlreadyMoved):
        reschedule(after(dispatch), to=now() + HOUR, by=cast.bob, unless_they_write=False)
    cast.conversation(contact).reply(Content(text="Urgent"), by=cast.bob)
    cast.settle()
    assert texts(cast, contact) == ["Good morning", "Urgent"]
