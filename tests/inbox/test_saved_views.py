"""Views that somebody keeps under a name, and finds again."""

import json

import pytest

from inbox.models import SavedView
from inbox.views import saved_views
from tests.inbox.browsing import HTMX, page

ADDRESS = "/views/"


@pytest.fixture
def bob(cast, sign_in):
    return sign_in(cast.bob)


def keep(browser, name, query="lane=mine&network=instagram", **how):
    return browser.post(ADDRESS, {"name": name, "query": query}, headers=HTMX, **how)


def said(response) -> dict:
    return json.loads(response.headers["HX-Trigger"])["announce"]


def test_a_view_is_kept_and_found_again(cast, bob):
    response = keep(bob, "Mine on Instagram")
    assert response.status_code == 200 and said(response)["words"] == "Kept as “Mine on Instagram”."
    view = SavedView.objects.get()
    assert (view.user, view.query) == (cast.bob, "lane=mine&network=instagram")
    assert "/conversations/?lane=mine&amp;network=instagram" in page(bob, ADDRESS, headers=HTMX)
    assert bob.get(f"/conversations/?view={view.public_id}").url == "/conversations/?lane=mine&network=instagram"


def test_only_what_the_list_understands_is_kept(bob):
    keep(bob, "Odd", "lane=nowhere&sort=sideways&next=https://elsewhere.example&label=abc")
    assert SavedView.objects.get().query == "label=abc"


def test_views_are_each_persons_own(cast, bob, sign_in):
    keep(bob, "Mine")
    view, alice = SavedView.objects.get(), sign_in(cast.alice)
    assert "Mine</a>" not in page(alice, ADDRESS, headers=HTMX)
    assert alice.delete(f"{ADDRESS}{view.public_id}/", headers=HTMX).status_code == 404
    assert alice.post(f"{ADDRESS}{view.public_id}/", {"name": "Hers"}, headers=HTMX).status_code == 404
    assert alice.get(f"/conversations/?view={view.public_id}").url == "/conversations/"
    assert keep(alice, "Mine").status_code == 200


@pytest.mark.parametrize("name", ["", "  ", "x" * 61, "Mine"])
def test_a_name_that_is_none_or_taken_is_refused_with_what_was_typed(bob, name):
    keep(bob, "Mine")
    response = keep(bob, name)
    assert response.status_code == 422 and 'role="alert"' in response.text
    assert f'value="{name.strip()}"' in response.text
    assert SavedView.objects.count() == 1


def test_a_view_is_renamed_and_called_as_before(bob):
    keep(bob, "Mine")
    address = f"{ADDRESS}{SavedView.objects.get().public_id}/"
    response = bob.post(address, {"name": "My own"}, headers=HTMX)
    assert SavedView.objects.get().name == "My own"
    back = said(response)["back"]
    bob.post(back["address"], back["values"], headers=HTMX)
    assert SavedView.objects.get().name == "Mine"


def test_a_name_of_another_view_is_refused(bob):
    keep(bob, "Mine")
    keep(bob, "Yours", "lane=unassigned")
    view = SavedView.objects.get(name="Yours")
    response = bob.post(f"{ADDRESS}{view.public_id}/", {"name": "Mine"}, headers=HTMX)
    assert response.status_code == 422 and "You have a view of this name already." in response.text
    assert SavedView.objects.get(pk=view.pk).name == "Yours"


def test_what_was_forgotten_comes_back(bob):
    keep(bob, "Mine")
    response = bob.delete(f"{ADDRESS}{SavedView.objects.get().public_id}/", headers=HTMX)
    assert not SavedView.objects.exists() and said(response)["words"] == "“Mine” is forgotten."
    back = said(response)["back"]
    bob.post(back["address"], back["values"], headers=HTMX)
    assert SavedView.objects.get().query == "lane=mine&network=instagram"


def test_there_are_not_more_than_anybody_reads(bob, monkeypatch):
    monkeypatch.setattr(saved_views, "MOST", 1)
    assert keep(bob, "One").status_code == 200
    assert keep(bob, "Two").status_code == 422


def test_without_scripts_views_have_a_page(bob):
    assert bob.post(ADDRESS, {"name": "Mine", "query": "lane=mine"}).url == "/conversations/?lane=mine"
    assert "Mine" in page(bob, ADDRESS)
    view = SavedView.objects.get()
    assert bob.post(f"{ADDRESS}{view.public_id}/", {"method": "delete"}).url == "/conversations/?lane=mine"
    assert not SavedView.objects.exists()
