"""Many hands link, unlink and forget at once: nobody waits for another for ever, and who is left alone is no person."""

import random
from functools import partial

import pytest
from django.db.models import Count

from core.clock import now
from inbox.errors import AlreadyMoved
from inbox.forgetting import ask_for, forget_next
from inbox.linking import link, undo, unlink
from inbox.models import Contact, Conversation, Person
from tests.at_once import behind
from tests.conftest import _contact, make_cast
from tests.races.test_races import HANDS, _at_once

pytestmark = pytest.mark.django_db(transaction=True, serialized_rollback=True)


@pytest.fixture
def crowd(db, simulator):
    return make_cast(simulator)


@pytest.fixture
def circle(crowd) -> list[Conversation]:
    """Six conversations, three on each account."""
    more = [_contact(crowd.simulator, account, f"Guest {number}", "Hello") for number in (1, 2) for account in (crowd.shop, crowd.studio)]
    return [crowd.conversation(contact) for contact in (crowd.amina, crowd.noor, *more)]


def persons() -> list[int]:
    """How many contacts each has."""
    return sorted(Person.objects.annotate(number=Count("contacts")).values_list("number", flat=True))


def trouble(results: list[object]) -> list[object]:
    return [result for result in results if isinstance(result, Exception) and not isinstance(result, AlreadyMoved)]


def test_a_circle_that_is_linked_by_many_at_once_is_one_person(crowd, circle):
    pairs = list(zip(circle, [*circle[1:], circle[0]], strict=True))
    while persons() != [6]:
        # Whoever lost too often says so, and tries again.
        results = _at_once(*[partial(link, *random.sample(pair, 2), by=crowd.bob) for pair in pairs])
        assert trouble(results) == [] and any(not isinstance(result, Exception) for result in results)
    assert not Contact.objects.filter(person=None).exists()


def test_the_same_two_linked_by_many_at_once_are_linked_once(crowd, circle):
    results = _at_once(*[partial(link, *(circle[:2] if number % 2 else circle[1::-1]), by=crowd.bob) for number in range(HANDS)])
    assert trouble(results) == [] and len([result for result in results if result]) == 1 and persons() == [2]


def test_two_who_are_unlinked_at_once_leave_nobody_behind(crowd, circle):
    for _round in range(3):
        link(circle[0], circle[1], by=crowd.bob)
        link(circle[0], circle[2], by=crowd.bob)
        results = _at_once(partial(unlink, circle[1], circle[0], by=crowd.bob), partial(unlink, circle[2], circle[0], by=crowd.alice))
        assert results == [True, True] and persons() == [] and not Contact.objects.exclude(person=None).exists()


def test_whatever_is_done_at_once_who_is_alone_is_no_person(crowd, circle):
    chance = random.Random(7)
    for _round in range(4):
        jobs = [partial(chance.choice((link, unlink)), *chance.sample(circle, 2), by=chance.choice((crowd.alice, crowd.bob))) for _hand in range(HANDS)]
        assert trouble(_at_once(*jobs)) == []
        assert all(number > 1 for number in persons())


def test_who_is_forgotten_while_others_link_them_is_linked_with_nobody(crowd, circle):
    for other in circle[1:4]:
        link(circle[0], other, by=crowd.bob)
    ask_for(circle[1].contact, by=crowd.dana, at=now())
    hands = [partial(link, circle[1], other, by=crowd.alice) for other in circle[2:]] + [partial(unlink, circle[2], circle[0], by=crowd.bob)]
    assert trouble(_at_once(forget_next, *hands)) == []
    while forget_next():
        continue
    assert Contact.objects.get(pk=circle[1].contact_id).person_id is None and all(number > 1 for number in persons())


def test_who_joins_while_somebody_waits_is_brought_along(crowd, circle):
    a, b, c, d, *_rest = circle
    link(a, b, by=crowd.bob)
    link(c, d, by=crowd.bob)
    done = behind(partial(link, a, circle[4], by=crowd.alice), partial(link, c, b, by=crowd.bob))
    assert not isinstance(done, Exception) and persons() == [5]


def test_what_a_colleague_parts_while_somebody_undoes_it_is_parted_once(crowd, circle):
    a, b, c, d, *_rest = circle
    link(a, b, by=crowd.bob)
    link(c, d, by=crowd.bob)
    done = link(a, c, by=crowd.bob)
    job = partial(undo, a, c, joined=done.joined, came_with=done.came_with, by=crowd.bob)
    assert behind(job, job) is False and persons() == [2, 2]
