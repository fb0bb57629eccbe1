"""Where nothing can come by webhook, conversations are read about once a minute: late, and otherwise as if a webhook had told."""

from datetime import timedelta

import pytest

from accounts.models import Account
from accounts.pacing import pause
from accounts.tending.polls import set_polling
from config.context import Header
from core.clock import now
from core.lease import lease_time
from inbox import parts
from inbox.importing import import_thread
from inbox.models import Backfill, Contact, Conversation, Message, Reading
from inbox.pace import REPLIES_FIRST
from inbox.polling import EVERY, next_poll_due, poll_next
from inbox.work import work_until_idle
from tests.inbox.browsing import page
from tests.inbox.reading_back import QUICK, answered, ask, conversation_with, said, stranger, texts, unheard

MINUTE, DAY = timedelta(minutes=1), timedelta(days=1)


@pytest.fixture(autouse=True)
def quick(settings):
    settings.GRAPH_READS_PER_SECOND = QUICK


@pytest.fixture
def deaf(cast, clock) -> Account:
    """Meta sends nothing of `shop` any more. Its threads tell whole seconds, so some pass."""
    clock.shift(2)
    Account.objects.filter(pk=cast.shop.pk).update(subscribed_fields=[])
    set_polling(at=now())
    return cast.shop


def heard_again(account: Account) -> None:
    Account.objects.filter(pk=account.pk).update(subscribed_fields=["messages"])
    set_polling(at=now())


def fresh(account: Account) -> Account:
    return Account.objects.get(pk=account.pk)


def rounds() -> int:
    """Everything that is due is read. Returns how many parts there were."""
    done = 0
    while poll_next():
        done += 1
    return done


def test_what_is_new_arrives_as_news(cast, deaf):
    amina = cast.amina.external_id
    said(cast, deaf, amina, "Hello?")
    before = cast.conversation(cast.amina)
    assert rounds() == 1
    conversation = conversation_with(amina)
    assert texts(amina)[-1] == "Hello?" and conversation.heard == before.heard + 1 and conversation.revision == before.revision + 1
    assert Conversation.objects.with_unread(cast.bob).get(pk=conversation.pk).unread == 2
    assert conversation.window_opened_at == conversation.newest_inbound.at > before.window_opened_at


def test_somebody_new_is_known_by_name_and_waits_in_the_list(cast, deaf, sign_in):
    lena = stranger(cast, deaf)
    said(cast, deaf, lena, "Are you open?")
    before = Header(cast.bob).unread
    rounds()
    assert Contact.objects.get(external_id=lena).name == "Lena Moreau" and Header(cast.bob).unread == before + 1
    assert "Are you open?" in page(sign_in(cast.bob), "/conversations/")


def test_what_was_answered_elsewhere_is_news_too(cast, deaf):
    said(cast, deaf, cast.amina.external_id, "Hello?")
    answered(cast, deaf, cast.amina.external_id, "Yes?")
    rounds()
    assert Message.objects.filter(text="Hello?", is_history=False).exists()
    assert conversation_with(cast.amina.external_id).last_message.source == "elsewhere"


def test_news_rings(cast, deaf, monkeypatch):
    told = []
    monkeypatch.setattr("inbox.models.conversation.publish", told.append)
    said(cast, deaf, cast.amina.external_id, "Hello?")
    rounds()
    assert [change.conversation for change in told] == [cast.conversation(cast.amina).public_id]


def test_what_was_said_long_before_comes_along_as_history(cast, deaf):
    lena = stranger(cast, deaf)
    said(cast, deaf, lena, "Long ago", ago=30 * DAY)
    said(cast, deaf, lena, "Now")
    answered(cast, deaf, lena, "At once")
    rounds()
    assert list(Message.objects.filter(conversation__contact__external_id=lena, is_history=True).values_list("text", flat=True)) == ["Long ago"]


def test_after_a_long_silence_what_nobody_can_answer_is_history(cast, deaf, clock):
    said(cast, deaf, cast.amina.external_id, "Hello?")
    clock.shift(10 * DAY)
    rounds()
    assert Message.objects.get(text="Hello?").is_history


def test_only_what_changed_since_the_round_before_is_read(cast, deaf, clock):
    cast.simulator.add_history(deaf.external_id, contacts=60)
    assert rounds() == 1
    clock.shift(EVERY)
    cast.simulator.store.run("DELETE FROM request")
    assert rounds() == 1 and len(cast.simulator.requests()) == 1
    assert not Contact.objects.exclude(pk__in=(cast.amina.pk, cast.noor.pk)).exists()


def test_it_is_read_about_once_a_minute(cast, deaf, clock):
    assert rounds() == 1 and rounds() == 0
    due = next_poll_due(now())
    assert MINUTE - timedelta(seconds=5) < due - now() <= MINUTE
    clock.shift(MINUTE)
    assert rounds() == 1
    assert fresh(deaf).polled_at <= now() and Reading.objects.get().rounds == 2


def test_a_round_of_many_parts_keeps_its_place_and_its_pace(cast, deaf, settings, clock):
    settings.GRAPH_READS_PER_SECOND = 2
    cast.simulator.add_history(deaf.external_id, contacts=50, oldest_days=0.001, newest_hours=0)
    for _ in range(2):
        assert poll_next()
        assert Reading.objects.get().cursor and next_poll_due(now()) <= now() + timedelta(seconds=0.5)
        clock.shift(0.5)
    assert poll_next() and rounds() == 0
    assert Reading.objects.get().cursor == "" and Conversation.objects.filter(account=deaf).count() == 51


class Dies(BaseException):
    """The process is gone."""


def test_a_worker_that_dies_in_the_middle_is_taken_over(cast, deaf, clock, monkeypatch):
    cast.simulator.add_history(deaf.external_id, contacts=5, messages=2, oldest_days=0.001, newest_hours=0)
    taken = []

    def taking(*what):
        taken.append(what)
        if len(taken) == 3:
            raise Dies
        return import_thread(*what)

    with monkeypatch.context() as power:
        power.setattr(parts, "import_thread", taking)
        with pytest.raises(Dies):
            poll_next()
    assert rounds() == 0
    clock.shift(lease_time())
    assert rounds() == 1 and Message.objects.filter(account=deaf).count() == 11


def test_webhooks_that_come_anyway_are_not_doubled(cast, deaf):
    mid = cast.write(cast.amina, "Hello?")
    rounds()
    assert Message.objects.filter(account=deaf).count() == 2
    Message.objects.get(mid=mid)


# Trouble -------------------------------------------------------------------------------------------------------------
def test_trouble_is_waited_for_longer_each_time(cast, deaf, clock):
    cast.simulator.fault("drop_before", route="conversations", times=4)
    waits = []
    for _ in range(4):
        assert rounds() == 1
        waits.append(next_poll_due(now()) - now())
        clock.shift(waits[-1])
    assert waits == sorted(waits) and waits[0] <= MINUTE and waits[3] > 7 * MINUTE
    assert Reading.objects.get().trouble == "not_reached"
    said(cast, deaf, cast.amina.external_id, "Hello?")
    assert rounds() == 1 and Reading.objects.get().trouble == "" and texts(cast.amina.external_id)[-1] == "Hello?"


def test_throttling_is_obeyed(cast, deaf):
    cast.simulator.fault("rate_limited", route="conversations", seconds=300, times=1)
    rounds()
    assert next_poll_due(now()) - now() > 4 * MINUTE


def test_a_broken_account_waits_and_is_read_at_once_when_it_is_mended(cast, deaf):
    said(cast, deaf, cast.amina.external_id, "Hello?")
    deaf.break_down(Account.State.NEEDS_RECONNECT, reason="token_dead", at=now())
    assert rounds() == 0 and next_poll_due(now()) is None
    deaf.mend(at=now())
    assert rounds() == 1 and texts(cast.amina.external_id)[-1] == "Hello?"


def test_an_account_that_hears_is_not_read(cast):
    assert rounds() == 0 and next_poll_due(now()) is None


def test_history_gives_way_to_what_is_new(cast, deaf, settings):
    cast.simulator.add_history(deaf.external_id, contacts=50)
    ask(cast, deaf)
    settings.GRAPH_READS_PER_SECOND = 0.01
    said(cast, deaf, cast.amina.external_id, "Hello?")
    work_until_idle("history")
    assert texts(cast.amina.external_id)[-1] == "Hello?"
    assert Backfill.objects.get().not_before > now() and Backfill.objects.get().counted == 0


def test_it_waits_while_meta_wants_a_pause_and_replies_go_first(cast, deaf, clock):
    said(cast, deaf, cast.amina.external_id, "Hello?")
    until = now() + timedelta(minutes=5)
    pause(deaf.pk, until=until, at=now())
    assert rounds() == 0 and next_poll_due(now()) == until + REPLIES_FIRST
    clock.shift(until - now() + timedelta(seconds=1))
    assert rounds() == 0
    clock.shift(REPLIES_FIRST)
    assert rounds() == 1 and texts(cast.amina.external_id)[-1] == "Hello?"


def test_it_waits_while_somebody_looks_for_a_message(cast, deaf, clock):
    busy_until = now() + timedelta(seconds=20)
    Account.objects.filter(pk=deaf.pk).update(read_free_at=busy_until)
    assert rounds() == 0 and next_poll_due(now()) == busy_until
    clock.shift(20)
    assert rounds() == 1


# Webhooks again ------------------------------------------------------------------------------------------------------
def test_when_webhooks_work_again_one_more_reading_catches_up_and_it_is_over(cast, deaf, clock):
    rounds()
    clock.shift(timedelta(seconds=20))
    said(cast, deaf, cast.amina.external_id, "In between")
    heard_again(deaf)
    assert fresh(deaf).is_delayed
    assert rounds() == 1
    account = fresh(deaf)
    assert (account.is_delayed, account.poll_until) == (False, None) and texts(cast.amina.external_id)[-1] == "In between"
    assert Reading.objects.get().rounds == 0
    clock.shift(EVERY)
    assert rounds() == 0


def test_a_round_that_began_before_webhooks_came_again_is_not_the_last(cast, deaf, clock):
    cast.simulator.add_history(deaf.external_id, contacts=25, oldest_days=0.001, newest_hours=0)
    assert poll_next() and Reading.objects.get().cursor
    clock.shift(timedelta(seconds=1))
    heard_again(deaf)
    clock.shift(timedelta(seconds=1))
    said(cast, deaf, cast.amina.external_id, "In between")
    assert rounds() >= 2
    assert not fresh(deaf).is_delayed and texts(cast.amina.external_id)[-1] == "In between"


def test_the_next_silence_begins_where_webhooks_ended(cast, deaf, clock):
    rounds()
    heard_again(deaf)
    rounds()
    clock.shift(3 * DAY)
    cast.write(cast.amina, "By webhook")
    Account.objects.filter(pk=deaf.pk).update(subscribed_fields=[], webhook_at=now())
    set_polling(at=now())
    with unheard(cast.simulator, deaf):
        rounds()
    assert Reading.objects.get().since is not None and now() - Reading.objects.get().since < timedelta(minutes=10)


# The screen ----------------------------------------------------------------------------------------------------------
def test_the_console_says_what_comes_late(cast, deaf, sign_in):
    bob, conversation = sign_in(cast.bob), cast.conversation(cast.amina)
    shown = page(bob, conversation.get_absolute_url())
    assert shown.count('class="chip late"') == 1 and page(bob, "/conversations/").count('class="chip late"') == 1
    assert "about once a minute" in shown
    assert "Harbour Coffee (delayed)" in page(bob, "/conversations/filters/")


def test_the_console_says_nothing_where_all_comes_at_once(cast, sign_in):
    assert "chip late" not in page(sign_in(cast.bob), cast.conversation(cast.amina).get_absolute_url())
