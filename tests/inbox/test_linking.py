"""Several contacts are one person: who may say so, what they bring along, and how it is undone."""

import pytest

from accounts.models import Account, Activity, Grant
from core.clock import now
from inbox import forgetting
from inbox.errors import AlreadyMoved, NotAllowed
from inbox.forgetting import ask, ask_for, forget_next
from inbox.linking import Linked, link, undo, unlink
from inbox.models import Contact, Conversation, Person
from tests.conftest import _contact


@pytest.fixture
def amina(cast) -> Conversation:
    """On the Page."""
    return cast.conversation(cast.amina)


@pytest.fixture
def noor(cast) -> Conversation:
    """On Instagram."""
    return cast.conversation(cast.noor)


@pytest.fixture
def others(cast) -> list[Conversation]:
    return more_contacts(cast)


def more_contacts(cast) -> list[Conversation]:
    """Two on each account."""
    made = [(cast.shop, "Salma"), (cast.studio, "Salma"), (cast.shop, "Ines"), (cast.studio, "Ines")]
    return [cast.conversation(_contact(cast.simulator, account, name, "Hello")) for account, name in made]


def together(conversation: Conversation) -> set[int]:
    """The conversations of the same person, with this one."""
    person = Contact.objects.get(pk=conversation.contact_id).person_id
    return set(Conversation.objects.filter(contact__person=person).values_list("pk", flat=True)) if person else {conversation.pk}


def keys(*conversations: Conversation) -> set[int]:
    return {each.pk for each in conversations}


def take_back(conversation: Conversation, other: Conversation, done: Linked, *, by) -> bool:
    return undo(conversation, other, joined=done.joined, came_with=done.came_with, by=by)


# Linking -----------------------------------------------------------------------------------------------------------------
def test_two_contacts_are_one_person_and_every_screen_looks_again(cast, amina, noor):
    link(amina, noor, by=cast.bob)
    assert together(amina) == together(noor) == keys(amina, noor) and Person.objects.count() == 1
    for before in (amina, noor):
        assert Conversation.objects.get(pk=before.pk).screen == before.screen + 1


def test_a_third_joins_whichever_of_the_two_is_named(cast, amina, noor, others):
    link(amina, noor, by=cast.bob)
    link(others[0], noor, by=cast.bob)
    link(amina, others[1], by=cast.bob)
    assert together(amina) == keys(amina, noor, *others[:2]) and Person.objects.count() == 1


def test_who_are_one_already_are_left_as_they_are(cast, amina, noor):
    link(amina, noor, by=cast.bob)
    lines = Activity.objects.count()
    assert link(noor, amina, by=cast.alice) is None and link(amina, amina, by=cast.bob) is None
    assert Activity.objects.count() == lines and Person.objects.count() == 1


def test_both_sides_are_noted_with_who_did_it_for_nobody_who_manages_only_one(cast, amina, noor):
    link(amina, noor, by=cast.bob)
    unlink(amina, noor, by=cast.alice)
    for contact, there in ((cast.amina, cast.studio), (cast.noor, cast.shop)):
        lines = Activity.objects.filter(target_type="contact", target_id=contact.public_id).order_by("pk")
        assert [(line.verb, line.by, line.account, line.details) for line in lines] == [
            ("contact.linked", cast.bob, None, {"on": there.public_id}),
            ("contact.unlinked", cast.alice, None, {"on": there.public_id}),
        ]


@pytest.mark.parametrize("who", ["charlie", "dana", "assistant"])
def test_who_may_not_reply_links_and_unlinks_nobody(cast, amina, noor, who):
    by = cast.assistant.user if who == "assistant" else getattr(cast, who)
    with pytest.raises(NotAllowed):
        link(amina, noor, by=by)
    link(amina, noor, by=cast.root)
    with pytest.raises(NotAllowed):
        unlink(amina, noor, by=by)
    assert together(amina) == keys(amina, noor)


@pytest.mark.parametrize("closed", ["shop", "studio"])
def test_one_has_to_reply_on_both_accounts(cast, amina, noor, closed):
    Grant.objects.filter(user=cast.bob, account=getattr(cast, closed)).update(right="read")
    for one, other in ((amina, noor), (noor, amina)):
        with pytest.raises(NotAllowed):
            link(one, other, by=cast.bob)
    link(amina, noor, by=cast.alice)
    for one, other in ((amina, noor), (noor, amina)):
        with pytest.raises(NotAllowed):
            unlink(one, other, by=cast.bob)
    assert together(amina) == keys(amina, noor)


def test_an_agent_that_was_granted_replies_by_mistake_links_nobody(cast, amina, noor):
    for account in (cast.shop, cast.studio):
        Grant.objects.create(user=cast.assistant.user, account=account, right="reply")
    with pytest.raises(NotAllowed):
        link(amina, noor, by=cast.assistant.user)


def test_who_was_erased_is_linked_with_nobody(cast, amina, noor):
    Contact.objects.filter(pk=cast.noor.pk).update(forgotten_at=now())
    for one, other in ((amina, noor), (noor, amina)):
        with pytest.raises(AlreadyMoved):
            link(one, other, by=cast.bob)
    assert Person.objects.count() == 0


# Unlinking ---------------------------------------------------------------------------------------------------------------
def test_one_contact_alone_is_no_person(cast, amina, noor):
    link(amina, noor, by=cast.bob)
    assert unlink(amina, noor, by=cast.bob)
    assert together(amina) == keys(amina) and together(noor) == keys(noor) and Person.objects.count() == 0
    assert not unlink(amina, noor, by=cast.bob)


def test_of_three_the_other_two_stay_together(cast, amina, noor, others):
    link(amina, noor, by=cast.bob)
    link(amina, others[0], by=cast.bob)
    unlink(noor, amina, by=cast.bob)
    assert together(amina) == keys(amina, others[0]) and together(noor) == keys(noor)


def test_nobody_is_unlinked_from_whom_they_are_not_linked_with(cast, amina, noor, others):
    link(amina, noor, by=cast.bob)
    link(*others[:2], by=cast.bob)
    assert not unlink(amina, others[0], by=cast.bob) and not unlink(amina, amina, by=cast.bob)
    assert together(amina) == keys(amina, noor)


# Undoing -----------------------------------------------------------------------------------------------------------------
def test_whoever_came_is_named_so_that_they_can_go_again(cast, amina, noor, others):
    done = link(amina, noor, by=cast.bob)
    assert (done.joined, done.came_with) == (noor, "")
    assert link(amina, others[0], by=cast.bob).joined == others[0]
    assert link(others[1], amina, by=cast.bob).joined == others[1]


def test_two_persons_become_one_and_are_parted_exactly(cast, amina, noor, others):
    link(amina, noor, by=cast.bob)
    link(others[0], others[1], by=cast.bob)
    link(others[1], others[2], by=cast.bob)
    before = set(Contact.objects.values_list("pk", "person__public_id"))
    done = link(noor, others[0], by=cast.bob)
    assert together(amina) == keys(amina, noor, *others[:3]) and Person.objects.count() == 1
    assert take_back(noor, others[0], done, by=cast.bob)
    assert set(Contact.objects.values_list("pk", "person__public_id")) == before
    assert not Contact.objects.exclude(came_with="").exists()


def test_what_came_together_in_two_steps_is_parted_in_two(cast, amina, noor, others):
    more = [cast.conversation(_contact(cast.simulator, account, "Zoe", "Hi")) for account in (cast.shop, cast.studio)]
    for pair in ((amina, noor), others[:2], others[2:]):
        link(*pair, by=cast.bob)
    first = link(amina, others[0], by=cast.bob)
    link(*more, by=cast.bob)
    second = link(more[0], amina, by=cast.bob)
    assert take_back(more[0], amina, second, by=cast.bob)
    assert together(amina) == keys(amina, noor, *others[:2]) and together(more[0]) == keys(*more)
    # Whoever the first step had brought along is not told apart any more.
    assert take_back(amina, others[0], first, by=cast.bob)
    assert together(amina) == keys(amina, noor, others[1]) and together(others[0]) == keys(others[0])


@pytest.mark.parametrize("gone", ["came along", "stayed", "both"])
def test_who_came_along_leaves_as_far_as_they_are_still_there(cast, amina, noor, others, gone):
    link(amina, noor, by=cast.bob)
    link(*others[:2], by=cast.bob)
    done = link(amina, others[0], by=cast.bob)
    for other in {"came along": [others[1]], "stayed": [noor], "both": [others[1], noor]}[gone]:
        unlink(other, amina, by=cast.alice)
    assert take_back(amina, others[0], done, by=cast.bob)
    assert together(amina) == (keys(amina, noor) if gone == "came along" else keys(amina))
    assert together(others[0]) == (keys(*others[:2]) if gone == "stayed" else keys(others[0]))
    assert Person.objects.count() == (0 if gone == "both" else 1) and not Contact.objects.exclude(came_with="").exists()


def test_who_was_linked_again_meanwhile_leaves_alone(cast, amina, noor, others):
    link(amina, noor, by=cast.bob)
    link(*others[:2], by=cast.bob)
    done = link(amina, others[0], by=cast.bob)
    unlink(others[0], amina, by=cast.bob)
    assert not take_back(amina, others[0], done, by=cast.bob)
    link(amina, others[0], by=cast.bob)
    assert take_back(amina, others[0], done, by=cast.bob)
    assert together(amina) == keys(amina, noor, others[1]) and together(others[0]) == keys(others[0])


def test_who_may_not_reply_takes_nothing_back(cast, amina, noor, others):
    link(*others[:2], by=cast.bob)
    link(amina, noor, by=cast.bob)
    done = link(amina, others[0], by=cast.bob)
    with pytest.raises(NotAllowed):
        take_back(amina, others[0], done, by=cast.dana)
    assert together(amina) == keys(amina, noor, *others[:2])


def test_a_disconnected_account_keeps_its_links(cast, amina, noor):
    link(amina, noor, by=cast.bob)
    Account.objects.filter(pk=cast.studio.pk).update(state="disconnected", token="")
    cast.write(cast.amina, "Still here")
    assert together(amina) == keys(amina, noor)


# Forgetting ----------------------------------------------------------------------------------------------------------------
def forgotten(cast, contact: Contact, how: str) -> None:
    if how == "callback":
        # Meta hands on an id that is the contact's own on Instagram; on a Page nobody is known by it.
        ask(contact.account.meta_app, contact.external_id, at=now())
    else:
        ask_for(contact, by=cast.dana, at=now())
    while forget_next():
        continue


def lines(*contacts: Contact) -> list[str]:
    kept = Activity.objects.filter(target_type="contact", target_id__in=[contact.public_id for contact in contacts])
    return list(kept.filter(verb__in=("contact.linked", "contact.unlinked")).values_list("verb", flat=True))


@pytest.mark.parametrize("how", ["colleague", "callback"])
def test_of_who_is_forgotten_no_link_is_left_and_nobody_is_told_of_one(cast, amina, noor, how):
    link(amina, noor, by=cast.bob)
    unlink(amina, noor, by=cast.bob)
    link(amina, noor, by=cast.bob)
    before = Conversation.objects.get(pk=amina.pk).screen
    forgotten(cast, cast.noor, how)
    assert together(amina) == keys(amina) and together(noor) == keys(noor) and not Person.objects.exists()
    assert lines(cast.amina, cast.noor) == [] and Conversation.objects.get(pk=amina.pk).screen > before
    with pytest.raises(AlreadyMoved):
        link(amina, noor, by=cast.bob)


def test_the_others_stay_together_when_one_is_forgotten(cast, amina, noor, others):
    link(amina, noor, by=cast.bob)
    link(amina, others[0], by=cast.bob)
    link(*others[2:], by=cast.bob)
    forgotten(cast, cast.noor, "colleague")
    assert together(amina) == keys(amina, others[0]) and together(others[2]) == keys(*others[2:])
    assert lines(cast.noor) == [] and lines(cast.amina, others[0].contact) == lines(*(each.contact for each in others[2:])) == ["contact.linked"] * 2


def test_forgetting_that_was_cut_off_is_done_by_whoever_goes_on(cast, amina, noor, monkeypatch):
    link(amina, noor, by=cast.bob)
    request = ask_for(cast.noor, by=cast.dana, at=now())
    leave_really, cut_off = forgetting.leave, []

    def die_once(contact: Contact) -> None:
        if not cut_off:
            cut_off.append(contact)
            raise KeyboardInterrupt
        leave_really(contact)

    monkeypatch.setattr(forgetting, "leave", die_once)
    with pytest.raises(KeyboardInterrupt):
        forget_next()
    assert together(amina) == keys(amina, noor)
    type(request).objects.update(lease_until=None)
    while forget_next():
        continue
    assert cut_off and together(amina) == keys(amina) and not Person.objects.exists()


def test_who_is_forgotten_came_with_nobody(cast, amina, noor, others):
    link(amina, noor, by=cast.bob)
    link(*others[:2], by=cast.bob)
    link(amina, others[0], by=cast.bob)
    forgotten(cast, others[0].contact, "colleague")
    gone = Contact.objects.get(pk=others[0].contact_id)
    assert (gone.person_id, gone.came_with) == (None, "") and together(amina) == keys(amina, noor, others[1])
