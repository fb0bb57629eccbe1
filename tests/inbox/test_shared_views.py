"""Views that somebody shares with colleagues: who sees them, who changes them, and what they give away."""

import json

import pytest

from accounts.leaving import deactivate, let_in_again
from accounts.models import Activity, Grant, User
from core.clock import now
from inbox.models import SavedView
from inbox.teamwork import assign
from tests.inbox.browsing import HTMX, page

ADDRESS = "/views/"


@pytest.fixture
def bob(cast, sign_in):
    return sign_in(cast.bob)


@pytest.fixture
def shared(cast):
    """One of bob's, which he shares."""
    return SavedView.objects.create(user=cast.bob, name="Late ones", query="lane=soon", shared_at=now())


def sharing(view: SavedView) -> str:
    return f"{ADDRESS}{view.public_id}/sharing/"


def menu(browser) -> str:
    return page(browser, ADDRESS, headers=HTMX)


def back_of(response) -> dict:
    assert response.status_code == 200
    return json.loads(response.headers["HX-Trigger"])["announce"]["back"]


def undo(browser, back: dict) -> None:
    assert browser.post(back["address"], back["values"], headers=HTMX).status_code == 200


def test_a_colleague_sees_a_shared_view_and_who_shares_it(cast, bob, sign_in):
    view, alice = SavedView.objects.create(user=cast.bob, name="Late ones", query="lane=soon"), sign_in(cast.alice)
    assert "Late ones" not in menu(alice)
    response = bob.post(sharing(view), headers=HTMX)
    assert response.status_code == 200 and "Stop sharing" in response.text
    shown = menu(alice)
    assert "Shared by colleagues" in shown and "Late ones" in shown and "Bob" in shown
    assert "Copy Late ones to yours" in shown and "Stop sharing" not in shown
    assert alice.get(f"/conversations/?view={view.public_id}").url == "/conversations/?lane=soon"


def test_who_has_no_account_in_common_sees_nothing(cast, shared, sign_in):
    assert "Late ones" not in menu(sign_in(cast.charlie))
    charlie = SavedView.objects.create(user=cast.charlie, name="Nobody's", shared_at=now())
    assert charlie.name not in menu(sign_in(cast.alice))


@pytest.mark.parametrize("right", ["read", "reply"])
def test_any_account_that_both_read_is_enough(cast, shared, sign_in, right):
    Grant.objects.create(user=cast.charlie, account=cast.studio, right=right)
    assert "Late ones" in menu(sign_in(cast.charlie))
    Grant.objects.filter(user=cast.bob, account=cast.studio).delete()
    assert "Late ones" not in menu(sign_in(cast.charlie))


def test_one_that_filters_by_an_account_is_for_those_who_read_it(cast, bob, sign_in):
    Grant.objects.create(user=cast.charlie, account=cast.studio, right="read")
    for account in (cast.shop, cast.studio):
        SavedView.objects.create(user=cast.bob, name=f"Only {account}", query=f"account={account.public_id}", shared_at=now())
    shown = menu(sign_in(cast.charlie))
    assert f"Only {cast.studio}" in shown and f"Only {cast.shop}" not in shown and cast.shop.public_id not in shown


def test_neither_does_its_address_tell_others_by_which_account_it_filters(cast, sign_in):
    Grant.objects.create(user=cast.charlie, account=cast.studio, right="read")
    hidden, shown = (
        SavedView.objects.create(user=cast.bob, name=str(account), query=f"account={account.public_id}&q=secret", shared_at=now())
        for account in (cast.shop, cast.studio)
    )
    charlie = sign_in(cast.charlie)
    assert charlie.get(f"/conversations/?view={hidden.public_id}").url == "/conversations/"
    assert charlie.get(f"/conversations/?view={shown.public_id}").url.endswith("q=secret")
    own = SavedView.objects.create(user=cast.charlie, name="Mine", query=hidden.query)
    for who, view in ((cast.charlie, own), (cast.alice, hidden), (cast.root, hidden)):
        assert sign_in(who).get(f"/conversations/?view={view.public_id}").url.endswith("q=secret")


def test_a_superuser_sees_all_that_is_shared_and_everybody_sees_theirs(cast, shared, sign_in):
    root, charlie = sign_in(cast.root), SavedView.objects.create(user=cast.charlie, name="Charlie's own", shared_at=now())
    SavedView.objects.create(user=cast.bob, name="Bob's own")
    shown = menu(root)
    assert "Late ones" in shown and "Charlie&#x27;s own" in shown and "Bob&#x27;s own" not in shown
    SavedView.objects.create(user=cast.root, name="For the house", shared_at=now())
    assert "For the house" in menu(sign_in(cast.alice))
    assert "For the house" not in menu(sign_in(charlie.user))


def test_what_a_view_lists_is_what_its_reader_may_see(cast, bob, sign_in):
    cast.write(cast.amina, "Is it open?")
    cast.write(cast.noor, "Hello")
    Grant.objects.create(user=cast.charlie, account=cast.studio, right="read")
    SavedView.objects.create(user=cast.bob, name="All of it", query="sort=waiting", shared_at=now())
    charlie = sign_in(cast.charlie)
    assert "All of it" in menu(charlie)
    shown = page(charlie, "/conversations/?sort=waiting")
    assert cast.conversation(cast.noor).public_id in shown and cast.conversation(cast.amina).public_id not in shown


def test_names_in_a_view_are_told_to_those_who_may_know_them(cast, sign_in):
    stranger = User.objects.create_user("zoe@example.test", name="Zoe Stranger")
    Grant.objects.create(user=cast.charlie, account=cast.studio, right="read")
    Grant.objects.create(user=stranger, account=cast.shop, right="reply")
    SavedView.objects.create(user=cast.bob, name="Hers", query=f"assignee={stranger.public_id}", shared_at=now())
    assert "Zoe" not in menu(sign_in(cast.charlie)) + page(sign_in(cast.charlie), f"/conversations/?assignee={stranger.public_id}")
    assert "Zoe Stranger" in page(sign_in(cast.alice), f"/conversations/?assignee={stranger.public_id}")


def test_me_is_whoever_reads(cast, bob, sign_in):
    cast.write(cast.amina, "Is it open?")
    conversation = cast.conversation(cast.amina)
    assign(conversation, cast.alice, by=cast.alice)
    view = SavedView.objects.create(user=cast.bob, name="My own", query="assignee=me", shared_at=now())
    for who, is_theirs in ((cast.alice, True), (cast.bob, False)):
        shown = page(sign_in(who), f"/conversations/?view={view.public_id}", follow=True)
        assert (conversation.public_id in shown) is is_theirs


def test_only_its_owner_and_superusers_change_what_is_shared(cast, shared, sign_in):
    alice, dana = sign_in(cast.alice), sign_in(cast.dana)
    for browser in (alice, dana):
        assert "Late ones" in menu(browser)
        assert browser.delete(sharing(shared), headers=HTMX).status_code == 404
        assert browser.post(f"{ADDRESS}{shared.public_id}/", {"name": "Hers"}, headers=HTMX).status_code == 404
        assert browser.delete(f"{ADDRESS}{shared.public_id}/", headers=HTMX).status_code == 404
    assert SavedView.objects.get() == shared and not Activity.objects.filter(target_type="savedview").exists()
    root = sign_in(cast.root)
    root.post(f"{ADDRESS}{shared.public_id}/", {"name": "Ending soon"}, headers=HTMX)
    assert SavedView.objects.get(user=cast.bob).name == "Ending soon"
    assert Activity.objects.get(target_type="savedview").verb == "savedview.changed"


def test_a_copy_is_ones_own(cast, shared, sign_in):
    alice = sign_in(cast.alice)
    assert alice.post(ADDRESS, {"name": shared.name, "query": shared.query}, headers=HTMX).status_code == 200
    copy = SavedView.objects.get(user=cast.alice)
    assert (copy.name, copy.query, copy.shared_at) == ("Late ones", "lane=soon", None)
    response = alice.post(ADDRESS, {"name": shared.name, "query": shared.query}, headers=HTMX)
    assert response.status_code == 422 and "You have a view of this name already." in response.text
    assert 'value="lane=soon"' in response.text


def test_sharing_and_its_end_are_taken_back(cast, bob, shared):
    back = back_of(bob.delete(sharing(shared), headers=HTMX))
    assert SavedView.objects.get().shared_at is None
    undo(bob, back)
    assert SavedView.objects.get().shared_at is not None
    SavedView.objects.update(shared_at=None)
    undo(bob, back_of(bob.post(sharing(shared), headers=HTMX)))
    assert SavedView.objects.get().shared_at is None
    verbs = Activity.objects.filter(target_type="savedview").order_by("pk").values_list("verb", flat=True)
    assert list(verbs) == ["savedview.unshared", "savedview.shared", "savedview.shared", "savedview.unshared"]


def test_sharing_twice_says_so_once(cast, bob, shared):
    response = bob.post(sharing(shared), headers=HTMX)
    assert response.status_code == 200 and "back" not in json.loads(response.headers["HX-Trigger"])["announce"]
    assert not Activity.objects.filter(verb="savedview.shared").exists()


def test_what_its_owner_forgot_comes_back_shared(cast, bob, shared):
    undo(bob, back_of(bob.delete(f"{ADDRESS}{shared.public_id}/", headers=HTMX)))
    view = SavedView.objects.get()
    assert (view.user, view.name, view.query) == (cast.bob, "Late ones", "lane=soon") and view.shared_at


def test_what_a_superuser_took_from_a_colleague_is_given_back_to_them(cast, shared, sign_in):
    root = sign_in(cast.root)
    undo(root, back_of(root.delete(sharing(shared), headers=HTMX)))
    undo(root, back_of(root.delete(f"{ADDRESS}{shared.public_id}/", headers=HTMX)))
    view = SavedView.objects.get()
    assert view.user == cast.bob and view.shared_at
    assert Activity.objects.filter(verb="savedview.forgotten", by=cast.root).exists()


def test_nobody_else_keeps_a_view_in_the_name_of_a_colleague(cast, sign_in):
    response = sign_in(cast.dana).post(ADDRESS, {"name": "Odd", "query": "", "owner": cast.bob.public_id}, headers=HTMX)
    assert response.status_code == 404 and not SavedView.objects.exists()
    response = sign_in(cast.root).post(ADDRESS, {"name": "Odd", "query": "", "owner": cast.assistant.user.public_id}, headers=HTMX)
    assert response.status_code == 404 and not SavedView.objects.exists()


def test_a_rename_does_not_undo_what_happened_to_its_sharing_meanwhile(cast, bob, shared, sign_in):
    stale = SavedView.objects.get()
    shared.unshare(by=cast.root, at=now())
    stale.name = "Renamed"
    stale.save(update_fields=["name"])
    assert SavedView.objects.get().shared_at is None
    bob.post(f"{ADDRESS}{shared.public_id}/", {"name": "Once more"}, headers=HTMX)
    assert SavedView.objects.get().shared_at is None


def test_the_views_of_somebody_who_left_are_shown_to_superusers_alone_until_they_are_back(cast, shared, sign_in):
    deactivate(cast.bob, by=cast.root, at=now(), reason="Left")
    assert "Late ones" not in menu(sign_in(cast.alice))
    assert "(no longer here)" in menu(sign_in(cast.root))
    let_in_again(User.objects.get(pk=cast.bob.pk), by=cast.root, at=now())
    assert "Late ones" in menu(sign_in(cast.alice))


def test_names_are_each_owners_own(cast, bob, shared, sign_in):
    alice = sign_in(cast.alice)
    assert alice.post(ADDRESS, {"name": "Late ones", "query": ""}, headers=HTMX).status_code == 200
    mine = SavedView.objects.get(user=cast.alice)
    assert alice.post(sharing(mine), headers=HTMX).status_code == 200
    root = sign_in(cast.root)
    assert menu(root).count('dir="auto">Late ones</span>') == 2
    SavedView.objects.create(user=cast.bob, name="Other")
    response = root.post(f"{ADDRESS}{shared.public_id}/", {"name": "Other"}, headers=HTMX)
    assert response.status_code == 422 and "Bob has a view of this name already." in response.text


def test_without_scripts_views_are_shared_on_their_page(cast, bob):
    view = SavedView.objects.create(user=cast.bob, name="Late ones", query="lane=soon")
    assert bob.post(sharing(view)).url == "/views/?lane=soon"
    assert "Stop sharing" in page(bob, ADDRESS)
    assert bob.post(sharing(view), {"method": "delete"}).url == "/views/?lane=soon"
    assert SavedView.objects.get().shared_at is None


def test_the_menu_costs_the_same_however_much_is_shared(cast, sign_in, django_assert_num_queries):
    alice = sign_in(cast.alice)
    for number in range(20):
        SavedView.objects.create(user=cast.bob, name=f"Shop {number}", query=f"account={cast.shop.public_id}", shared_at=now())
    menu(alice)
    with django_assert_num_queries(5):  # session and person; theirs, those of colleagues, and the accounts these name
        menu(alice)
