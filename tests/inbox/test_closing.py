"""When a conversation is done with: closed, put off, brought back by what the contact says; and since when the contact waits."""

from datetime import timedelta

import pytest

from accounts.models import Account, Activity
from core.clock import now
from inbox import outbox
from inbox.closing import LONGEST_SNOOZE, close, reopen, snooze, wake_up
from inbox.content import Content
from inbox.errors import AlreadyMoved, MomentRefused, NotAllowed
from inbox.models import Conversation, Dispatch, Message
from inbox.work import work_until_idle

HOUR = timedelta(hours=1)
FIRST = "Hi! Is the Yirgacheffe back in stock?"


@pytest.fixture
def amina(cast) -> Conversation:
    return cast.conversation(cast.amina)


def fresh(conversation) -> Conversation:
    return Conversation.objects.get(pk=conversation.pk)


def verbs(conversation) -> list[str]:
    return list(Activity.objects.filter(target_type="conversation", target_id=conversation.public_id).order_by("pk").values_list("verb", flat=True))


def is_open(conversation) -> bool:
    return Conversation.objects.open(now()).filter(pk=conversation.pk).exists()


# Closing ---------------------------------------------------------------------------------------------------------------
def test_it_is_closed_once_and_reopened_once(cast, amina):
    assert [close(amina, by=cast.bob), close(amina, by=cast.alice)] == [True, False]
    amina.refresh_from_db()
    assert amina.closed_by == cast.bob and not is_open(amina)
    assert [reopen(amina, by=cast.bob), reopen(amina, by=cast.bob)] == [True, False]
    assert is_open(amina) and verbs(amina) == ["conversation.closed", "conversation.reopened"]


@pytest.mark.parametrize("verb", [close, reopen, wake_up])
@pytest.mark.parametrize("who", ["charlie", "dana", "assistant"])
def test_who_may_not_reply_moves_nothing(cast, amina, verb, who):
    by = cast.assistant.user if who == "assistant" else getattr(cast, who)
    with pytest.raises(NotAllowed):
        verb(amina, by=by)
    assert is_open(amina) and verbs(amina) == []


def test_what_the_contact_writes_opens_it_again(cast, amina):
    close(amina, by=cast.bob)
    cast.write(cast.amina, "One more thing")
    assert is_open(amina)
    newest = Activity.objects.filter(verb="conversation.reopened").get()
    assert newest.by is None


def test_an_edit_of_the_contact_opens_it_again(cast, amina):
    mid = cast.write(cast.amina, "Two bags")
    close(amina, by=cast.bob)
    cast.simulator.edit(cast.shop.external_id, cast.amina.external_id, mid, "Cancel my order, please")
    work_until_idle("ingest")
    assert fresh(amina).closed_at is None


@pytest.mark.parametrize("put_away", [close, lambda one, **how: snooze(one, until=now() + timedelta(hours=1), **how)])
def test_nobody_puts_away_what_they_have_not_read(cast, amina, put_away):
    shown = fresh(amina).heard
    cast.write(cast.amina, "One more thing")
    with pytest.raises(AlreadyMoved, match="has written meanwhile"):
        put_away(amina, by=cast.bob, heard=shown)
    assert (fresh(amina).closed_at, fresh(amina).snoozed_until) == (None, None)
    put_away(amina, by=cast.bob, heard=fresh(amina).heard)
    assert fresh(amina).closed_at or fresh(amina).snoozed_until


def test_what_they_took_back_waits_for_no_answer(cast, amina):
    mid = cast.write(cast.amina, "Never mind")
    Message.objects.exclude(mid=mid).filter(direction="in").update(removed_at=now())
    cast.simulator.unsend(cast.shop.external_id, cast.amina.external_id, mid)
    work_until_idle("ingest")
    assert fresh(amina).waiting_since is None


def test_what_we_write_leaves_it_closed(cast, amina):
    close(amina, by=cast.bob)
    amina.reply(Content(text="Goodbye"), by=cast.bob)
    cast.settle()
    assert not is_open(amina)


def test_what_waits_leaves_from_a_closed_conversation_too(cast, amina):
    Account.objects.update(reply_hold=60)
    message = amina.reply(Content(text="Later"), by=cast.bob)
    close(amina, by=cast.bob)
    outbox.send_now(message.dispatch, by=cast.bob)
    cast.settle()
    assert [one["text"] for one in cast.received(cast.amina)] == ["Later"]


# Snoozing --------------------------------------------------------------------------------------------------------------
def test_it_sleeps_until_its_moment_and_comes_back_by_itself(cast, amina):
    until = now() + HOUR
    snooze(amina, until=until, by=cast.bob)
    assert Conversation.objects.snoozed(now()).get() == amina and not is_open(amina)
    assert Conversation.objects.open(until + timedelta(seconds=1)).filter(pk=amina.pk).exists()


def test_what_the_contact_writes_wakes_it_up(cast, amina):
    snooze(amina, until=now() + HOUR, by=cast.bob)
    cast.write(cast.amina, "Hello?")
    amina.refresh_from_db()
    assert is_open(amina) and amina.snoozed_until is None


def test_it_is_woken_up_once(cast, amina):
    snooze(amina, until=now() + HOUR, by=cast.bob)
    assert [wake_up(amina, by=cast.alice), wake_up(amina, by=cast.alice)] == [True, False]
    assert is_open(amina) and verbs(amina) == ["conversation.snoozed", "conversation.woken"]


def test_snoozing_reopens_and_closing_ends_a_snooze(cast, amina):
    close(amina, by=cast.bob)
    snooze(amina, until=now() + HOUR, by=cast.bob)
    amina.refresh_from_db()
    assert amina.closed_at is None and amina.snoozed_until
    close(amina, by=cast.bob)
    amina.refresh_from_db()
    assert amina.closed_at and amina.snoozed_until is None


def test_past_metas_window_it_sleeps_only_where_somebody_says_so(cast, amina):
    after = amina.window_closes_at + HOUR
    with pytest.raises(MomentRefused, match="window ends"):
        snooze(amina, until=after, by=cast.bob)
    assert is_open(amina)
    snooze(amina, until=after, by=cast.bob, past_window=True)
    assert not is_open(amina)


def test_where_the_window_is_closed_there_is_nothing_to_sleep_through(cast, amina):
    Conversation.objects.update(window_closes_at=now() - HOUR, human_until=None)
    snooze(amina, until=now() + timedelta(days=3), by=cast.bob)
    assert not is_open(amina)


@pytest.mark.parametrize("until", [-HOUR, timedelta(0), LONGEST_SNOOZE + HOUR])
def test_it_sleeps_until_a_moment_ahead_and_within_a_year(cast, amina, until):
    at = now()
    with pytest.raises(MomentRefused):
        snooze(amina, until=at + until, by=cast.bob, past_window=True, at=at)


@pytest.mark.parametrize("who", ["charlie", "dana"])
def test_who_may_not_reply_snoozes_nothing(cast, amina, who):
    with pytest.raises(NotAllowed):
        snooze(amina, until=now() + HOUR, by=getattr(cast, who))


# Since when they wait -----------------------------------------------------------------------------------------------------
def waits_since(conversation) -> str | None:
    """The words of theirs since which they wait."""
    conversation.refresh_from_db()
    if conversation.waiting_since is None:
        return None
    return conversation.messages.get(at=conversation.waiting_since, direction=Message.Direction.IN).text


def test_they_wait_since_their_first_words_after_ours(cast, amina):
    cast.write(cast.amina, "Anybody there?")
    assert waits_since(amina) == FIRST
    amina.reply(Content(text="Yes"), by=cast.bob)
    assert waits_since(amina) is None
    cast.settle()
    assert waits_since(amina) is None
    for words in ("Two bags, please", "Please?"):
        cast.write(cast.amina, words)
    assert waits_since(amina) == "Two bags, please"


def test_what_was_taken_back_is_no_answer(cast, amina):
    Account.objects.update(reply_hold=60)
    message = amina.reply(Content(text="Yes"), by=cast.bob)
    outbox.cancel(message.dispatch, by=cast.bob)
    assert waits_since(amina) == FIRST


def test_what_failed_is_no_answer_until_it_gets_through(cast, amina):
    cast.simulator.block(cast.shop.external_id, cast.amina.external_id)
    dispatch = amina.reply(Content(text="Yes"), by=cast.bob).dispatch
    cast.settle()
    dispatch.refresh_from_db()
    assert dispatch.state == Dispatch.State.FAILED and waits_since(amina) == FIRST
    cast.simulator.unblock(cast.shop.external_id, cast.amina.external_id)
    outbox.retry(dispatch, by=cast.bob)
    cast.settle()
    assert waits_since(amina) is None


def test_an_answer_that_was_given_in_metas_own_apps_is_one(cast, amina):
    cast.simulator.answer_elsewhere(cast.shop.external_id, cast.amina.external_id, text="Yes, from the phone")
    work_until_idle("ingest")
    assert waits_since(amina) is None


def test_what_was_written_before_our_answer_and_comes_after_it_waits_for_none(cast, amina):
    amina.reply(Content(text="Yes"), by=cast.bob)
    cast.settle()
    cast.write(cast.amina, "Written on the train", at=now().timestamp() - 60)
    assert waits_since(amina) is None


def test_they_wait_since_the_earliest_in_whatever_order_their_words_come(cast, amina):
    amina.reply(Content(text="Yes"), by=cast.bob)
    cast.settle()
    for seconds, words in ((30, "Third"), (10, "First"), (20, "Second")):
        cast.write(cast.amina, words, at=now().timestamp() + seconds)
    assert waits_since(amina) == "First"
