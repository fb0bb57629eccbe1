"""Whoever is forgotten stands in no view that somebody keeps, neither in the words that are looked for nor in its name."""

from datetime import timedelta

import pytest

from accounts.models import Activity, Grant
from core.clock import now
from inbox import forgetting
from inbox.models import Contact, SavedView
from inbox.unnaming import Known
from inbox.work import work_until_idle
from tests.inbox.browsing import page

AMINA = Known("Amina Okafor", "beans_77", "9001")
URGENT = Known("Refund order invoice complaint", "urgent", "9002")


@pytest.fixture(autouse=True)
def _names(cast):
    """Everybody's profile has been fetched."""
    work_until_idle("fetch")


def keep(user, name: str, query: str) -> SavedView:
    return SavedView.objects.create(user=user, name=name, query=query)


def forget(cast) -> None:
    forgetting.ask(cast.shop.meta_app, cast.amina.external_id, at=now())
    work_until_idle("upkeep")


@pytest.mark.parametrize(
    "q", ["Amina Okafor", "okafor, AMINA", "invoice amina okafor", "Okafor", "amina", "ÁMINA", "9001", "order 9001", "@beans_77", "Beans_77 refund"]
)
def test_a_name_in_any_spelling_a_username_an_id_and_a_part_alone_are_known(q):
    assert AMINA.is_sought(q)


@pytest.mark.parametrize("q", ["", "invoice", "aminas", "okafor invoice", "90011", "…", "beans", "77 beans", "beans_771"])
def test_what_only_resembles_it_is_not(q):
    assert not AMINA.is_sought(q)


@pytest.mark.parametrize("q", ["invoice", "refund", "refund order", "urgently", "complaint invoice"])
def test_who_calls_themselves_a_sentence_takes_no_single_word_of_it_away(q):
    assert not URGENT.is_sought(q) and not URGENT.is_named(q)


def test_a_name_of_one_word_is_sought_by_nothing_but_it():
    refund = Known("Refund", "", "")
    assert refund.is_sought("refund") and not refund.is_sought("refund invoice")


@pytest.mark.parametrize(("name", "tells"), [("Refund Amina Okafor", True), ("9001, again", True), ("Amina", False), ("Okafor", False), ("beans_77", False)])
def test_a_view_is_called_after_them_by_the_whole_name_or_the_id(name, tells):
    assert AMINA.is_named(name) is tells


@pytest.mark.parametrize("known", [Known("Urgent", "urgent", "1"), Known("Urgent Urgent", "", "")])
def test_one_word_alone_gives_no_view_another_name(known):
    assert not known.is_named("Urgent")


def test_a_name_that_is_written_without_spaces_is_known():
    assert Known("田中", "", "").is_sought("田中さん") and not Known("田中", "", "").is_sought("中田")


@pytest.mark.parametrize("text", ["", "invoice", "@", "…"])
def test_nobody_without_a_name_stands_in_everything(text):
    for nobody in (Known("", "", ""), Known("…", "", "")):
        assert not nobody.is_sought(text) and not nobody.is_named(text)


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
    # A first name or a surname alone may be anybody's.
    assert names == ["View 2", "Okafor", "Amina"] and SavedView.objects.get(pk=part.pk).query == ""


def test_that_it_was_done_is_written_down_without_the_words_and_without_how_often(cast):
    view = keep(cast.bob, "Refund Amina Okafor", "q=Amina+Okafor")
    request = forgetting.ask_for(cast.amina, by=cast.dana, at=now())
    work_until_idle("upkeep")
    line = Activity.objects.get(verb="savedview.unnamed")
    assert (line.target_id, line.by, line.account, line.details) == (view.public_id, None, None, {})
    request.refresh_from_db()
    assert "views" not in request.erased


def test_whoever_asked_is_not_told_what_colleagues_look_for(cast, client):
    """The public page is the same, whether anybody looked for them."""
    keep(cast.bob, "Refund Amina Okafor", "q=Amina+Okafor")
    request = forgetting.ask_for(cast.amina, by=cast.dana, at=now())
    work_until_idle("upkeep")
    type(request).objects.filter(pk=request.pk).update(erased={"views": 3})  # as it was counted once
    shown = client.get(request.get_absolute_url()).text
    assert "Nothing was stored under this id" in shown and "deletion-kinds" not in shown


def test_nobody_loses_words_who_does_not_read_the_account_to_which_they_wrote(cast):
    Contact.objects.filter(pk=cast.amina.pk).update(name="Late Orders", username="urgent")
    Grant.objects.create(user=cast.charlie, account=cast.studio, right="reply")
    Grant.objects.filter(user=cast.alice, account=cast.shop).delete()
    kept = [keep(who, "Late orders", f"q={q}") for who in (cast.charlie, cast.alice) for q in ["late+orders"]]
    kept += [keep(cast.bob, "Late orders there", f"account={cast.studio.public_id}&q=late+orders")]
    lost = [keep(cast.bob, "One", "q=late+orders"), keep(cast.dana, "Two", f"account={cast.shop.public_id}&q=urgent"), keep(cast.root, "Three", "q=urgent")]
    forget(cast)
    assert all(SavedView.objects.filter(pk=view.pk, name=view.name, query=view.query).exists() for view in kept)
    assert [SavedView.objects.get(pk=view.pk).query for view in lost] == ["", f"account={cast.shop.public_id}", ""]


def test_its_owner_is_told_for_a_while(cast, sign_in):
    """And nobody else with whom they share it."""
    view = keep(cast.bob, "Refund Amina Okafor", "q=Amina+Okafor")
    keep(cast.bob, "Another", "lane=mine")
    SavedView.objects.update(shared_at=now())
    bob, words = sign_in(cast.bob), "What named somebody who has been erased was taken out of this view."
    assert words not in page(bob, "/views/")
    forget(cast)
    shown = page(bob, "/views/")
    assert shown.count(words) == 1 and shown.index(f"view-{view.public_id}") < shown.index(words)
    assert words not in page(sign_in(cast.alice), "/views/")
    Activity.objects.filter(verb="savedview.unnamed").update(at=now() - timedelta(days=31))
    assert words not in page(bob, "/views/")


def test_asked_again_there_is_nothing_left_to_do(cast):
    keep(cast.bob, "Refund", "q=Amina+Okafor")
    forget(cast)
    forgetting.ask_for(cast.amina, by=cast.dana, at=now())
    work_until_idle("upkeep")
    assert Activity.objects.filter(verb="savedview.unnamed").count() == 1
