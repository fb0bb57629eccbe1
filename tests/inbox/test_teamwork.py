"""Who works on a conversation: assigning, taking over, labels, and the switch that keeps agents out."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from accounts.models import Account, Activity, Grant, User
from inbox.content import Content
from inbox.errors import AlreadyMoved, NotAllowed
from inbox.labelling import put_label, take_label
from inbox.models import Conversation, Dispatch, Label
from inbox.teamwork import assign, give_back, silence, take_over, unsilence, who_may_have


@pytest.fixture
def amina(cast) -> Conversation:
    return cast.conversation(cast.amina)


@pytest.fixture
def vip(db) -> Label:
    return Label.objects.create(name="VIP")


def fresh(conversation) -> Conversation:
    return Conversation.objects.get(pk=conversation.pk)


def verbs(conversation) -> list[str]:
    return list(Activity.objects.filter(target_type="conversation", target_id=conversation.public_id).order_by("pk").values_list("verb", flat=True))


# Assigning -----------------------------------------------------------------------------------------------------------
def test_a_conversation_is_handed_to_a_colleague_and_says_whose_it_was(cast, amina):
    assert assign(amina, cast.alice, by=cast.bob) is None
    assert assign(amina, cast.bob, by=cast.alice) == cast.alice
    amina.refresh_from_db()
    assert amina.assignee == cast.bob and amina.assigned_at
    assert [row.details["to"] for row in Activity.objects.filter(verb="conversation.assigned").order_by("pk")] == [cast.alice.public_id, cast.bob.public_id]


def test_a_conversation_is_handed_to_nobody(cast, amina):
    assign(amina, cast.bob, by=cast.bob)
    assert assign(amina, None, by=cast.bob) == cast.bob
    amina.refresh_from_db()
    assert (amina.assignee, amina.assigned_at) == (None, None)
    assert verbs(amina) == ["conversation.assigned", "conversation.unassigned"]


def test_handing_it_to_whom_has_it_changes_nothing(cast, amina):
    assign(amina, cast.bob, by=cast.bob)
    assign(amina, cast.bob, by=cast.alice)
    assert verbs(amina) == ["conversation.assigned"]


@pytest.mark.parametrize("who", ["charlie", "dana"])
def test_who_may_not_reply_neither_hands_it_over_nor_gets_it(cast, amina, who):
    other = getattr(cast, who)
    for to, by in ((cast.bob, other), (other, cast.bob)):
        with pytest.raises(NotAllowed):
            assign(amina, to, by=by)
    amina.refresh_from_db()
    assert amina.assignee is None and verbs(amina) == []


def test_it_is_never_an_agents_nor_theirs_who_left(cast, amina):
    User.objects.filter(pk=cast.alice.pk).update(is_active=False)
    cast.alice.refresh_from_db()
    for to in (cast.assistant.user, cast.alice):
        with pytest.raises(NotAllowed):
            assign(amina, to, by=cast.bob)


def test_those_who_may_reply_can_have_it(cast):
    assert who_may_have(cast.shop) == [cast.alice, cast.bob]


# Taking over, and the switch ---------------------------------------------------------------------------------------------
def test_taking_over_makes_it_mine_and_switches_agents_off(cast, amina):
    assign(amina, cast.alice, by=cast.alice)
    take_over(amina, by=cast.bob)
    amina.refresh_from_db()
    assert (amina.assignee, amina.agents_off_by) == (cast.bob, cast.bob) and amina.agents_off_at
    assert verbs(amina) == ["conversation.assigned", "conversation.assigned", "conversation.agents_off"]


@pytest.mark.parametrize("verb", [take_over, silence, unsilence])
@pytest.mark.parametrize("who", ["charlie", "dana", "assistant"])
def test_who_may_not_reply_switches_nothing(cast, amina, verb, who):
    by = cast.assistant.user if who == "assistant" else getattr(cast, who)
    with pytest.raises(NotAllowed):
        verb(amina, by=by)
    amina.refresh_from_db()
    assert amina.agents_off_at is None and amina.assignee is None


def test_agents_are_switched_off_once_and_on_again(cast, amina):
    silence(amina, by=cast.bob)
    silence(amina, by=cast.alice)
    amina.refresh_from_db()
    assert amina.agents_off_by == cast.bob
    unsilence(amina, by=cast.alice)
    unsilence(amina, by=cast.alice)
    amina.refresh_from_db()
    assert (amina.agents_off_at, amina.agents_off_by) == (None, None)
    assert verbs(amina) == ["conversation.agents_off", "conversation.agents_on"]


def test_taking_over_is_undone_only_while_nobody_else_has_changed_it(cast, amina):
    assign(amina, cast.alice, by=cast.alice)
    take_over(amina, by=cast.bob)
    give_back(amina, cast.alice, by=cast.bob)
    assert (fresh(amina).assignee, fresh(amina).agents_off_at) == (cast.alice, None)
    take_over(amina, by=cast.bob)
    assign(amina, cast.alice, by=cast.alice)
    with pytest.raises(AlreadyMoved):
        give_back(amina, None, by=cast.bob)
    assert fresh(amina).assignee == cast.alice and fresh(amina).agents_off_at


def test_what_a_person_wrote_still_leaves_once_agents_are_off(cast, amina):
    Account.objects.update(reply_hold=60)
    mine = amina.reply(Content(text="Mine"), by=cast.bob).dispatch
    silence(amina, by=cast.bob)
    mine.refresh_from_db()
    assert mine.state == Dispatch.State.QUEUED


# Labels ---------------------------------------------------------------------------------------------------------------
def test_a_label_is_put_on_once_and_taken_off_once(cast, amina, vip):
    assert [put_label(amina, vip, by=cast.bob), put_label(amina, vip, by=cast.bob)] == [True, False]
    assert list(amina.labels.all()) == [vip]
    assert [take_label(amina, vip, by=cast.bob), take_label(amina, vip, by=cast.bob)] == [True, False]
    assert not amina.labels.exists() and verbs(amina) == ["conversation.labelled", "conversation.unlabelled"]


@pytest.mark.parametrize("verb", [put_label, take_label])
@pytest.mark.parametrize("who", ["charlie", "dana"])
def test_who_may_not_reply_labels_nothing(cast, amina, vip, verb, who):
    with pytest.raises(NotAllowed):
        verb(amina, vip, by=getattr(cast, who))


# What all of them share -------------------------------------------------------------------------------------------------
def test_every_change_is_shown_anew_on_every_screen(cast, amina, vip):
    for change in (lambda: assign(amina, cast.bob, by=cast.bob), lambda: silence(amina, by=cast.bob), lambda: put_label(amina, vip, by=cast.bob)):
        before = Conversation.objects.get(pk=amina.pk).screen
        change()
        assert Conversation.objects.get(pk=amina.pk).screen == before + 1


def test_the_conversation_is_locked_before_a_dispatch_is(cast, amina):
    Account.objects.update(approval_hold=60)
    with CaptureQueriesContext(connection) as queries:
        take_over(amina, by=cast.bob)
    tables = [query["sql"].split('FROM "')[1].split('"')[0] for query in queries if 'FROM "' in query["sql"]]
    assert tables[0] == "inbox_conversation"
    if connection.vendor == "postgresql":
        locking = [query["sql"] for query in queries if "FOR UPDATE" in query["sql"]]
        assert 'FROM "inbox_conversation"' in locking[0]


def test_a_right_that_was_taken_meanwhile_counts(cast, amina):
    Grant.objects.filter(user=cast.bob).delete()
    with pytest.raises(NotAllowed):
        assign(amina, cast.bob, by=cast.bob)
