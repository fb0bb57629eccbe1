"""An account that Meta restricts recovers by itself: from time to time one message alone tries, and once Meta takes it everything follows."""

from datetime import timedelta

import pytest

from accounts.banner import banners
from accounts.connection import mend
from accounts.models import Account, Activity
from accounts.models.account import probe_wait
from accounts.moments import when
from accounts.reasons import next_try_sentence
from core.clock import now
from graph.events import PolicyEnforced
from inbox.claiming import claim
from inbox.content import Content
from inbox.models import Contact, Conversation, Dispatch, WebhookDelivery
from inbox.policy_events import policy_enforced
from inbox.sending import send_next
from inbox.settling import sweep
from inbox.views.waiting import Around, why_waiting
from inbox.work import work_until_idle
from tests.accounts.tending import fresh, tend
from tests.inbox.handing import hand_over

State = Account.State
LETTERS = 3


@pytest.fixture
def queue(cast, clock) -> list[Dispatch]:
    """Messages that wait in as many conversations of the shop, which Meta has just restricted."""
    ids = [cast.simulator.add_contact(cast.shop.external_id, f"Person {index}") for index in range(LETTERS)]
    for external_id in ids:
        cast.simulator.write(cast.shop.external_id, external_id, text="Hello")
    work_until_idle("ingest")
    conversations = [Conversation.objects.get(contact=contact) for contact in Contact.objects.filter(external_id__in=ids).order_by("pk")]
    restrict(cast)
    queued = [conversation.reply(Content(text="Hello"), by=cast.bob).dispatch for conversation in conversations]
    work_until_idle("dispatch")
    assert fresh(cast.shop).state == State.RESTRICTED
    return queued


def restrict(cast, kind="restricted", times=1, **more):
    cast.simulator.fault(kind, account=cast.shop.external_id, times=times, **more)


def wait(clock, account) -> None:
    """Until the next message may try."""
    clock.shift(fresh(account).probe_due_at - now() + timedelta(seconds=1))


def states(queue):
    return sorted(Dispatch.objects.filter(pk__in=[dispatch.pk for dispatch in queue]).values_list("state", flat=True))


def calls(queue) -> int:
    return sum(dispatch.attempts.count() for dispatch in queue)


def test_nothing_leaves_until_it_is_time_to_try(cast, queue, clock):
    clock.shift(timedelta(minutes=14))
    work_until_idle("dispatch")
    assert (states(queue), calls(queue)) == (["queued"] * LETTERS, 1)


def test_one_message_tries_and_everything_follows(cast, queue, clock):
    wait(clock, cast.shop)
    assert send_next()
    assert fresh(cast.shop).state == State.CONNECTED
    assert states(queue) == ["queued", "queued", "sent"]
    work_until_idle("dispatch")
    assert states(queue) == ["sent"] * LETTERS
    assert Activity.objects.filter(verb="account.unrestricted", account=cast.shop).count() == 1
    shop = fresh(cast.shop)
    assert (shop.probe_due_at, shop.probe, shop.probes) == (None, "", 0)


def test_while_one_tries_no_other_leaves(cast, queue, clock):
    wait(clock, cast.shop)
    assert claim("first", at=now()) is not None
    assert claim("second", at=now()) is None


def test_refused_again_it_waits_longer(cast, queue, clock):
    waits = []
    for _ in range(7):
        restrict(cast)
        wait(clock, cast.shop)
        work_until_idle("dispatch")
        assert fresh(cast.shop).state == State.RESTRICTED
        waits.append(round((fresh(cast.shop).probe_due_at - now()).total_seconds() / 60))
    assert waits == [30, 60, 120, 240, 360, 360, 360]
    assert calls(queue) == 8
    assert states(queue) == ["queued"] * LETTERS


@pytest.mark.parametrize("kind", ["rate_limited", "error_before", "drop_before", "window", "unavailable"])
def test_what_proves_nothing_leaves_it_restricted_with_the_next_wait(cast, queue, clock, kind):
    cast.simulator.set_echo(cast.shop.external_id, "never")
    restrict(cast, kind)
    wait(clock, cast.shop)
    work_until_idle("dispatch")
    shop = fresh(cast.shop)
    assert shop.state == State.RESTRICTED
    assert shop.probe_due_at > now() + timedelta(minutes=29)
    assert calls(queue) == 2
    clock.shift(timedelta(minutes=5))
    work_until_idle("dispatch")
    assert calls(queue) == 2


def test_an_echo_of_the_one_that_tried_is_proof_too(cast, queue, clock):
    restrict(cast, "drop_after")
    wait(clock, cast.shop)
    work_until_idle("dispatch")
    assert fresh(cast.shop).state == State.RESTRICTED
    cast.simulator.settle()
    work_until_idle("ingest")
    assert fresh(cast.shop).state == State.CONNECTED


@pytest.mark.parametrize("handed_over", [False, True])
def test_a_worker_that_dies_while_it_tries_leaves_the_next_try(cast, queue, clock, handed_over):
    cast.simulator.set_echo(cast.shop.external_id, "never")
    wait(clock, cast.shop)
    claimed = claim("dies", at=now())
    if handed_over:
        assert hand_over(claimed)
    clock.shift(timedelta(minutes=2))
    sweep()
    assert fresh(cast.shop).state == State.RESTRICTED
    wait(clock, cast.shop)
    work_until_idle("dispatch")
    assert fresh(cast.shop).state == State.CONNECTED


def test_a_try_that_was_claimed_before_the_next_one_was_leaves_no_more(cast, queue, clock):
    wait(clock, cast.shop)
    slow = claim("slow", at=now())
    Account.objects.filter(pk=cast.shop.pk).update(probe="another")
    assert hand_over(slow) is None
    assert Dispatch.objects.get(pk=slow.pk).state == Dispatch.State.QUEUED


def test_a_refusal_of_ours_uses_up_no_try(cast, queue, clock):
    Dispatch.objects.filter(pk=queue[0].pk).update(content_digest="another")
    wait(clock, cast.shop)
    work_until_idle("dispatch")
    assert states(queue) == ["failed", "sent", "sent"]


@pytest.mark.parametrize("what", ["paused", "held"])
def test_a_pause_outlasts_the_wait(cast, queue, clock, what):
    wait(clock, cast.shop)
    until = now() + timedelta(hours=1)
    values = {"paused_until": until} if what == "paused" else {"held_at": now(), "held_until": until, "held_by": cast.dana, "held_reason": "Inventory"}
    Account.objects.filter(pk=cast.shop.pk).update(**values)
    work_until_idle("dispatch")
    assert calls(queue) == 1
    clock.shift(timedelta(hours=1, seconds=1))
    work_until_idle("dispatch")
    assert states(queue) == ["sent"] * LETTERS


def test_meta_lifting_it_mends_at_once(cast, queue):
    unblocked = PolicyEnforced(network="messenger", account_id=cast.shop.external_id, contact_id=None, at=now(), raw={}, action="unblock")
    policy_enforced(fresh(cast.shop), unblocked, WebhookDelivery())
    work_until_idle("dispatch")
    assert states(queue) == ["sent"] * LETTERS


def test_somebody_who_manages_may_call_it_mended(cast, queue):
    assert mend(fresh(cast.shop), by=cast.dana, at=now())
    work_until_idle("dispatch")
    assert states(queue) == ["sent"] * LETTERS


def test_a_second_restriction_begins_with_the_first_wait(cast, queue, clock):
    wait(clock, cast.shop)
    work_until_idle("dispatch")
    fresh(cast.shop).break_down(State.RESTRICTED, reason="restricted", at=now())
    assert fresh(cast.shop).probe_due_at <= now() + probe_wait(0)


def test_a_dead_token_ends_the_tries(cast, queue, clock):
    fresh(cast.shop).break_down(State.NEEDS_RECONNECT, reason="token_dead", at=now())
    assert fresh(cast.shop).probe_due_at is None
    clock.shift(timedelta(hours=7))
    work_until_idle("dispatch")
    assert calls(queue) == 1


# What people read --------------------------------------------------------------------------------------------------------
def test_everybody_reads_when_it_is_tried(cast, queue, clock):
    shop = fresh(cast.shop)
    said = banners(cast.bob, [shop], at=now())[0].says
    conversation = Conversation.objects.get(pk=queue[0].conversation_id)
    waits = why_waiting(Dispatch.objects.get(pk=queue[0].pk), conversation, Around(), now())
    assert "One message tries again on" in said and "One message tries again on" in waits
    wait(clock, cast.shop)
    assert "The next message tries by itself" in banners(cast.bob, [shop], at=now())[0].says


@pytest.mark.parametrize("what", ["paused", "held"])
def test_the_time_that_is_named_is_after_every_pause(cast, queue, what):
    until = now() + timedelta(hours=3)
    values = {"paused_until": until} if what == "paused" else {"held_at": now(), "held_until": until, "held_by": cast.dana, "held_reason": "Inventory"}
    Account.objects.filter(pk=cast.shop.pk).update(**values)
    assert next_try_sentence(fresh(cast.shop), now()).startswith(f"One message tries again on {when(until)} by itself")


def test_no_time_is_named_while_sending_is_paused_without_an_end(cast, queue):
    Account.objects.filter(pk=cast.shop.pk).update(paused_until=now() + timedelta(hours=3), held_at=now(), held_by=cast.dana, held_reason="Inventory")
    sentence = "Sending is also paused, so no message tries until somebody resumes it."
    conversation = Conversation.objects.get(pk=queue[0].conversation_id)
    for shown in (banners(cast.bob, [fresh(cast.shop)], at=now())[0].says, why_waiting(queue[0], conversation, Around(), now())):
        assert sentence in shown and "by itself" not in shown


def test_where_nothing_waits_the_next_message_tries(cast):
    cast.shop.break_down(State.RESTRICTED, reason="restricted", at=now())
    shop = fresh(cast.shop)
    assert next_try_sentence(shop, now()).startswith(f"The next message tries after {when(shop.probe_due_at)} by itself")


def test_the_accounts_page_says_when_it_is_tried(cast, queue, sign_in):
    assert "One message tries again on" in sign_in(cast.dana).get(f"/admin/accounts/account/{cast.shop.pk}/change/").text


# Tokens ------------------------------------------------------------------------------------------------------------------
def test_a_token_that_works_again_lets_what_waited_leave(cast, clock):
    """The hourly look finds that Meta was mistaken, or that whoever connected it has logged in again."""
    cast.simulator.set_token("EAAshop", dead=459)
    message = cast.conversation(cast.amina).reply(Content(text="It is back."), by=cast.bob)
    work_until_idle("dispatch")
    assert fresh(cast.shop).state == State.NEEDS_RECONNECT
    cast.simulator.set_token("EAAshop", dead=0)
    tend(cast.shop)
    cast.settle()
    assert Dispatch.objects.get(pk=message.dispatch.pk).state == Dispatch.State.SENT


def test_while_the_token_stays_dead_the_hourly_look_mends_nothing(cast, clock):
    cast.simulator.set_token("EAAshop", dead=459)
    message = cast.conversation(cast.amina).reply(Content(text="It is back."), by=cast.bob)
    work_until_idle("dispatch")
    tend(cast.shop)
    cast.settle()
    assert fresh(cast.shop).state == State.NEEDS_RECONNECT
    assert Dispatch.objects.get(pk=message.dispatch.pk).state == Dispatch.State.QUEUED
