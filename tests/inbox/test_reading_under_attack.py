"""What an unfriendly reader tried against the reading of threads at Meta; most of these went wrong once."""

import random
from datetime import timedelta

import pytest
from django.conf import settings
from django.db import transaction

from accounts.graph import client_for
from accounts.models import Account
from core.clock import now
from graph.events import MessageEchoed
from graph.networks import Network
from graph.threads import ThreadPage
from inbox import forgetting, profiles
from inbox.again import has_come
from inbox.content import Content
from inbox.echo_mark import metadata_for
from inbox.echoes import message_echoed
from inbox.importing import Look, import_thread, marks_of
from inbox.ingesting import apply_delivery
from inbox.models import Backfill, Contact, Conversation, Dispatch, Message, Occurrence, ParkedEcho, Reaction, WebhookDelivery
from inbox.parts import TakenOver, take_part
from inbox.polling import poll_next
from inbox.profiles import MOST_ATTEMPTS, fetch_next_profile
from inbox.work import work_until_idle
from tests.at_once import behind
from tests.inbox.reading_back import QUICK, answered, ask, carry_on, conversation_with, read_back, said, stranger, texts

HOUR, DAY = timedelta(hours=1), timedelta(days=1)


@pytest.fixture(autouse=True)
def quick(settings):
    settings.GRAPH_READS_PER_SECOND = QUICK


def thread_with(account: Account, contact: str):
    found = client_for(Account.objects.select_related("meta_app").get(pk=account.pk)).threads(limit=50)
    return next(thread for thread in found.threads if thread.summary.contact_id == contact)


def _ms(ago: timedelta) -> int:
    return int((now() - ago).timestamp() * 1000)


# Every order -----------------------------------------------------------------------------------------------------------
def test_webhooks_and_readings_lead_to_the_same_inbox_in_whatever_order_they_come(cast, clock):
    """Somebody new writes, is answered, takes their words back, writes again and likes the answer; the thread is read in between.

    Threads tell whole seconds, so one passes after each.
    """
    shop, simulator = cast.shop, cast.simulator
    lena, before = stranger(cast, shop), WebhookDelivery.objects.order_by("pk").last().pk
    taken_back = simulator.write(shop.external_id, lena, text="My password is hunter2")
    clock.shift(1)
    first = thread_with(shop, lena)
    answer = simulator.answer_elsewhere(shop.external_id, lena, "Please delete that.")
    clock.shift(1)
    second = thread_with(shop, lena)
    simulator.unsend(shop.external_id, lena, taken_back)
    simulator.write(shop.external_id, lena, text="Done.")
    simulator.react(shop.external_id, lena, answer)
    told = list(WebhookDelivery.objects.filter(pk__gt=before).order_by("pk"))
    steps = [*told, first, second, thread_with(shop, lena)]
    expected, chance = _inbox_after(cast, steps, lena), random.Random(4)
    assert "hunter2" not in str(expected) and len(expected["messages"]) == 3 and expected["unread"] == 2
    for _ in range(15):
        order = chance.sample(steps, len(steps))
        assert _inbox_after(cast, order, lena) == expected, order


def _inbox_after(cast, steps, contact: str):
    with transaction.atomic():
        for step in steps:
            if isinstance(step, WebhookDelivery):
                apply_delivery(WebhookDelivery.objects.get(pk=step.pk))
            else:
                with transaction.atomic():
                    import_thread(cast.shop, step, Look(now(), news_since=now() - DAY))
                has_come(marks_of(cast.shop, [step]))
        work_until_idle("ingest")
        found = _facts(cast, contact)
        transaction.set_rollback(True)
    return found


def _facts(cast, contact: str):
    conversation = conversation_with(contact)
    rows = conversation.messages.order_by("mid").values_list("mid", "text", "direction", "is_history", "removed_at", "reactions__emoji")
    return {
        "messages": list(rows), "last": conversation.last_message.mid, "closes": conversation.window_closes_at.replace(microsecond=0),
        "unread": Conversation.objects.with_unread(cast.bob).get(pk=conversation.pk).unread,
        "parked": conversation.parked_echoes.filter(settled_at=None).exists(),
    }  # fmt: skip


def test_what_waited_for_a_message_is_applied_though_the_reading_was_stopped_right_after_it(cast):
    """Stopped for good, the part is read by nobody else: an unsend would never have found its message."""
    mid = said(cast, cast.shop, cast.amina.external_id, "See you", ago=HOUR)
    cast.simulator.react(cast.shop.external_id, cast.amina.external_id, mid)
    work_until_idle("ingest")
    lena = stranger(cast, cast.shop)
    said(cast, cast.shop, lena, "Hello", ago=2 * HOUR)
    found = client_for(Account.objects.select_related("meta_app").get(pk=cast.shop.pk)).threads(limit=50)
    page = ThreadPage(tuple(sorted(found.threads, key=lambda each: each.summary.contact_id == lena)), after="", limit=50)
    notes = iter([None])

    def stop(_imported: object) -> None:
        if next(notes, TakenOver):
            raise TakenOver

    with pytest.raises(TakenOver):
        take_part(cast.shop, page, Look(now(), news_since=now()), stop)
    assert not Message.objects.filter(text="Hello").exists()
    work_until_idle("ingest")
    assert Reaction.objects.get(message__mid=mid).emoji and not Occurrence.objects.filter(kind="reaction").exists()


# History ---------------------------------------------------------------------------------------------------------------
def test_old_answers_stay_history_where_a_message_of_ours_never_left(cast):
    """It has no id at Meta, so each old answer was looked at closely, and then told as news: a vote about the conversation was refused."""
    conversation = cast.conversation(cast.amina)
    message = conversation.reply(Content(text="Never mind"), by=cast.bob)
    Dispatch.objects.filter(message=message).update(state=Dispatch.State.CANCELLED)
    mid = answered(cast, cast.shop, cast.amina.external_id, "Years ago we were there")
    cast.simulator.store.run("UPDATE message SET at = ? WHERE mid = ?", _ms(400 * DAY), mid)
    before = conversation_with(cast.amina.external_id).revision
    read_back(cast, cast.shop)
    assert Message.objects.get(mid=mid).is_history and conversation_with(cast.amina.external_id).revision == before
    assert Message.objects.get(mid=mid).about == {}


def test_a_time_in_the_future_opens_no_window_for_longer_than_a_day(cast):
    lena = stranger(cast, cast.shop)
    said(cast, cast.shop, lena, "From the future", ago=-30 * DAY)
    read_back(cast, cast.shop)
    assert conversation_with(lena).window_closes_at <= now() + DAY


def test_a_new_login_has_a_list_of_its_own_so_reading_begins_anew(cast):
    """Three refusals of the old place ended it for good."""
    cast.simulator.add_history(cast.shop.external_id, contacts=6, messages=1)
    backfill = carry_on(ask(cast, cast.shop, part=3), parts=2)
    assert backfill.cursor and backfill.conversations == 3
    Account.objects.filter(pk=cast.shop.pk).update(token_stored_at=now())
    cast.simulator.fault("error", route="conversations", code=100, times=2)
    Backfill.objects.update(not_before=now())
    backfill = carry_on(backfill, parts=1)
    assert (backfill.cursor, backfill.conversations) == ("", 0)


def test_an_account_that_may_not_send_is_read_all_the_same(cast):
    """Meta restricts what leaves; what people write must not wait until somebody has talked Meta round."""
    cast.shop.break_down(Account.State.RESTRICTED, reason="policy", at=now())
    Account.objects.filter(pk=cast.shop.pk).update(poll_due_at=now(), polled_at=now() - HOUR)
    said(cast, cast.shop, cast.amina.external_id, "Hello?", ago=timedelta(seconds=10))
    assert poll_next()
    assert "Hello?" in texts(cast.amina.external_id)


# Our own ---------------------------------------------------------------------------------------------------------------
def test_one_of_ours_that_was_read_as_written_elsewhere_is_known_by_its_late_echo(cast):
    """Meta had changed its text, so nothing told that it was ours; nobody may be asked to send it again once the echo names it."""
    dispatch = cast.conversation(cast.amina).reply(Content(text="It is."), by=cast.bob).dispatch
    long_ago = now() - HOUR
    Dispatch.objects.filter(pk=dispatch.pk).update(state=Dispatch.State.UNKNOWN, handed_over_at=long_ago, unknown_since=long_ago)
    mid = answered(cast, cast.shop, cast.amina.external_id, "It is")
    read_back(cast, cast.shop)
    assert Message.objects.get(mid=mid).source == Message.Source.ELSEWHERE
    delivery = WebhookDelivery.objects.order_by("pk").last()
    echo = MessageEchoed(
        network=Network.MESSENGER, account_id=cast.shop.external_id, contact_id=cast.amina.external_id, at=long_ago, raw={}, mid=mid, text="It is",
        app_id=cast.shop.meta_app.app_id, metadata=metadata_for(dispatch.public_id),
    )  # fmt: skip
    with transaction.atomic():
        message_echoed(cast.shop, echo, delivery)
    dispatch.refresh_from_db()
    assert dispatch.state == Dispatch.State.SENT and Message.objects.get(mid=mid).pk == dispatch.message_id
    assert Message.objects.filter(conversation=dispatch.conversation, direction="out").count() == 1


def test_an_unsend_finds_the_body_of_an_echo_that_was_read_before_it_was_told(cast):
    cast.conversation(cast.noor).reply(Content(text="There is."), by=cast.bob)
    Dispatch.objects.update(state=Dispatch.State.SENDING, handed_over_at=now(), lease_until=now() + HOUR)
    cast.simulator.webhook_mode(cast.studio.meta_app.app_id, batch=10)
    cast.simulator.answer_elsewhere(cast.studio.external_id, cast.noor.external_id, "The door code is 4711")
    read_back(cast, cast.studio)
    assert "delivery" not in ParkedEcho.objects.get().about
    cast.simulator.settle()
    work_until_idle("ingest")
    assert ParkedEcho.objects.get().about["delivery"] == WebhookDelivery.objects.order_by("pk").last().pk


# Who was forgotten -------------------------------------------------------------------------------------------------------
def test_a_name_that_was_asked_for_before_they_were_forgotten_is_not_stored_after_it(cast):
    """With the last try under way the numbers were the same as those that forgetting writes."""
    Contact.objects.filter(pk=cast.amina.pk).update(profile_attempts=MOST_ATTEMPTS - 1)
    asked = Contact.objects.select_related("account__meta_app").get(pk=cast.amina.pk)
    forgetting.ask_for(cast.amina, by=cast.dana, at=now())
    work_until_idle("upkeep")
    profiles._fetch(asked)
    cast.amina.refresh_from_db()
    assert (cast.amina.name, cast.amina.username) == ("", "")


def test_who_was_forgotten_and_writes_again_is_not_looked_up(cast, clock):
    forgetting.ask_for(cast.amina, by=cast.dana, at=now())
    work_until_idle("upkeep")
    clock.shift(2 * DAY)
    cast.write(cast.amina, "Me again")
    assert texts(cast.amina.external_id)[-1] == "Me again"
    while fetch_next_profile():
        continue
    cast.amina.refresh_from_db()
    assert (cast.amina.name, cast.amina.username) == ("", "")


@pytest.mark.skipif(not settings.POSTGRES, reason="SQLite has one writer.")
@pytest.mark.django_db(transaction=True, serialized_rollback=True)
def test_whoever_waits_for_a_conversation_holds_nothing_that_forgetting_needs(cast):
    """The reading changed the contact first and the forgetting the conversation: each waited for the other, or old words came back."""
    said(cast, cast.shop, cast.amina.external_id, "My number is 555", ago=30 * DAY)
    thread = thread_with(cast.shop, cast.amina.external_id)

    def read() -> None:
        with transaction.atomic():
            import_thread(cast.shop, thread, Look(now(), news_since=now()))

    trouble = behind(
        lambda: Conversation.objects.lock(conversation_with(cast.amina.external_id).pk),
        read,
        then=lambda: Contact.objects.filter(pk=cast.amina.pk).update(forgotten_at=now()),
    )
    assert trouble is None and "My number is 555" not in texts(cast.amina.external_id)
