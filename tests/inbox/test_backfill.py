"""What was said before an account was connected is read back: counted, part by part, once, and however often the worker dies."""

import json
from datetime import timedelta

import httpx
import pytest
from django.core.exceptions import PermissionDenied, ValidationError
from django.db import connection
from django.test.utils import CaptureQueriesContext

from accounts.connection import disconnect
from accounts.models import Account, Activity, ConnectionRequest
from accounts.pacing import pause
from core.clock import now
from core.lease import lease_time
from inbox import backfilling, parts
from inbox.backfilling import backfill_next, cancel_backfill, next_backfill_due, start_backfill
from inbox.content import Content
from inbox.importing import import_thread
from inbox.models import Backfill, Contact, Conversation, Message
from inbox.pace import REPLIES_FIRST
from inbox.parts import take_part
from inbox.work import work_until_idle
from tests.inbox.reading_back import QUICK, answered, ask, carry_on, conversation_with, read_back, said, stranger, texts

State = Backfill.State
# Readings a second: so few that none comes twice during a test.
SLOW = 0.01
DAYS = timedelta(days=1)


@pytest.fixture(autouse=True)
def quick(settings):
    settings.GRAPH_READS_PER_SECOND = QUICK


@pytest.fixture
def history(cast):
    """Twelve conversations of three messages each, besides Amina's."""
    cast.simulator.add_history(cast.shop.external_id, contacts=12, messages=3)
    return cast.shop


def everything():
    """What is stored, without keys."""
    messages = Message.objects.order_by("mid").values_list("mid", "text", "direction", "source", "at", "is_history", "conversation__contact__external_id")
    facts = ("contact__external_id", "last_message__mid", "newest_inbound__mid", "window_closes_at", "heard", "revision")
    return list(messages), list(Conversation.objects.order_by("contact__external_id").values_list(*facts))


def readings(cast) -> int:
    return sum("/conversations" in request["path"] for request in cast.simulator.requests())


def test_everything_is_counted_and_then_read(cast, history):
    backfill = read_back(cast, history, part=5)
    assert (backfill.state, backfill.total, backfill.conversations, backfill.messages) == (State.DONE, 13, 13, 36)
    assert Message.objects.filter(account=history).count() == 37
    assert backfill.finished_at and backfill.oldest_at == Message.objects.earliest("at").at
    finished = Activity.objects.get(verb="backfill.done")
    assert finished.details == {"conversations": 13, "messages": 36} and finished.account == history
    assert Activity.objects.get(verb="backfill.asked").by == cast.dana


def test_what_is_read_back_has_metas_words_times_and_names(cast):
    lena = stranger(cast, cast.studio)
    asked = said(cast, cast.studio, lena, "Is there a place on Saturday?", ago=timedelta(hours=3))
    answer = answered(cast, cast.studio, lena, "There is.")
    read_back(cast, cast.studio)
    first, second = conversation_with(lena).messages.order_by("at")
    assert (first.mid, first.text, first.source, first.opens_as) == (asked, "Is there a place on Saturday?", "contact", "message")
    assert (second.mid, second.text, second.source) == (answer, "There is.", "elsewhere")
    assert abs(now() - timedelta(hours=3) - first.at) < timedelta(minutes=1) < now() - first.received_at + timedelta(minutes=2)
    contact = Contact.objects.get(external_id=lena)
    assert contact.username == "lena" and contact.first_seen_at == first.at


def test_the_window_is_a_fact_of_what_was_said(cast):
    lena, ago = stranger(cast, cast.shop), timedelta(hours=5)
    said(cast, cast.shop, lena, "Hello?", ago=ago)
    read_back(cast, cast.shop)
    conversation = conversation_with(lena)
    assert (conversation.window_cause, conversation.window_closes_at) == ("message", conversation.newest_inbound.at + DAYS)
    assert conversation.human_until == conversation.newest_inbound.at + 7 * DAYS and not conversation.control


def test_only_what_had_a_word_since_then_is_read(cast):
    old, new = stranger(cast, cast.shop, "Old Friend"), stranger(cast, cast.shop, "New Friend")
    said(cast, cast.shop, old, "Long ago", ago=100 * DAYS)
    said(cast, cast.shop, new, "Earlier", ago=100 * DAYS)
    said(cast, cast.shop, new, "Lately", ago=10 * DAYS)
    read_back(cast, cast.shop, since=now() - 30 * DAYS)
    assert not Contact.objects.filter(external_id=old).exists()
    assert texts(new) == ["Earlier", "Lately"]


def test_reading_it_twice_changes_nothing(cast, history):
    read_back(cast, history, part=5)
    before = everything()
    again = read_back(cast, history, part=5)
    assert (again.state, again.messages, again.conversations) == (State.DONE, 0, 13)
    assert everything() == before


def test_where_meta_does_not_let_us_count_it_is_read_uncounted(cast, history):
    cast.simulator.fault("error", route="conversations", code=100, times=1)
    backfill = read_back(cast, history, part=5)
    assert (backfill.state, backfill.total, backfill.messages) == (State.DONE, None, 36)


# Pace ----------------------------------------------------------------------------------------------------------------
def test_an_account_is_read_no_more_often_than_meta_likes(cast, history, settings, clock):
    settings.GRAPH_READS_PER_SECOND = SLOW
    ask(cast, history, part=5)
    before, at = readings(cast), now()
    assert backfill_next() and not backfill_next()
    assert readings(cast) == before + 1 and at + timedelta(seconds=100) <= next_backfill_due(now())
    clock.shift(100)
    assert backfill_next() and readings(cast) == before + 2


def test_other_accounts_go_on_meanwhile(cast, history, settings):
    settings.GRAPH_READS_PER_SECOND = SLOW
    first, second = ask(cast, history, part=5), ask(cast, cast.studio)
    assert backfill_next() and backfill_next() and not backfill_next()
    assert {carry_on(each, parts=0).state for each in (first, second)} == {State.READING}


def test_it_waits_while_meta_wants_a_pause_and_replies_go_first(cast, history, clock):
    ask(cast, history, part=5)
    until = now() + timedelta(minutes=5)
    pause(history.pk, until=until, at=now())
    assert not backfill_next() and next_backfill_due(now()) == until + REPLIES_FIRST
    clock.shift(until - now() + timedelta(seconds=1))
    assert not backfill_next()
    clock.shift(REPLIES_FIRST)
    assert backfill_next()


def test_it_waits_while_somebody_looks_for_a_message(cast, history, clock):
    ask(cast, history, part=5)
    busy_until = now() + timedelta(seconds=20)
    Account.objects.filter(pk=history.pk).update(read_free_at=busy_until)
    assert not backfill_next() and next_backfill_due(now()) == busy_until
    clock.shift(20)
    assert backfill_next()


def test_history_near_the_end_of_a_limit_holds_up_no_reply(cast, history, settings):
    """Meta says beside each answer to a reading that its limit is used up, and goes on answering."""
    usage = {"x-business-use-case-usage": json.dumps({history.external_id: [{"type": "pages", "call_count": 100}]})}

    def used_up(request: httpx.Request) -> httpx.Response:
        answer = simulator.handle_request(request)
        answer.headers.update(usage)
        return answer

    simulator, settings.GRAPH_TRANSPORT = settings.GRAPH_TRANSPORT, httpx.MockTransport(used_up)
    read_back(cast, history, part=5)
    assert Account.objects.get(pk=history.pk).paused_until is None
    cast.conversation(cast.amina).reply(Content(text="It is."), by=cast.bob)
    work_until_idle("dispatch")
    assert [message["text"] for message in cast.received(cast.amina)] == ["It is."]


def test_what_one_part_needs_beyond_its_first_reading_waits_for_its_turn(cast, history, monkeypatch, settings):
    """Meta finds five conversations too large, so fewer are asked for: each such reading counts."""
    settings.GRAPH_READS_PER_SECOND = SLOW
    waited = []
    monkeypatch.setattr("inbox.pace.time.sleep", waited.append)
    backfill = ask(cast, history, part=5)
    Backfill.objects.update(state=State.READING)
    cast.simulator.fault("too_much", route="conversations", most=1, times=None)
    backfill_next()
    backfill.refresh_from_db()
    assert len(waited) == 2 and all(90 < seconds <= 100 for seconds in waited)
    assert (backfill.conversations, backfill.part) == (1, 1)


# Death and company ---------------------------------------------------------------------------------------------------
def test_a_worker_that_dies_between_parts_leaves_the_place_for_the_next_one(cast, history):
    backfill = carry_on(ask(cast, history, part=5), parts=2)
    assert (backfill.state, backfill.conversations) == (State.READING, 5)
    before = readings(cast)
    carry_on(backfill)
    assert (backfill.state, backfill.conversations, backfill.messages) == (State.DONE, 13, 36)
    assert readings(cast) == before + 2


class Dies(BaseException):
    """The process is gone."""


@pytest.mark.parametrize("conversation", [1, 3, 5])
def test_a_worker_that_dies_inside_a_part_leaves_no_gap_and_no_wrong_number(cast, history, clock, monkeypatch, conversation):
    backfill = carry_on(ask(cast, history, part=5), parts=2)
    taken = []

    def taking(*what):
        taken.append(what)
        if len(taken) == conversation:
            raise Dies
        return import_thread(*what)

    monkeypatch.setattr(parts, "import_thread", taking)
    with pytest.raises(Dies):
        backfill_next()
    monkeypatch.undo()
    assert not backfill_next()  # its lease holds
    clock.shift(lease_time() + timedelta(seconds=1))
    carry_on(backfill)
    assert (backfill.state, backfill.conversations, backfill.messages) == (State.DONE, 13, 36)
    assert Message.objects.filter(account=history).count() == 37


def test_whoever_was_taken_over_writes_nothing_more(cast, history, clock, monkeypatch):
    backfill = carry_on(ask(cast, history, part=5), parts=1)

    def overtaken(*what):
        monkeypatch.undo()
        clock.shift(lease_time() + timedelta(seconds=1))
        assert backfill_next()
        return take_part(*what)

    monkeypatch.setattr(backfilling, "take_part", overtaken)
    assert backfill_next()
    backfill.refresh_from_db()
    assert backfill.conversations == 5 and backfill.messages == Message.objects.filter(account=history).count() - 1
    assert carry_on(backfill).messages == 36


def test_one_conversation_that_cannot_be_taken_in_keeps_no_other_from_being(cast, history, monkeypatch, caplog):
    words, broken = "My number is 555", set()

    def taking(account, thread, look):
        broken.add(thread.summary.id)
        if len(broken) == 1:
            raise ValueError(words)
        return import_thread(account, thread, look)

    monkeypatch.setattr(parts, "import_thread", taking)
    backfill = read_back(cast, history, part=5)
    assert (backfill.state, backfill.conversations, backfill.left_out) == (State.DONE, 13, 1)
    assert backfill.messages == 36 and "ValueError" in caplog.text and "555" not in caplog.text


def test_a_conversation_that_meta_does_not_open_is_counted_as_left_out(cast, history):
    carry_on(ask(cast, history, part=5), parts=1)
    cast.simulator.fault("error", route="conversations", code=1, status=500, times=3)
    cast.simulator.fault("error", route="conversation", code=1, status=500, times=None)
    backfill = carry_on(Backfill.objects.get(), parts=1)
    assert (backfill.state, backfill.conversations, backfill.left_out) == (State.READING, 1, 1)
    assert carry_on(backfill).state == State.DONE


# Trouble -------------------------------------------------------------------------------------------------------------
def test_it_waits_while_the_account_is_broken_and_goes_on_where_it_was(cast, history, clock):
    backfill = carry_on(ask(cast, history, part=5), parts=2)
    history.break_down(Account.State.NEEDS_RECONNECT, reason="token_dead", at=now())
    clock.shift(3 * 60)
    assert not backfill_next() and next_backfill_due(now()) is None
    history.mend(at=now())
    assert carry_on(backfill).messages == 36


def test_a_token_that_dies_meanwhile_is_waited_for(cast, history, clock):
    backfill = carry_on(ask(cast, history, part=5), parts=2)
    cast.simulator.set_token("EAAshop", dead=463)
    assert backfill_next()
    backfill.refresh_from_db()
    assert (backfill.state, backfill.trouble, backfill.conversations) == (State.READING, "token_dead", 5)
    Account.objects.filter(pk=history.pk).update(token="EAAfresh", state=Account.State.CONNECTED)
    cast.simulator.world.set_account(history.external_id, "token", "EAAfresh")
    clock.shift(60)
    assert carry_on(backfill).messages == 36


def test_throttling_is_waited_for_and_never_ends_it(cast, history, clock):
    backfill = carry_on(ask(cast, history, part=5), parts=2)
    cast.simulator.fault("rate_limited", route="conversations", seconds=30, times=15)
    for _ in range(15):
        assert backfill_next() and not backfill_next()
        clock.shift(16 * 60)
    backfill.refresh_from_db()
    assert (backfill.trouble, backfill.tries) == ("throttled", 0)
    assert carry_on(backfill).state == State.DONE and backfill.trouble == ""


def test_trouble_is_waited_for_longer_each_time_and_given_up_on_in_the_end(cast, history, clock):
    backfill = carry_on(ask(cast, history, part=5), parts=2)
    cast.simulator.fault("drop_before", route="conversations", times=None)
    waits = []
    while backfill.finished_at is None:
        assert backfill_next()
        backfill.refresh_from_db()
        waits.append(backfill.not_before - now())
        clock.shift(15 * 60)
    assert waits[:4] == sorted(waits[:4]) and max(waits) <= timedelta(minutes=15)
    assert (backfill.state, backfill.trouble, len(waits)) == (State.FAILED, "not_reached", backfilling.MOST_TRIES)
    assert Activity.objects.get(verb="backfill.failed").details["reason"] == "not_reached"
    cast.simulator.clear_faults()
    assert read_back(cast, history, part=5).state == State.DONE


def test_what_meta_refuses_for_good_is_given_up_on_soon(cast, history, clock):
    backfill = carry_on(ask(cast, history, part=5), parts=2)
    cast.simulator.fault("error", route="conversations", code=10, times=None)
    for _ in range(backfilling.MOST_REFUSALS):
        backfill_next()
        clock.shift(60)
    backfill.refresh_from_db()
    assert (backfill.state, backfill.trouble) == (State.FAILED, "permission_missing")


def test_a_place_that_meta_has_forgotten_is_begun_again(cast, history, clock):
    backfill = carry_on(ask(cast, history, part=5), parts=2)
    clock.shift(2 * 3600)
    cast.simulator.fault("error", route="conversations", code=100, times=2)
    assert backfill_next()
    backfill.refresh_from_db()
    assert (backfill.state, backfill.cursor, backfill.conversations) == (State.READING, "", 0)
    clock.shift(60)
    carry_on(backfill)
    assert (backfill.state, backfill.conversations, backfill.messages) == (State.DONE, 13, 36)


# People --------------------------------------------------------------------------------------------------------------
def test_a_manager_may_start_and_stop_it_and_nobody_else(cast, history):
    for person in (cast.alice, cast.bob, cast.charlie):
        with pytest.raises(PermissionDenied):
            start_backfill(history, by=person, at=now(), since=None)
    backfill = carry_on(ask(cast, history, part=5), parts=2)
    with pytest.raises(PermissionDenied):
        cancel_backfill(backfill, by=cast.alice, at=now())
    assert cancel_backfill(backfill, by=cast.dana, at=now()) and not cancel_backfill(backfill, by=cast.dana, at=now())
    assert not backfill_next()
    assert Activity.objects.get(verb="backfill.cancelled").by == cast.dana
    assert Message.objects.filter(account=history, is_history=True).exists()


def test_a_stop_is_heard_in_the_middle_of_a_part(cast, history, monkeypatch):
    backfill = carry_on(ask(cast, history, part=5), parts=1)

    def stopped(*what):
        cancel_backfill(backfill, by=cast.dana, at=now())
        return take_part(*what)

    monkeypatch.setattr(backfilling, "take_part", stopped)
    assert backfill_next()
    backfill.refresh_from_db()
    assert (backfill.state, backfill.messages) == (State.CANCELLED, 0)
    assert not Message.objects.filter(account=history, is_history=True).exists()


def test_an_account_is_read_once_at_a_time(cast, history):
    ask(cast, history, part=5)
    with pytest.raises(ValidationError, match="already"):
        ask(cast, history, part=5)
    carry_on(Backfill.objects.get())
    assert ask(cast, history, part=5).state == State.COUNTING


def test_a_disconnected_account_has_nothing_to_read(cast, history):
    disconnect(history, by=cast.dana, at=now(), reason="Closed")
    history.refresh_from_db()
    with pytest.raises(ValidationError, match="Connect it again"):
        ask(cast, history, part=5)


# Connecting ----------------------------------------------------------------------------------------------------------
def connected(cast, account, history_days, **more):
    return ConnectionRequest.objects.create(
        by=cast.dana, method="token", meta_app=account.meta_app, state="done", chosen=[{"account": account.public_id, "is_new": True}],
        history_days=history_days, at=now(), finished_at=now(), **more,
    )  # fmt: skip


@pytest.mark.parametrize(("days", "since"), [(30, 30 * DAYS), (None, None)])
def test_whoever_connects_an_account_gets_the_history_that_they_asked_for(cast, history, days, since):
    connected(cast, history, days)
    assert next_backfill_due(now()) <= now()
    work_until_idle("history")
    backfill = Backfill.objects.get()
    assert (backfill.account, backfill.by, backfill.state) == (history, cast.dana, State.DONE)
    assert backfill.since == (since and backfill.at - since)
    work_until_idle("history")
    assert Backfill.objects.count() == 1


def test_whoever_asks_for_no_history_gets_none(cast, history):
    connected(cast, history, 0)
    work_until_idle("history")
    assert not Backfill.objects.exists() and next_backfill_due(now()) is None


def test_an_account_that_is_connected_again_goes_on_with_what_reaches_as_far(cast, history):
    running = carry_on(ask(cast, history, part=5), parts=2)
    connected(cast, history, 90)
    work_until_idle("history")
    assert Backfill.objects.get() == running and carry_on(running).state == State.DONE


def test_a_wish_that_reaches_further_takes_the_place_of_the_running_one(cast, history):
    running = carry_on(ask(cast, history, since=now() - 7 * DAYS, part=5), parts=1)
    connected(cast, history, None)
    work_until_idle("history")
    assert carry_on(running).state == State.CANCELLED
    assert Backfill.objects.exclude(pk=running.pk).get().state == State.DONE


# Cost ----------------------------------------------------------------------------------------------------------------
def test_more_messages_cost_no_more_queries(cast):
    def queries(account, messages):
        cast.simulator.add_history(account.external_id, contacts=10, messages=messages)
        carry_on(ask(cast, account), parts=1)
        with CaptureQueriesContext(connection) as captured:
            assert carry_on(Backfill.objects.unfinished().get(), parts=1).state == State.DONE
        return len(captured)

    few = queries(cast.studio, 2)
    # In open conversations it is worked out what is news.
    assert queries(cast.shop, 15) <= few + 10
    assert few <= 10 * 16 + 40
