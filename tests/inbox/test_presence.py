"""Who looks and who types: told to colleagues who may read, believed for a while, and never told of oneself."""

from datetime import timedelta

import pytest
from django.urls import reverse

from accounts.models import Grant, Right
from core.clock import now
from core.live import Change
from inbox import presence
from inbox.models import Conversation, Presence
from tests.inbox.browsing import HTMX, page


@pytest.fixture
def amina(cast) -> Conversation:
    return cast.conversation(cast.amina)


@pytest.fixture
def noor(cast) -> Conversation:
    return cast.conversation(cast.noor)


@pytest.fixture
def told(monkeypatch) -> list[Change]:
    """What browsers are told."""
    told: list[Change] = []
    monkeypatch.setattr("inbox.presence.publish", told.append)
    return told


def who(company: presence.Company) -> list[tuple[str, bool]]:
    return [(str(one.user), one.is_typing) for one in company.people]


def address(conversation: Conversation) -> str:
    return reverse("inbox:presence", args=[conversation.public_id])


def test_colleagues_who_open_one_conversation_see_each_other(cast, amina):
    assert who(presence.look(amina, by=cast.alice)) == []
    assert who(presence.look(amina, by=cast.bob)) == [("Alice", False)]
    assert who(presence.company(amina, to=cast.alice)) == [("Bob", False)]


def test_nobody_sees_themselves(cast, amina):
    presence.look(amina, by=cast.alice)
    assert who(presence.look(amina, by=cast.alice, is_typing=True)) == []


def test_whoever_types_comes_first_and_is_named(cast, amina):
    presence.look(amina, by=cast.alice)
    presence.look(amina, by=cast.bob, is_typing=True)
    seen = presence.company(amina, to=cast.root)
    assert who(seen) == [("Bob", True), ("Alice", False)]
    assert seen.words == seen.typing == "Bob is typing…"
    assert presence.company(amina, to=cast.bob).words == "Alice is looking at this"


def test_somebody_stands_in_one_conversation_only(cast, amina, noor):
    presence.look(amina, by=cast.alice, is_typing=True)
    presence.look(noor, by=cast.alice)
    assert who(presence.company(amina, to=cast.bob)) == []
    assert who(presence.company(noor, to=cast.bob)) == [("Alice", False)]


def test_what_is_old_counts_no_more(cast, amina, clock):
    presence.look(amina, by=cast.alice, is_typing=True)
    assert presence.company(amina, to=cast.bob).changes_in_ms == pytest.approx(6500, abs=900)
    clock.shift(7)
    assert who(presence.company(amina, to=cast.bob)) == [("Alice", False)]
    clock.shift(40)
    assert who(presence.company(amina, to=cast.bob)) == []
    assert presence.company(amina, to=cast.bob).changes_in_ms is None


def test_who_lost_the_right_to_read_is_not_shown(cast, amina):
    presence.look(amina, by=cast.bob)
    Grant.objects.filter(user=cast.bob).delete()
    assert who(presence.company(amina, to=cast.alice)) == []
    Grant.objects.create(user=cast.bob, account=cast.shop, right=Right.READ)
    assert who(presence.company(amina, to=cast.alice)) == [("Bob", False)]


def test_who_was_deactivated_is_not_shown(cast, amina):
    presence.look(amina, by=cast.bob)
    type(cast.bob).objects.filter(pk=cast.bob.pk).update(is_active=False)
    assert who(presence.company(amina, to=cast.alice)) == []


# Who is told ------------------------------------------------------------------------------------------------------
def test_colleagues_on_both_sides_of_a_move_are_told(cast, amina, noor, told):
    presence.look(amina, by=cast.bob)
    presence.look(noor, by=cast.dana)
    presence.look(amina, by=cast.alice)
    here, there = (Change(each.account_id, each.public_id, "presence") for each in (amina, noor))
    assert told == [here]
    presence.look(noor, by=cast.alice)
    assert told == [here, there, here]


def test_where_nobody_else_is_nobody_is_told(cast, amina, noor, told):
    presence.look(amina, by=cast.alice, is_typing=True)
    presence.look(noor, by=cast.alice)
    presence.leave(noor, by=cast.alice)
    assert told == []


def test_a_beat_is_no_news_and_neither_is_typing_on(cast, amina, told, clock):
    presence.look(amina, by=cast.bob)
    presence.look(amina, by=cast.alice)
    told.clear()
    clock.shift(25)
    presence.look(amina, by=cast.bob)
    presence.look(amina, by=cast.alice)
    assert told == []
    for _ in range(3):
        presence.look(amina, by=cast.alice, is_typing=True)
        clock.shift(3)
    assert told == [Change(amina.account_id, amina.public_id, "presence")]


def test_a_beat_does_not_end_the_typing(cast, amina):
    presence.look(amina, by=cast.alice, is_typing=True)
    Presence.objects.update(seen_at=now() - timedelta(seconds=20))
    presence.look(amina, by=cast.alice)
    assert who(presence.company(amina, to=cast.bob)) == [("Alice", True)]


def test_looking_costs_one_question_and_one_row(cast, amina, django_assert_num_queries):
    presence.look(amina, by=cast.bob)
    with django_assert_num_queries(2 if not _notifies() else 3):
        presence.look(amina, by=cast.alice)
    with django_assert_num_queries(1):
        presence.look(amina, by=cast.alice)
    assert Presence.objects.count() == 2


def _notifies() -> bool:
    from django.conf import settings

    return bool(settings.POSTGRES)


# Leaving ----------------------------------------------------------------------------------------------------------
def test_who_leaves_is_gone_and_the_others_are_told(cast, amina, told):
    presence.look(amina, by=cast.bob)
    presence.look(amina, by=cast.alice)
    told.clear()
    presence.leave(amina, by=cast.alice)
    assert told == [Change(amina.account_id, amina.public_id, "presence")]
    assert who(presence.company(amina, to=cast.bob)) == []


def test_who_has_opened_it_anew_does_not_leave_with_the_old_page(cast, amina, clock):
    earlier = presence.look(amina, by=cast.alice)
    clock.shift(60)
    presence.look(amina, by=cast.alice)
    presence.leave(amina, by=cast.alice, seen=earlier.at)
    assert who(presence.company(amina, to=cast.bob)) == [("Alice", False)]


def test_leaving_one_conversation_leaves_no_other(cast, amina, noor):
    presence.look(noor, by=cast.alice)
    presence.leave(amina, by=cast.alice)
    assert who(presence.company(noor, to=cast.bob)) == [("Alice", False)]


# By its address ---------------------------------------------------------------------------------------------------
def test_who_opens_a_conversation_sees_who_looks_at_it(cast, amina, sign_in):
    sign_in(cast.alice).post(address(amina))
    shown = page(sign_in(cast.bob), amina.get_absolute_url(), headers=HTMX)
    assert not Presence.objects.filter(user=cast.bob).exists()
    assert 'id="presence"' in shown
    assert "Alice is looking at this" in shown
    assert "Bob is looking at this" not in shown


def test_asking_is_not_looking(cast, amina, sign_in):
    page(sign_in(cast.alice), address(amina))
    assert not Presence.objects.exists()


def test_a_browser_tells_of_looking_typing_and_leaving(cast, amina, sign_in):
    alice, bob = sign_in(cast.alice), sign_in(cast.bob)
    assert alice.post(address(amina)).status_code == 200
    assert "Alice is looking at this" in page(bob, address(amina))
    alice.post(address(amina), {"typing": "on"})
    assert "Alice is typing…" in page(bob, address(amina))
    assert alice.delete(address(amina) + "?seen=99999999999999").status_code == 204
    assert "Alice" not in page(bob, address(amina))


@pytest.mark.parametrize("seen", ["", "-1", "x", "9" * 30, "١"])
def test_a_made_up_moment_is_no_error(cast, amina, sign_in, seen):
    assert sign_in(cast.alice).delete(f"{address(amina)}?seen={seen}").status_code == 204


def test_charlie_is_neither_told_nor_heard(cast, amina, sign_in):
    presence.look(amina, by=cast.alice)
    charlie = sign_in(cast.charlie)
    for method in ("get", "post", "delete"):
        assert getattr(charlie, method)(address(amina)).status_code == 404
    assert Presence.objects.count() == 1


def test_who_lost_the_right_can_not_go_on_telling(cast, amina, sign_in):
    bob = sign_in(cast.bob)
    bob.post(address(amina))
    Grant.objects.filter(user=cast.bob).delete()
    assert bob.post(address(amina), {"typing": "on"}).status_code == 404
    assert Presence.objects.get().typed_at is None


def test_another_method_is_refused(cast, amina, sign_in):
    assert sign_in(cast.alice).put(address(amina)).status_code == 405


def test_a_name_is_only_ever_text(cast, amina, sign_in):
    type(cast.bob).objects.filter(pk=cast.bob.pk).update(name='<b>"Bob')
    cast.bob.refresh_from_db()
    presence.look(amina, by=cast.bob)
    shown = page(sign_in(cast.alice), address(amina))
    assert "<b>" not in shown and "&lt;b&gt;&quot;Bob" in shown


# Elsewhere on the same file ---------------------------------------------------------------------------------------
def test_everybody_who_is_not_alone_stands_for_one_change(cast, amina, clock):
    here = Change(cast.shop.pk, amina.public_id, "presence")
    presence.look(amina, by=cast.alice)
    assert presence.present() == frozenset()
    presence.look(amina, by=cast.bob)
    assert presence.present() == {(here, (cast.alice.pk, False)), (here, (cast.bob.pk, False))}
    presence.look(amina, by=cast.alice, is_typing=True)
    assert presence.present() == {(here, (cast.alice.pk, True)), (here, (cast.bob.pk, False))}
    clock.shift(46)
    assert presence.present() == frozenset()
