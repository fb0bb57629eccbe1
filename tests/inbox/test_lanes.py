"""Lanes: of each one conversation that stands in it and one that does not, their counts, and the orders in which they are read."""

from datetime import timedelta

import pytest

from accounts.models import Account, Grant, Right, User
from agents.proposing import propose
from core.clock import now
from inbox.closing import close, snooze
from inbox.content import Content
from inbox.lanes import LANES, LOOKED_THROUGH, SORTS
from inbox.models import Contact, Conversation, Dispatch, Mention, Note
from inbox.outbox import cancel
from inbox.teamwork import assign
from inbox.views.asked import Asked
from inbox.views.conversations import Page
from tests.inbox.browsing import page


@pytest.fixture
def amina(cast) -> Conversation:
    return cast.conversation(cast.amina)


@pytest.fixture
def noor(cast) -> Conversation:
    return cast.conversation(cast.noor)


def standing(lane: str, user) -> set[str]:
    rows = LANES[lane].of(Conversation.objects.visible_to(user), user, now())
    return {conversation.contact.name or conversation.contact.external_id for conversation in rows}


def names(*conversations: Conversation) -> set[str]:
    return {each.contact.name or each.contact.external_id for each in conversations}


def test_all_holds_what_is_neither_closed_nor_put_off(cast, amina, noor):
    assert standing("all", cast.bob) == names(amina, noor)
    close(amina, by=cast.bob)
    assert standing("all", cast.bob) == names(noor)
    assert standing("closed", cast.bob) == names(amina)
    snooze(noor, until=now() + timedelta(hours=1), by=cast.bob)
    assert standing("all", cast.bob) == set()
    assert standing("snoozed", cast.bob) == names(noor)


def test_what_was_put_off_comes_back_by_the_clock(cast, noor, clock):
    snooze(noor, until=now() + timedelta(hours=1), by=cast.bob)
    clock.shift(timedelta(minutes=61))
    assert standing("snoozed", cast.bob) == set()
    assert names(noor) <= standing("all", cast.bob)


def test_mine_is_what_is_assigned_to_me(cast, amina, noor):
    assign(amina, cast.bob, by=cast.bob)
    assert standing("mine", cast.bob) == names(amina)
    assert standing("mine", cast.alice) == set()
    assert standing("unassigned", cast.bob) == names(noor)


def test_what_somebody_has_who_cannot_answer_there_any_more_is_unassigned(cast, amina, noor):
    assign(amina, cast.alice, by=cast.bob)
    assign(noor, cast.root, by=cast.bob)
    assert standing("unassigned", cast.bob) == set()
    Grant.objects.filter(user=cast.alice, account=cast.shop).update(right=Right.READ)
    assert standing("unassigned", cast.bob) == names(amina)
    Grant.objects.filter(user=cast.alice, account=cast.shop).update(right=Right.REPLY)
    assert standing("unassigned", cast.bob) == set()
    User.objects.filter(pk__in=(cast.alice.pk, cast.root.pk)).update(is_active=False)
    assert standing("unassigned", cast.bob) == names(amina, noor)


def test_the_row_keeps_the_name_of_who_had_it_and_the_tab_counts_it(cast, amina, sign_in):
    assign(amina, cast.alice, by=cast.bob)
    User.objects.filter(pk=cast.alice.pk).update(is_active=False)
    bob, address = sign_in(cast.bob), f"/conversations/?lane=unassigned&account={cast.shop.public_id}"
    shown = page(bob, address)
    assert amina.public_id in shown and "Alice" in shown and tabs(bob, address)["unassigned"] == "1"


def test_waiting_is_where_the_contact_spoke_last(cast, amina, noor):
    amina.reply(Content(text="It is back."), by=cast.bob)
    assert standing("waiting", cast.bob) == names(noor)


def test_unread_is_each_persons_own(cast, amina, noor):
    amina.mark_read(by=cast.bob)
    assert standing("unread", cast.bob) == names(noor)
    assert standing("unread", cast.alice) == names(amina, noor)


def test_a_proposal_that_waits_keeps_its_conversation_in_the_lane(cast, amina):
    propose(cast.assistant, amina, Content(text="It is back."))
    assert standing("proposal", cast.bob) == names(amina)
    close(amina, by=cast.bob)
    assert standing("proposal", cast.bob) == names(amina)


def test_one_that_was_approved_and_taken_back_waits_again(cast, amina, sign_in):
    Account.objects.update(approval_hold=60)
    proposal = propose(cast.assistant, amina, Content(text="It is back.")).proposal
    shown = {"digest": proposal.digest, "revision": Conversation.objects.get(pk=amina.pk).revision, "answer": "approve"}
    assert sign_in(cast.alice).post(f"/proposals/{proposal.public_id}/decision/", shown).status_code == 302
    assert standing("proposal", cast.alice) == set()
    cancel(Dispatch.objects.get(), by=cast.alice)
    assert standing("proposal", cast.alice) == names(amina)


@pytest.mark.parametrize(("hours", "feature", "is_soon"), [
    (19.9, False, False), (20.1, False, True), (24.1, False, False), (163.9, True, False), (164.1, True, True), (164.1, False, False), (168.1, True, False),
])  # fmt: skip
def test_soon_is_where_a_window_ends_within_four_hours(cast, amina, clock, hours, feature, is_soon):
    Account.objects.update(human_agent_feature=feature)
    clock.shift(timedelta(hours=hours))
    assert (names(amina) <= standing("soon", cast.bob)) is is_soon


def test_a_window_that_meta_called_closed_does_not_end_soon(cast, amina, clock):
    clock.shift(timedelta(hours=21))
    Conversation.objects.update(window_refused_at=now())
    assert standing("soon", cast.bob) == set()


def test_trouble_is_a_message_that_failed_until_another_one_follows(cast, amina):
    amina.reply(Content(text="It is back."), by=cast.bob)
    Dispatch.objects.update(state=Dispatch.State.FAILED)
    assert standing("trouble", cast.bob) == names(amina)
    amina.reply(Content(text="Once more: it is back."), by=cast.bob)
    assert standing("trouble", cast.bob) == set()
    Dispatch.objects.update(state=Dispatch.State.FAILED)
    close(amina, by=cast.bob)
    assert standing("trouble", cast.bob) == set()


def test_what_nobody_knows_is_trouble_also_where_it_is_closed(cast, amina):
    amina.reply(Content(text="It is back."), by=cast.bob)
    Dispatch.objects.update(state=Dispatch.State.UNKNOWN, unknown_since=now())
    close(amina, by=cast.bob)
    assert standing("trouble", cast.bob) == names(amina)


def test_mentions_are_those_that_i_have_not_seen(cast, amina):
    note = Note.objects.create(conversation=amina, by=cast.alice, at=now(), text="@bob")
    mention = Mention.objects.create(note=note, user=cast.bob, conversation=amina)
    assert standing("mentions", cast.bob) == names(amina)
    assert standing("mentions", cast.alice) == set()
    Mention.objects.filter(pk=mention.pk).update(seen_at=now())
    assert standing("mentions", cast.bob) == set()


@pytest.mark.parametrize("lane", LANES)
def test_nobody_finds_in_a_lane_what_they_may_not_read(cast, sign_in, lane, amina):
    assign(amina, cast.bob, by=cast.bob)
    propose(cast.assistant, amina, Content(text="It is back."))
    note = Note.objects.create(conversation=amina, by=cast.alice, at=now(), text="@charlie")
    Mention.objects.create(note=note, user=cast.charlie, conversation=amina)
    assert standing(lane, cast.charlie) == set()
    assert amina.public_id not in page(sign_in(cast.charlie), f"/conversations/?lane={lane}")


@pytest.mark.parametrize("lane", LANES)
def test_an_empty_lane_says_so(cast, sign_in, lane):
    Conversation.objects.update(closed_at=now() if lane != "closed" else None, last_received_at=None, waiting_since=None)
    assert str(LANES[lane].empty) in page(sign_in(cast.bob), f"/conversations/?lane={lane}")


# How many --------------------------------------------------------------------------------------------------------


def crowd(cast, number: int, **facts) -> list[Conversation]:
    """Somebody's conversations, two at each moment."""
    at = now() - timedelta(days=3)
    contacts = Contact.objects.bulk_create(
        [Contact(account=cast.shop, external_id=f"9{each:06}", name=f"Guest {each:04}", first_seen_at=at) for each in range(number)]
    )
    times = [at - timedelta(minutes=each // 2) for each in range(number)]
    rows = [Conversation(account=cast.shop, contact=contact, last_message_at=time, **facts) for contact, time in zip(contacts, times, strict=True)]
    return Conversation.objects.bulk_create(rows)


def tabs(browser, address: str = "/conversations/") -> dict[str, str]:
    shown = browser.get(address).context["header"].lanes
    return {tab.lane.name: tab.number for tab in [*shown.first, *shown.others]}


def test_a_tab_counts_what_stands_behind_it_with_the_filters(cast, sign_in, amina, noor):
    assign(amina, cast.bob, by=cast.bob)
    bob = sign_in(cast.bob)
    shown = tabs(bob)
    assert (shown["mine"], shown["unassigned"], shown["all"], shown["trouble"], shown["closed"]) == ("1", "1", "2", "0", "")
    shown = tabs(bob, f"/conversations/?account={cast.studio.public_id}")
    assert (shown["mine"], shown["unassigned"], shown["all"]) == ("0", "1", "1")


def test_a_count_says_where_there_may_be_more(cast, sign_in, amina):
    crowd(cast, LOOKED_THROUGH)
    assign(amina, cast.bob, by=cast.bob)
    shown = tabs(sign_in(cast.bob))
    assert (shown["all"], shown["unassigned"], shown["mine"]) == ("99+", "99+", "1+")


def test_many_that_are_put_off_are_counted_to_a_hundred(cast, sign_in):
    crowd(cast, 120, snoozed_until=now() + timedelta(hours=1))
    assert tabs(sign_in(cast.bob))["snoozed"] == "99+"


# In which order --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("sort", SORTS)
def test_an_order_has_no_gaps_and_no_repetitions_where_moments_are_the_same(cast, sort):
    rows = crowd(cast, 90)
    same = now() + timedelta(hours=2)
    for number, row in enumerate(rows):
        moment = None if number % 3 == 0 else same + timedelta(minutes=number // 20)
        row.waiting_since = row.window_closes_at = moment
        row.snoozed_until = moment and moment - timedelta(days=1)
    Conversation.objects.bulk_update(rows, ["waiting_since", "window_closes_at", "snoozed_until"])
    found, before = [], ""
    while True:
        stretch = Page(cast.bob, Asked(sort=sort), before=before)
        found += stretch.rows
        if not (before := stretch.next):
            break
    assert len(found) == len({row.pk for row in found}) == 92
    places = [getattr(row, "place", None) for row in found]
    known = [place for place in places if place]
    assert known == sorted(known)
    assert sort == "newest" or places[: len(known)] == known


def test_each_lane_has_an_order_of_its_own(cast, amina, noor):
    Conversation.objects.filter(pk=amina.pk).update(waiting_since=now() - timedelta(hours=1))
    Conversation.objects.filter(pk=noor.pk).update(waiting_since=now() - timedelta(hours=2))
    assert [row.pk for row in Page(cast.bob, Asked(lane="waiting")).rows] == [noor.pk, amina.pk]
    assert Asked.of({"lane": "waiting", "sort": "waiting"}).sort == ""
    assert Asked.of({"lane": "soon"}).the_sort.name == "window"
