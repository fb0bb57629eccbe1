"""Messages leave no faster than Meta takes them, whoever sends them, and after a pause they do not leave all at once."""

import json
from datetime import timedelta

import httpx
import pytest

from accounts.models import Account, AccountPace, AccountUsage
from accounts.pacing import Pace, exhausted, pace_for, pace_of, pause, take_place
from accounts.usage import note_usage
from core.clock import now
from graph.limits import sends_per_second
from graph.networks import Login, Network
from graph.usage import Usage
from inbox.claiming import claim, next_due
from inbox.content import Content
from inbox.models import Attempt, Contact, Conversation, Dispatch
from inbox.sending import send_next
from inbox.work import work_until_idle

TEXT, MEDIA = AccountPace.Kind.TEXT, AccountPace.Kind.MEDIA
State = Dispatch.State
pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def metas_own_numbers(settings, time_machine):
    """As in production, and on a clock that stands still unless a test moves it."""
    settings.GRAPH_SENDS_PER_SECOND = 0
    time_machine.move_to(now(), tick=False)


def fresh(account: Account) -> Account:
    return Account.objects.get(pk=account.pk)


def places(account: Account, kind: str = TEXT) -> int:
    """How many places there are at this moment."""
    taken = 0
    while take_place(account, kind, at=now()):
        taken += 1
    return taken


def usage(account, *, kind="messenger", business="", **told) -> None:
    note_usage(account.pk, Usage.read({"x-business-use-case-usage": json.dumps({business or account.external_id: [{"type": kind, **told}]})}))


def crowd(cast, number: int) -> list[Conversation]:
    """Conversations with so many others who have just written to the shop."""
    ids = [cast.simulator.add_contact(cast.shop.external_id, f"Person {index}") for index in range(number)]
    for external_id in ids:
        cast.simulator.write(cast.shop.external_id, external_id, text="Hello")
    work_until_idle("ingest")
    return [Conversation.objects.get(contact=contact) for contact in Contact.objects.filter(external_id__in=ids)]


# How many --------------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("network", "login", "text"), [("messenger", "facebook", 30), ("instagram", "facebook", 100), ("instagram", "instagram", 100)]
)
def test_each_network_has_its_number(network, login, text):
    assert sends_per_second(Network(network), Login(login), sound_or_film=False) == text
    assert sends_per_second(Network(network), Login(login), sound_or_film=True) == 10


@pytest.mark.parametrize(("name", "kind"), [("shop", TEXT), ("shop", MEDIA), ("studio", TEXT), ("studio", MEDIA)])
def test_no_second_has_more_places_than_meta_takes(cast, time_machine, name, kind):
    account, step, taken = getattr(cast, name), timedelta(milliseconds=5), []
    most = sends_per_second(Network(account.network), Login(account.login), sound_or_film=kind == MEDIA)
    for _ in range(600):
        taken += [now()] * places(account, kind)
        time_machine.shift(step)
    busiest = max(sum(first <= at < first + timedelta(seconds=1) for at in taken) for first in taken)
    assert busiest <= most
    assert len(taken) >= 3 * most * 0.8, "Nearly all of it can be used."


@pytest.mark.parametrize("kind", [TEXT, MEDIA])
def test_the_setting_lowers_metas_number_and_never_raises_it(cast, settings, kind):
    metas = pace_of(cast.shop, kind, at=now())
    settings.GRAPH_SENDS_PER_SECOND = 1000
    assert pace_of(cast.shop, kind, at=now()) == metas
    settings.GRAPH_SENDS_PER_SECOND = 5
    assert pace_of(cast.shop, kind, at=now()) == Pace.of(5)


def test_sound_has_places_of_its_own(cast):
    assert places(cast.shop, MEDIA) == 2
    assert places(cast.shop, TEXT) == 6
    assert not places(cast.shop, MEDIA)


def test_a_place_of_one_account_is_none_of_another(cast):
    places(cast.shop)
    assert places(cast.studio) == 20


def test_idle_time_saves_up_no_more_than_may_leave_at_once(cast, time_machine):
    places(cast.shop)
    time_machine.shift(timedelta(hours=1))
    assert places(cast.shop) == 6


# The queue -------------------------------------------------------------------------------------------------------------
def test_what_has_no_place_waits_and_leaves_when_there_is_one(cast, time_machine):
    conversation = cast.conversation(cast.amina)
    for number in range(8):
        conversation.reply(Content(text=f"Part {number}"), by=cast.bob)
    work_until_idle("dispatch")
    assert len(cast.received(cast.amina)) == 6
    due = next_due(now())
    assert now() < due <= now() + timedelta(seconds=1 / 24) * 1.01
    time_machine.move_to(due, tick=False)
    work_until_idle("dispatch")
    time_machine.move_to(next_due(now()), tick=False)
    work_until_idle("dispatch")
    assert [message["text"] for message in cast.received(cast.amina)] == [f"Part {number}" for number in range(8)]
    assert next_due(now()) is None


def test_an_account_without_a_place_keeps_no_other_waiting(cast):
    places(cast.shop)
    for contact in (cast.amina, cast.noor):
        cast.conversation(contact).reply(Content(text="Hello"), by=cast.bob)
    work_until_idle("dispatch")
    assert (len(cast.received(cast.amina)), len(cast.received(cast.noor))) == (0, 1)


def test_a_place_that_nobody_waits_for_wakes_nobody(cast):
    places(cast.shop)
    assert next_due(now()) is None


def test_a_refusal_at_the_last_moment_takes_no_place(cast):
    dispatch = cast.conversation(cast.amina).reply(Content(text="Hello"), by=cast.bob).dispatch
    Dispatch.objects.filter(pk=dispatch.pk).update(content_digest="another")
    assert claim("worker", at=now()) is None
    assert places(cast.shop) == 6


def test_a_burst_in_many_conversations_meets_no_limit_of_metas(cast, time_machine):
    """Against the simulator with Meta's limits for the Page; the clock goes on whenever nothing may leave."""
    limits = {"messages": 30, "day": 10_000, "app": 10_000}
    cast.simulator.add_app("1200000000000001", "app-secret", "verify-me", "http://testserver/webhooks/meta/", rate_limits=limits)
    for conversation in crowd(cast, 20):
        for number in range(4):
            conversation.reply(Content(text=f"Part {number}"), by=cast.bob)
    while Dispatch.objects.filter(state=State.QUEUED).exists():
        work_until_idle("dispatch")
        if due := next_due(now()):
            time_machine.move_to(due, tick=False)
    assert Dispatch.objects.exclude(state=State.SENT).count() == 0
    assert not Attempt.objects.exclude(outcome=Attempt.Outcome.ACCEPTED).exists()


@pytest.mark.parametrize(("name", "pace"), [("text", TEXT), ("image", TEXT), ("file", TEXT), ("link", TEXT), ("audio", MEDIA), ("video", MEDIA)])
def test_each_kind_of_content_has_its_pace(name, pace):
    assert pace_for(name) == pace


# Clocks ----------------------------------------------------------------------------------------------------------------
@pytest.fixture
def ran_ahead(cast):
    """One message left while the clock was two hours ahead."""
    assert take_place(cast.shop, TEXT, at=now() + timedelta(hours=2))


def test_a_clock_that_ran_ahead_silences_nobody(cast, ran_ahead, time_machine):
    for number in range(3):
        cast.conversation(cast.amina).reply(Content(text=f"Part {number}"), by=cast.bob)
    for _ in range(3):
        work_until_idle("dispatch")
        time_machine.shift(timedelta(seconds=1 / 24) * 1.01)
    assert [message["text"] for message in cast.received(cast.amina)] == ["Part 0", "Part 1", "Part 2"]


def test_what_a_clock_that_ran_ahead_took_is_made_up_for_by_no_burst(cast, ran_ahead):
    assert places(cast.shop) == 1


def test_a_pause_is_believed_however_far_ahead(cast):
    pause(cast.shop.pk, until=now() + timedelta(hours=2), at=now())
    assert not places(cast.shop)
    assert exhausted(now()).count() == 2


def test_a_pause_after_a_clock_ran_ahead_ends_in_time(cast, ran_ahead, time_machine):
    cast.conversation(cast.amina).reply(Content(text="Hello"), by=cast.bob)
    pause(cast.shop.pk, until=now() + timedelta(seconds=60), at=now())
    assert next_due(now()) == now() + timedelta(seconds=60)
    time_machine.shift(timedelta(seconds=60))
    work_until_idle("dispatch")
    assert len(cast.received(cast.amina)) == 1


@pytest.mark.parametrize("used", [0, 100])
def test_no_place_of_a_right_clock_is_taken_for_one_of_a_wrong_clock(cast, settings, used):
    settings.GRAPH_SENDS_PER_SECOND = 1
    AccountUsage.objects.create(account=cast.shop, kind="messenger", calls=used, at=now())
    assert places(cast.shop) == 1


# Usage -----------------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize("kind", ["messenger", "instagram"])
def test_a_limit_that_is_used_up_pauses_the_account(cast, kind):
    usage(cast.shop, kind=kind, call_count=100)
    assert fresh(cast.shop).paused_until == now() + timedelta(minutes=5)


@pytest.mark.parametrize("kind", ["pages", "page", "app", ""])
def test_a_limit_that_messages_may_not_count_under_slows_down_and_pauses_nothing(cast, kind):
    usual = pace_of(cast.shop, TEXT, at=now()).interval
    usage(cast.shop, kind=kind, call_count=100)
    assert fresh(cast.shop).paused_until is None
    assert pace_of(cast.shop, TEXT, at=now()).interval == pytest.approx(usual * 10, rel=0.001)


def test_where_it_is_used_up_and_metas_word_says_for_how_long_any_limit_pauses(cast):
    usage(cast.shop, kind="pages", call_count=100, estimated_time_to_regain_access=7)
    assert fresh(cast.shop).paused_until == now() + timedelta(minutes=7)


def test_meta_says_for_how_long(cast):
    usage(cast.shop, call_count=40, estimated_time_to_regain_access=90)
    assert fresh(cast.shop).paused_until == now() + timedelta(minutes=90)


@pytest.mark.parametrize("kind", ["ads_management", "whatsapp", "lead_generation"])
def test_a_limit_of_other_uses_pauses_nothing(cast, kind):
    usage(cast.shop, kind=kind, call_count=100, estimated_time_to_regain_access=600)
    assert fresh(cast.shop).paused_until is None


def test_a_limit_of_another_account_pauses_nothing_here(cast):
    usage(cast.shop, business=cast.studio.external_id, call_count=100, estimated_time_to_regain_access=600)
    assert fresh(cast.shop).paused_until is None


def test_a_pause_lasts_a_day_at_most_and_is_never_shortened(cast):
    usage(cast.shop, estimated_time_to_regain_access=60 * 24 * 30)
    assert fresh(cast.shop).paused_until == now() + timedelta(days=1)
    usage(cast.shop, estimated_time_to_regain_access=1)
    assert fresh(cast.shop).paused_until == now() + timedelta(days=1)


@pytest.mark.parametrize(("used", "slower"), [(0, 1), (90, 1), (95, 2), (99, 10), (100, 10), (400, 10)])
def test_near_the_end_of_a_limit_messages_leave_slower(cast, used, slower):
    usual = pace_of(cast.shop, TEXT, at=now()).interval
    AccountUsage.objects.create(account=cast.shop, kind="messenger", calls=used, at=now())
    assert pace_of(cast.shop, TEXT, at=now()).interval == pytest.approx(usual * slower, rel=0.001)


@pytest.mark.parametrize("old", ["hour", "other use"])
def test_what_says_nothing_about_now_slows_nothing(cast, time_machine, old):
    usual = pace_of(cast.shop, TEXT, at=now())
    AccountUsage.objects.create(account=cast.shop, kind="messenger" if old == "hour" else "ads_management", calls=99, at=now())
    time_machine.shift(timedelta(hours=1) if old == "hour" else timedelta(0))
    assert pace_of(cast.shop, TEXT, at=now()) == usual


# Throttles -------------------------------------------------------------------------------------------------------------
def test_a_throttle_pauses_every_conversation_of_the_account_and_no_other(cast, time_machine):
    cast.simulator.fault("rate_limited", account=cast.shop.external_id, seconds=60, times=1)
    conversations = [cast.conversation(cast.amina), cast.conversation(cast.noor), *crowd(cast, 5)]
    for conversation in conversations:
        conversation.reply(Content(text="Hello"), by=cast.bob)
    work_until_idle("dispatch")
    assert fresh(cast.shop).paused_until == now() + timedelta(seconds=60)
    assert Attempt.objects.filter(dispatch__account=cast.shop).count() == 1
    assert len(cast.received(cast.noor)) == 1


@pytest.mark.parametrize(("whose", "wait"), [("own", timedelta(minutes=90)), ("another", timedelta(seconds=30))])
def test_a_refused_call_pauses_by_its_own_limits_only(cast, settings, whose, wait):
    business = cast.shop.external_id if whose == "own" else cast.studio.external_id
    told = {business: [{"type": "messenger", "call_count": 100, "estimated_time_to_regain_access": 90}]}
    refused = httpx.Response(400, headers={"x-business-use-case-usage": json.dumps(told)}, json={"error": {"code": 80006}})
    settings.GRAPH_TRANSPORT = httpx.MockTransport(lambda _request: refused)
    cast.conversation(cast.amina).reply(Content(text="Hello"), by=cast.bob)
    work_until_idle("dispatch")
    assert fresh(cast.shop).paused_until == now() + wait


def test_after_a_pause_messages_leave_one_by_one(cast, time_machine):
    for conversation in crowd(cast, 5):
        conversation.reply(Content(text="Hello"), by=cast.bob)
    pause(cast.shop.pk, until=now() + timedelta(seconds=60), at=now())
    work_until_idle("dispatch")
    assert next_due(now()) == now() + timedelta(seconds=60)
    time_machine.shift(timedelta(seconds=60))
    work_until_idle("dispatch")
    assert Dispatch.objects.filter(state=State.SENT).count() == 1
    time_machine.shift(timedelta(seconds=1 / 24) * 1.01)
    assert send_next()
    assert not send_next()


def test_a_pause_says_until_when(cast, sign_in):
    pause(cast.shop.pk, until=now() + timedelta(hours=2), at=now())
    conversation = cast.conversation(cast.amina)
    conversation.reply(Content(text="Hello"), by=cast.bob)
    page = sign_in(cast.bob).get(f"/conversations/{conversation.public_id}/").text
    assert "Meta wants fewer calls" in page
    assert "Meta asked for a slower pace. It leaves after" in page
