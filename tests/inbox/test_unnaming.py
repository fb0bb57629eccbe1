"""Whoever is forgotten stands in no view that somebody keeps, neither in the words that are looked for nor in its name."""

import pytest

from accounts.models import Activity
from core.clock import now
from inbox import forgetting
from inbox.models import Contact, SavedView
from inbox.unnaming import Known
from inbox.work import work_until_idle

AMINA = Known(("Amina Okafor", "amina", "9001"))


@pytest.fixture(autouse=True)
def _names(cast):
    """Everybody's profile has been fetched."""
    work_until_idle("fetch")


def keep(user, name: str, query: str) -> SavedView:
    return SavedView.objects.create(user=user, name=name, query=query)


def forget(cast) -> None:
    forgetting.ask(cast.shop.meta_app, cast.amina.external_id, at=now())
    work_until_idle("upkeep")


@pytest.mark.parametrize("q", ["Amina Okafor", "okafor, AMINA", "invoice amina okafor", "Okafor", "amina", "ÁMINA", "9001", "order 9001"])
def test_a_name_in_any_spelling_an_id_and_a_part_alone_are_known(q):
    assert AMINA.stands_in(q) or AMINA.is_all_of(q)


@pytest.mark.parametrize("q", ["", "invoice", "aminas", "okafor invoice", "90011", "…"])
def test_what_only_resembles_it_is_not(q):
    assert not (Known(("Amina Okafor", "", "9001")).stands_in(q) or Known(("Amina Okafor", "", "9001")).is_all_of(q))


def test_a_name_that_is_written_without_spaces_is_known():
    assert Known(("田中",)).stands_in("田中さん") and not Known(("田中",)).stands_in("中田")


def test_nobody_without_a_name_stands_in_everything():
    assert not Known(("", "…")).stands_in("") and not Known(("", "…")).stands_in("invoice")


def test_whom_we_forget_is_looked_for_no_more(cast):
    sought = keep(cast.bob, "Complaints", "lane=mine&label=x&q=Amina+Okafor&sort=waiting")
    others = keep(cast.alice, "Saturdays", "q=saturday+class")
    forget(cast)
    sought.refresh_from_db()
    others.refresh_from_db()
    assert (sought.name, sought.query) == ("Complaints", "lane=mine&label=x&sort=waiting")
    assert (others.name, others.query) == ("Saturdays", "q=saturday+class")


def test_by_their_username_and_their_id_at_meta_as_well(cast):
    Contact.objects.filter(pk=cast.amina.pk).update(username="beanlover_77")
    views = [keep(cast.bob, "One", "q=@beanlover_77"), keep(cast.bob, "Two", f"q=order+{cast.amina.external_id}")]
    forget(cast)
    assert [SavedView.objects.get(pk=view.pk).query for view in views] == ["", ""]


def test_a_view_that_is_called_after_them_gets_a_name_that_says_nothing(cast):
    keep(cast.bob, "View 1", "lane=mine")
    called, part, own_word = keep(cast.bob, "Refund Amina Okafor", "lane=mine"), keep(cast.bob, "Okafor", "q=okafor"), keep(cast.bob, "Amina", "")
    forget(cast)
    names = [SavedView.objects.get(pk=view.pk).name for view in (called, part, own_word)]
    # A first name alone, of a view that looks for nobody, may be anybody's.
    assert names == ["View 2", "View 3", "Amina"]


def test_that_it_was_done_is_written_down_without_the_words(cast):
    view = keep(cast.bob, "Refund Amina Okafor", "q=Amina+Okafor")
    request = forgetting.ask_for(cast.amina, by=cast.dana, at=now())
    work_until_idle("upkeep")
    line = Activity.objects.get(verb="savedview.unnamed")
    assert (line.target_id, line.by, line.account, line.details) == (view.public_id, None, None, {})
    request.refresh_from_db()
    assert request.erased["views"] == 1


def test_asked_again_there_is_nothing_left_to_do(cast):
    keep(cast.bob, "Refund", "q=Amina+Okafor")
    forget(cast)
    forgetting.ask_for(cast.amina, by=cast.dana, at=now())
    work_until_idle("upkeep")
    assert Activity.objects.filter(verb="savedview.unnamed").count() == 1
