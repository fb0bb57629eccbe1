"""The list: who sees which conversations, and what a row says."""

from datetime import timedelta

import pytest

from core.clock import now
from inbox.content import Content
from inbox.models import Contact, Conversation, Dispatch, Message
from inbox.work import work_until_idle
from tests.inbox.browsing import HTMX, page


@pytest.fixture(autouse=True)
def _names(cast):
    """Everybody's profile has been fetched."""
    work_until_idle("fetch")


def test_people_see_the_conversations_of_the_accounts_they_may_read(cast, sign_in):
    shown = page(sign_in(cast.bob), "/conversations/")
    assert "Amina Okafor" in shown and "Noor Haddad" in shown
    assert "Amina Okafor" not in page(sign_in(cast.charlie), "/conversations/")


def test_somebody_without_accounts_reads_what_to_do(cast, sign_in):
    assert "You have not been granted any account" in page(sign_in(cast.charlie), "/conversations/")


def test_an_admin_without_accounts_is_led_to_connecting_one(db, sign_in, cast, settings):
    Conversation.objects.update(last_message=None, newest_inbound=None, window_message=None)
    cast.charlie.is_staff = True
    cast.charlie.save()
    assert "/admin/accounts/account/add/" in page(sign_in(cast.charlie), "/conversations/")


def test_the_newest_conversation_stands_first(cast, sign_in):
    cast.write(cast.amina, "Hello again")
    shown = page(sign_in(cast.bob), "/conversations/")
    assert shown.index("Amina Okafor") < shown.index("Noor Haddad")


def test_unread_marks_are_each_persons_own(cast, sign_in):
    bob, alice = sign_in(cast.bob), sign_in(cast.alice)
    bob.get(cast.conversation(cast.amina).get_absolute_url())
    assert page(bob, "/conversations/").count("unread message</span>") == 1
    assert page(alice, "/conversations/").count("unread message</span>") == 2


def test_a_row_tells_who_spoke_last(cast, sign_in):
    cast.conversation(cast.amina).reply(Content(text="It is back."), by=cast.bob)
    assert 'You:</span> <span class="row-words" dir="auto">It is back.' in page(sign_in(cast.bob), "/conversations/")
    assert 'Bob:</span> <span class="row-words" dir="auto">It is back.' in page(sign_in(cast.alice), "/conversations/")


def test_a_row_counts_the_window_down(cast, sign_in):
    assert "Reply: 23 h 59 m" in page(sign_in(cast.bob), "/conversations/")


def test_a_row_says_that_a_message_failed(cast, sign_in):
    cast.conversation(cast.amina).reply(Content(text="It is back."), by=cast.bob)
    Dispatch.objects.update(state=Dispatch.State.FAILED)
    assert "Not sent</span>" in page(sign_in(cast.bob), "/conversations/")


def test_the_list_can_be_narrowed_to_one_account(cast, sign_in):
    shown = page(sign_in(cast.bob), f"/conversations/?account={cast.studio.public_id}")
    assert "Noor Haddad" in shown and "Amina Okafor" not in shown


def test_older_conversations_follow_without_gaps_and_repetitions(cast, sign_in):
    at = now() - timedelta(days=3)
    for number in range(70):
        contact = Contact.objects.create(account=cast.shop, external_id=f"9{number:06}", name=f"Guest {number:03}", first_seen_at=at)
        Conversation.objects.create(account=cast.shop, contact=contact, last_message_at=at - timedelta(minutes=number // 2))
    bob, seen, address = sign_in(cast.bob), [], "/conversations/"
    for _stretch in range(3):
        response = bob.get(address, headers=HTMX if seen else {})
        seen += [conversation.public_id for conversation in response.context["page"].rows]
        address = f"/conversations/?before={response.context['page'].next}"
    assert len(seen) == len(set(seen)) == 72
    assert response.context["page"].next == ""


def test_a_refresh_brings_as_many_rows_as_were_there(cast, sign_in):
    response = sign_in(cast.bob).get("/conversations/?rows=100000", headers=HTMX)
    assert response.status_code == 200 and 'id="conversations"' in response.text
    assert "<html" not in response.text


def test_the_list_costs_few_queries_whatever_the_data(cast, sign_in, django_assert_max_num_queries):
    for number in range(20):
        cast.write(cast.amina, f"Message {number}")
    assert Message.objects.count() > 20
    bob = sign_in(cast.bob)
    with django_assert_max_num_queries(10):
        bob.get("/conversations/")
