"""What the palette finds: for whom, from where, and at what cost."""

import pytest
from django.test import Client

from core.clock import now
from inbox.models import SavedView
from inbox.work import work_until_idle
from tests.inbox.browsing import HTMX, page

ADDRESS = "/palette/"


@pytest.fixture
def bob(cast, sign_in):
    work_until_idle("fetch")
    return sign_in(cast.bob)


def places(browser: Client, recent: str = "", here: str = "http://testserver/preferences/") -> str:
    return page(browser, f"{ADDRESS}?recent={recent}", headers=HTMX | {"HX-Current-URL": here})


def found(browser: Client, q: str, here: str = "http://testserver/preferences/") -> str:
    return page(browser, ADDRESS, data={"q": q}, headers=HTMX | {"HX-Current-URL": here})


def test_rooms_are_those_that_one_may_enter(cast, sign_in):
    for who, may in ((cast.bob, False), (cast.dana, True)):
        shown = places(sign_in(who))
        assert 'href="/approvals/"' in shown and 'href="/preferences/"' in shown
        assert ('href="/admin/people/"' in shown) is may


def test_own_views_and_shared_ones_stand_apart(cast, sign_in):
    SavedView.objects.create(user=cast.alice, name="Hers", query="lane=mine")
    SavedView.objects.create(user=cast.bob, name="His", query="lane=soon", shared_at=now())
    SavedView.objects.create(user=cast.bob, name="Nobody else's", query="lane=soon")
    own, _heading, shared = places(sign_in(cast.alice)).partition("Views shared by colleagues")
    assert "Hers" in own and "His" not in own
    assert "His" in shared and "Bob" in shared and "Nobody else" not in shared
    assert "His" not in places(sign_in(cast.charlie))


def test_conversations_are_found_by_name_and_by_words(cast, bob):
    conversation = cast.conversation(cast.amina)
    shown = found(bob, "okafor")
    assert f'data-id="conversation:{conversation.public_id}"' in shown and "Messages" not in shown
    shown = found(bob, "stock yirgacheffe")
    assert f'data-conversation="{conversation.public_id}"' in shown and "?at=" in shown


def test_nobody_finds_what_they_may_not_read(cast, sign_in):
    charlie, conversation = sign_in(cast.charlie), cast.conversation(cast.amina)
    assert conversation.public_id not in found(charlie, "amina") + found(charlie, "yirgacheffe")
    assert conversation.public_id not in places(charlie, recent=conversation.public_id)


def test_what_was_opened_last_comes_back_where_it_may_still_be_read(cast, bob):
    conversation = cast.conversation(cast.amina)
    shown = places(bob, recent=f"{conversation.public_id},nonsense,,")
    assert f'data-id="conversation:{conversation.public_id}"' in shown and "Amina" in shown
    assert "Amina" not in places(bob)


def test_ways_from_the_list_keep_its_filters_and_others_do_not(cast, bob):
    here = f"http://testserver/conversations/?network=messenger&lane=mine&account={cast.shop.public_id}"
    assert f"lane=soon&amp;account={cast.shop.public_id}&amp;network=messenger" in places(bob, here=here)
    assert "lane=mine" in found(bob, "amina", here=here)
    elsewhere = places(bob, here="http://testserver/approvals/?network=messenger")
    assert "lane=soon" in elsewhere and "network" not in elsewhere


def test_what_somebody_wrote_is_shown_as_text(cast, bob):
    cast.write(cast.amina, "<img src=x> ravioli")
    SavedView.objects.create(user=cast.bob, name="<b>Bold</b>")
    assert "&lt;img" in found(bob, "ravioli") and "&lt;b&gt;Bold" in places(bob)


def test_opened_by_itself_it_is_the_search_of_the_list(bob):
    assert bob.get(ADDRESS, {"q": "amina"}).url == "/conversations/?q=amina"
    assert bob.get(ADDRESS).url == "/conversations/"


@pytest.mark.parametrize("q", ["!!!", "a" * 5000, "'\"", "  "])
def test_odd_words_find_nothing_and_break_nothing(bob, q):
    assert "conversation:" not in found(bob, q)


def test_it_costs_few_queries(cast, bob, django_assert_num_queries):
    for number in range(9):
        cast.write(cast.amina, f"Yirgacheffe {number}")
        SavedView.objects.create(user=cast.alice, name=f"View {number}", query=f"account={cast.shop.public_id}", shared_at=now())
    recent = cast.conversation(cast.amina).public_id
    with django_assert_num_queries(6):  # session and person; views, of colleagues, and the accounts these name; what was opened last
        places(bob, recent=recent)
    with django_assert_num_queries(5):  # session and person; accounts, matches, contacts
        found(bob, "amina")
    with django_assert_num_queries(5):  # and messages
        found(bob, "yirgacheffe")
