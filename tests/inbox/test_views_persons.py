"""The other conversations of a person, as each of us may see them; whom to link; and undoing it from the toast."""

import json
import re
from contextlib import suppress
from html import unescape

import pytest
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext

from accounts.models import Grant
from core.clock import now
from core.secret import encrypt
from graph.networks import Network
from inbox.closing import close
from inbox.drafting import save_draft
from inbox.linking import link
from inbox.models import Contact, Conversation, Person
from inbox.searching import note_contact
from tests.agents.calling import answer
from tests.conftest import _account, _contact
from tests.inbox.browsing import HTMX, page
from tests.inbox.test_linking import keys, more_contacts, together


@pytest.fixture
def amina(cast) -> Conversation:
    return cast.conversation(cast.amina)


@pytest.fixture
def noor(cast) -> Conversation:
    return cast.conversation(cast.noor)


@pytest.fixture
def others(cast) -> list[Conversation]:
    made = more_contacts(cast)
    for conversation, name in zip(made, ("Salma Idris", "Salma", "Ines Duarte", "Ines"), strict=True):
        named(conversation.contact, name)
    return made


def announced(response) -> dict:
    return json.loads(response.headers["HX-Trigger"])["announce"]


def undo(client, response):
    """As the button in the toast does it."""
    back = announced(response)["back"]
    assert back["method"] == "POST"
    return client.post(back["address"], back["values"], headers=HTMX)


def named(contact: Contact, name: str, username: str = "") -> None:
    """As Meta tells it."""
    Contact.objects.filter(pk=contact.pk).update(name=name, username=username)
    note_contact(contact, name=name, username=username)


@pytest.fixture(autouse=True)
def names(cast):
    named(cast.amina, "Amina Okafor")
    named(cast.noor, "Noor Haddad", "noor.h")


def address(conversation: Conversation, other: Conversation | None = None) -> str:
    return f"{conversation.get_absolute_url()}person/" + (f"{other.public_id}/" if other else "")


def offered(client, conversation, q="") -> str:
    return page(client, f"{address(conversation)}?q={q}", headers=HTMX)


# What is shown -----------------------------------------------------------------------------------------------------------
def test_the_facts_show_where_else_they_write(cast, amina, noor, sign_in):
    link(amina, noor, by=cast.bob)
    for method in ({}, {"headers": HTMX}):
        shown = page(sign_in(cast.bob), amina.get_absolute_url(), **method)
        facts = shown[shown.index('id="facts"') :]
        assert "Also writes as" in facts and "Noor Haddad" in facts and "@noor.h" in facts and "Harbour Studio" in facts
        assert f'href="{noor.get_absolute_url()}"' in facts and "Waits" in facts and 'data-tone="open"' in facts
        assert "Bob linked a contact on Harbour Studio" in facts
    assert "Amina Okafor" in page(sign_in(cast.alice), noor.get_absolute_url())


def test_the_head_says_so_where_another_is_on_the_table(cast, amina, noor, sign_in):
    bob = sign_in(cast.bob)
    assert 'class="also"' not in page(bob, amina.get_absolute_url())
    link(amina, noor, by=cast.bob)
    shown = page(bob, amina.get_absolute_url())
    assert 'class="also"' in shown and "data-waits" in shown and "They wait for an answer at Harbour Studio" in shown
    close(noor, by=cast.bob)
    shown = page(bob, amina.get_absolute_url())
    assert 'class="also"' not in shown and f'href="{noor.get_absolute_url()}"' in shown


def test_the_key_walks_through_all_of_them(cast, amina, noor, others, sign_in):
    for other in (noor, *others[:2]):
        link(amina, other, by=cast.bob)
    bob, seen, here = sign_in(cast.bob), [], amina
    for _step in range(4):
        shown = page(bob, here.get_absolute_url(), headers=HTMX)
        tag = next(tag for tag in shown.split("<a ") if 'data-key="p"' in tag)
        here = Conversation.objects.get(public_id=tag.split('data-to="')[1].split('"')[0])
        seen.append(here.pk)
    assert set(seen) == keys(amina, noor, *others[:2]) and seen[-1] == amina.pk


def test_nobody_hears_of_accounts_that_they_may_not_read(cast, amina, noor, others, sign_in):
    for other in (noor, others[1]):
        link(amina, other, by=cast.bob)
    Grant.objects.filter(user=cast.bob, account=cast.studio).delete()
    bob = sign_in(cast.bob)
    alone = page(bob, others[0].get_absolute_url(), headers=HTMX)
    for method in ({}, {"headers": HTMX}):
        shown = page(bob, amina.get_absolute_url(), **method)
        for word in ("Noor", "Harbour Studio", noor.public_id, others[1].public_id, 'class="also"', 'class="linked-one"', "linked a contact"):
            assert word not in shown, word
    assert alone.count("<dt>") == shown.count("<dt>")
    for client, status in ((bob, 404), (sign_in(cast.alice), 200)):
        assert client.get(noor.get_absolute_url()).status_code == status


def test_of_several_those_are_shown_that_one_may_read(cast, amina, noor, others, sign_in):
    for other in (noor, others[0]):
        link(amina, other, by=cast.bob)
    Grant.objects.filter(user=cast.bob, account=cast.studio).delete()
    shown = page(sign_in(cast.bob), amina.get_absolute_url())
    assert "Salma" in shown and shown.count('class="linked-one"') == 1 and "Noor" not in shown
    # Neither is what was done to the link of a contact that they may read with one that they may not.
    assert "Bob linked a contact on Harbour Coffee" in shown and "Harbour Studio" not in shown


def test_who_only_reads_sees_them_and_changes_nothing(cast, amina, noor, sign_in):
    link(amina, noor, by=cast.bob)
    shown = page(sign_in(cast.dana), amina.get_absolute_url())
    assert "Noor Haddad" in shown and "Unlink" not in shown and "Link another contact" not in shown
    Grant.objects.filter(user=cast.bob, account=cast.studio).update(right="read")
    shown = page(sign_in(cast.bob), amina.get_absolute_url())
    assert "Noor Haddad" in shown and "Unlink" not in shown and "Link another contact" in shown


def test_links_cost_no_query_however_many(cast, amina, noor, others, sign_in):
    bob = sign_in(cast.bob)

    def cost(**how) -> int:
        bob.get(amina.get_absolute_url(), **how)
        with CaptureQueriesContext(connection) as asked:
            assert bob.get(amina.get_absolute_url(), **how).status_code == 200
        return len(asked)

    before = cost(), cost(headers=HTMX)
    for other in (noor, *others):
        link(amina, other, by=cast.bob)
    assert (cost(), cost(headers=HTMX)) == before


# Whom to link ------------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("name", "username", "why"),
    [
        ("amína OKAFOR", "", "Same name"),
        ("Okafor Amina", "", "Same name"),
        ("Mina", "amina.okafor", "The username is like the name"),
        ("A.", "amina_k", "Same username"),
        ("Amina Okafor", "amina.k", "Same name and username"),
    ],
)
def test_who_seems_the_same_is_offered_first_with_the_reason(cast, amina, noor, sign_in, name, username, why):
    named(cast.amina, "Amina Okafor", "amina_k" if "Same username" in why or "and" in why else "")
    named(cast.noor, name, username)
    shown = offered(sign_in(cast.bob), Conversation.objects.get(pk=amina.pk))
    assert noor.public_id in shown and f">{why}<" in shown


def test_nobody_is_offered_who_is_not_alike_or_is_linked_or_erased(cast, amina, noor, others, sign_in):
    bob = sign_in(cast.bob)
    assert "Nobody on another account has the same name" in offered(bob, amina)
    named(cast.noor, "Amina Okafor")
    named(others[0].contact, "Amina Okafor")  # on the same account: a namesake
    shown = offered(bob, amina)
    assert noor.public_id in shown and others[0].public_id not in shown
    assert others[0].public_id in offered(bob, amina, "amina")
    link(amina, noor, by=cast.bob)
    assert noor.public_id not in offered(bob, amina, "amina")
    Contact.objects.filter(pk=others[0].contact_id).update(forgotten_at=now())
    assert others[0].public_id not in offered(bob, amina, "amina")


def test_the_likelier_come_first(cast, amina, noor, others, sign_in):
    named(cast.amina, "Amina Okafor", "amina.k")
    wanted = [(noor, "Amina Okafor", "amina.k"), (others[1], "Somebody", "aminak"), (others[3], "Amina Okafor", "x")]
    for conversation, name, username in reversed(wanted):
        named(conversation.contact, name, username)
    shown = offered(sign_in(cast.bob), amina)
    places = [shown.index(conversation.public_id) for conversation, _name, _username in wanted]
    assert places == sorted(places)


@pytest.mark.parametrize("q", ["noor", "@noor.h", "HADDAD no"])
def test_anybody_is_found_by_name_or_username(cast, amina, noor, sign_in, q):
    shown = offered(sign_in(cast.bob), amina, q)
    assert noor.public_id in shown and "linkable-why" not in shown


def test_where_more_are_found_than_shown_one_is_asked_to_write_more(cast, amina, sign_in):
    for number in range(7):
        named(_contact(cast.simulator, cast.studio, f"Zoe {number}", "Hello"), f"Zoe {number}")
    bob = sign_in(cast.bob)
    assert "There are more" in (shown := offered(bob, amina, "z")) and shown.count('name="other"') == 6
    assert "There are more" not in (shown := offered(bob, amina, "zoe 3")) and shown.count('name="other"') == 1


@pytest.mark.parametrize("right", ["read", ""])
def test_only_those_are_offered_whom_one_may_link(cast, amina, noor, sign_in, right):
    named(cast.noor, "Amina Okafor")
    grant = Grant.objects.filter(user=cast.bob, account=cast.studio)
    grant.update(right=right) if right else grant.delete()
    bob = sign_in(cast.bob)
    assert noor.public_id not in offered(bob, amina) and noor.public_id not in offered(bob, amina, "amina")
    answer = bob.post(address(amina), {"other": noor.public_id}, headers=HTMX)
    assert answer.status_code == (403 if right else 404) and not Person.objects.exists()


def test_it_is_said_before_who_comes_along_and_only_of_those_one_may_read(cast, amina, noor, others, sign_in):
    link(noor, others[0], by=cast.bob)
    bob = sign_in(cast.bob)
    shown = offered(bob, amina, "noor")
    assert "Linked already with" in shown and "Salma" in shown and "All become one person." in shown
    Grant.objects.filter(user=cast.bob, account=cast.shop).delete()
    shown = offered(bob, others[1], "noor")
    assert noor.public_id in shown and "Linked already" not in shown and "Harbour Coffee" not in shown


@pytest.mark.parametrize("q", ["%20", "'", "a" * 500, "%F0%9F%98%80", "&q=x"])
def test_whatever_is_typed_is_answered(cast, amina, noor, sign_in, q):
    assert offered(sign_in(cast.bob), amina, q)
    assert sign_in(cast.bob).post(address(amina), {"other": q}, headers=HTMX).status_code == 404


# Linking and unlinking ---------------------------------------------------------------------------------------------------
def test_linking_answers_with_the_facts_and_a_way_back(cast, amina, noor, sign_in):
    bob = sign_in(cast.bob)
    answer = bob.post(address(amina), {"other": noor.public_id}, headers=HTMX)
    assert 'id="facts"' in answer.text and 'id="also"' in answer.text and "Noor Haddad" in answer.text
    assert announced(answer)["words"] == "Linked with \u2068Noor Haddad\u2069 on \u2068Harbour Studio\u2069."
    assert together(amina) == keys(amina, noor)
    assert undo(bob, answer).status_code == 200 and not Person.objects.exists()


@pytest.mark.parametrize("which", ["mine", "theirs", "both"])
def test_undoing_restores_exactly(cast, amina, noor, others, sign_in, which):
    if which in ("mine", "both"):
        link(amina, others[0], by=cast.bob)
    if which in ("theirs", "both"):
        link(noor, others[1], by=cast.bob)
    before, bob = set(Contact.objects.values_list("pk", "person__public_id")), sign_in(cast.bob)
    answer = bob.post(address(amina), {"other": noor.public_id}, headers=HTMX)
    assert len(together(amina)) == (4 if which == "both" else 3)
    assert undo(bob, answer).status_code == 200
    assert set(Contact.objects.values_list("pk", "person__public_id")) == before


def test_unlinking_is_undone(cast, amina, noor, others, sign_in):
    for other in (noor, others[0]):
        link(amina, other, by=cast.bob)
    bob = sign_in(cast.bob)
    answer = bob.delete(address(amina, noor), headers=HTMX)
    assert announced(answer)["words"] == "\u2068Noor Haddad\u2069 on \u2068Harbour Studio\u2069 is not linked any more."
    assert together(amina) == keys(amina, others[0]) and together(noor) == keys(noor)
    assert undo(bob, answer).status_code == 200 and together(noor) == keys(amina, noor, others[0])


def test_what_a_colleague_undid_before_is_said(cast, amina, noor, sign_in):
    bob = sign_in(cast.bob)
    answer = bob.post(address(amina), {"other": noor.public_id}, headers=HTMX)
    sign_in(cast.alice).delete(address(amina, noor), headers=HTMX)
    again = undo(bob, answer)
    assert again.status_code == 200 and announced(again) == {"words": "They were not linked any more.", "tone": "calm"}


HIDDEN = ("nobody", "with mine", "with theirs", "with both")


@pytest.fixture
def hide(cast, simulator):
    """Links the contacts with some on an account of which bob must not know, as alice does."""
    away = _account(simulator, cast.shop.meta_app, Network.MESSENGER, "109900000000777", "Hidden Roastery", "EAAhidden")
    Grant.objects.create(user=cast.alice, account=away, right="reply")

    def do(hidden: str, mine: Conversation, theirs: Conversation) -> list[Conversation]:
        made = [cast.conversation(_contact(simulator, away, name, "Hello")) for name in ("Secret One", "Secret Two")]
        for other, here, which in ((made[0], mine, "with mine"), (made[1], theirs, "with theirs")):
            if hidden in (which, "with both"):
                link(here, other, by=cast.alice)
        return made

    return do


def told(answer) -> tuple:
    """All that an answer tells, but for what is random: a token is as long, whatever it holds, and the moment of the answer passes."""
    told = announced(answer)
    token = told.get("back", {}).get("values", {}).pop("undo", None)
    text = re.sub(r'<time.*?</time>|value="\w{64}"', "", answer.text)
    return answer.status_code, token and len(token), told, text


@pytest.mark.parametrize("turned", [False, True])
def test_nobody_learns_from_linking_and_undoing_of_links_that_are_hidden_from_them(cast, amina, noor, hide, sign_in, turned):
    one, other = (noor, amina) if turned else (amina, noor)
    bob, worlds = sign_in(cast.bob), []
    for hidden in HIDDEN:
        with suppress(_Over), transaction.atomic():
            hide(hidden, one, other)
            worlds.append(_linked_and_undone(bob, one, other))
            raise _Over
    assert len(worlds) == len(HIDDEN)
    for world in worlds[1:]:
        assert world == worlds[0]
    assert [step[0] for step in worlds[0]] == [200] * 8


class _Over(Exception):
    """The end of a world."""


def _linked_and_undone(bob, one, other) -> list[tuple]:
    """What bob is told who links, undoes, links by the undo of that, and presses an old undo after he has unlinked and linked them anew."""
    asked = {"other": other.public_id}
    first = bob.post(address(one), asked, headers=HTMX)
    undone = undo(bob, first)
    again = undo(bob, undone)
    twice = bob.post(address(one), asked, headers=HTMX)
    off = bob.delete(address(one, other), headers=HTMX)
    late = undo(bob, again)
    anew = bob.post(address(one), asked, headers=HTMX)
    old = undo(bob, again)
    return [told(answer) for answer in (first, undone, again, twice, off, late, anew, old)]


def test_who_came_along_unseen_leaves_with_whom_they_came(cast, amina, noor, hide, sign_in):
    one, two = hide("with both", amina, noor)
    bob = sign_in(cast.bob)
    answer = bob.post(address(amina), {"other": noor.public_id}, headers=HTMX)
    assert together(amina) == keys(amina, noor, one, two)
    undo(bob, answer)
    assert together(amina) == keys(amina, one) and together(noor) == keys(noor, two)


def test_an_undo_is_good_for_its_own_conversation_only_and_none_is_made_up(cast, amina, noor, others, sign_in):
    bob = sign_in(cast.bob)
    token = announced(bob.post(address(amina), {"other": noor.public_id}, headers=HTMX))["back"]["values"]["undo"]
    for where, typed in ((others[0], token), (amina, ""), (amina, "x" * 200), (amina, encrypt("x" * 64)), (amina, encrypt("short")), (amina, "é")):
        assert bob.post(address(where), {"undo": typed}, headers=HTMX).status_code == 404
    Grant.objects.filter(user=cast.bob, account=cast.studio).update(right="read")
    assert bob.post(address(amina), {"undo": token}, headers=HTMX).status_code == 403
    Grant.objects.filter(user=cast.bob, account=cast.studio).delete()
    assert bob.post(address(amina), {"undo": token}, headers=HTMX).status_code == 404
    assert together(amina) == keys(amina, noor)


# News of the others ------------------------------------------------------------------------------------------------------
def look(client, conversation, shown: str):
    """As the thread asks whether there is anything newer, from where it stands on this page."""
    return client.get(unescape(re.search(r'id="thread"[^>]* hx-get="([^"]+)"', shown)[1]), headers=HTMX)


def test_the_page_hears_of_what_became_of_the_other_conversations(cast, amina, noor, sign_in, django_assert_num_queries):
    link(amina, noor, by=cast.bob)
    bob = sign_in(cast.bob)
    shown = page(bob, amina.get_absolute_url(), headers=HTMX)
    assert f'data-linked="{noor.public_id} "' in shown and "They wait for an answer at Harbour Studio" in shown
    assert look(bob, amina, shown).status_code == 204
    close(noor, by=cast.alice)
    answer = look(bob, amina, shown)
    assert answer.status_code == 200 and "They wait for an answer" not in answer.text and ">Closed<" in answer.text
    with django_assert_num_queries(3):  # session, person, conversation
        assert look(bob, amina, answer.text).status_code == 204


def test_what_is_hidden_is_no_news(cast, amina, noor, hide, sign_in):
    hidden, _none = hide("with mine", amina, noor)
    bob = sign_in(cast.bob)
    shown = page(bob, amina.get_absolute_url(), headers=HTMX)
    assert "data-linked" not in shown and "also=" not in shown
    close(hidden, by=cast.alice)
    assert look(bob, amina, shown).status_code == 204


# Drafts ------------------------------------------------------------------------------------------------------------------
def test_what_one_has_typed_stands_beside_whom_to_link(cast, amina, noor, sign_in):
    save_draft(amina, by=cast.bob, typed={"kind": "text", "text": "Half a sentence"}, chosen=[])
    bob = sign_in(cast.bob)
    assert "Half a sentence" in page(bob, f"{address(amina)}?q=noor")
    Grant.objects.filter(user=cast.bob, account=cast.studio).update(right="read")
    refused = bob.post(address(amina), {"other": noor.public_id})
    assert refused.status_code == 403 and "Half a sentence" in refused.text


def test_without_scripts_it_is_done_by_forms(cast, amina, noor, sign_in):
    bob = sign_in(cast.bob)
    found = page(bob, f"{address(amina)}?q=noor")
    assert '<details class="linking" id="linking" open>' in found and f'value="{noor.public_id}"' in found and "<main" in found
    answer = bob.post(address(amina), {"other": noor.public_id}, follow=True)
    assert answer.redirect_chain == [(amina.get_absolute_url(), 302)] and "Linked with \u2068Noor Haddad" in answer.text
    answer = bob.post(address(amina, noor), {"method": "delete"}, follow=True)
    assert "is not linked any more" in answer.text and not Person.objects.exists()
    assert bob.post(address(amina, noor)).status_code == 405
    Contact.objects.filter(pk=cast.noor.pk).update(forgotten_at=now())
    refused = bob.post(address(amina), {"other": noor.public_id})
    assert refused.status_code == 409 and "This contact was erased" in refused.text


def test_an_agent_is_told_nothing_of_it(cast, amina, noor):
    def told() -> str:
        """All that it is told, but for the seconds that pass."""
        told = answer(cast.key, "get_conversation", conversation_id=amina.public_id), answer(cast.key, "list_conversations")
        return re.sub(r"'[a-z_]*left': \d+", "", str(told))

    before = told()
    link(amina, noor, by=cast.bob)
    assert told() == before and noor.public_id in before


def test_nothing_that_comes_in_links_anybody(cast, sign_in):
    for account in (cast.shop, cast.studio):
        _contact(cast.simulator, account, "Zoe Lind", "It is me again")
    assert not Contact.objects.exclude(person=None).exists()
