"""The list: who sees which conversations, and what a row says."""

import re
from datetime import timedelta

import pytest

from accounts.models import Account, Stop
from agents.proposing import propose
from core.clock import now
from inbox.closing import snooze
from inbox.content import Content
from inbox.models import Contact, Conversation, Dispatch, Draft, Label, Message
from inbox.teamwork import assign
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


def test_a_refresh_says_nothing_of_the_address_and_a_choice_does(cast, sign_in):
    bob, opened = sign_in(cast.bob), cast.conversation(cast.amina)
    here = HTMX | {"HX-Current-URL": f"http://testserver{opened.get_absolute_url()}?lane=mine"}
    assert "HX-Push-Url" not in bob.get("/conversations/?lane=mine", headers=here).headers
    assert bob.get("/conversations/?lane=unread", headers=here).headers["HX-Push-Url"] == f"{opened.get_absolute_url()}?lane=unread"
    assert "HX-Push-Url" not in bob.get("/conversations/?lane=unread&rows=30", headers=here).headers


def test_the_list_beside_a_conversation_keeps_its_lane_and_filters(cast, sign_in):
    bob, asked = sign_in(cast.bob), f"lane=unassigned&account={cast.shop.public_id}"
    opened = cast.conversation(cast.amina).get_absolute_url()
    here = f'href="{opened}?{asked}"'.replace("&", "&amp;")
    assert here in page(bob, f"/conversations/?{asked}")
    beside = page(bob, f"{opened}?{asked}")
    # The list comes by itself, as the address says.
    assert f'hx-get="/conversations/?{asked}"'.replace("&", "&amp;") in beside and "Noor Haddad" not in beside
    assert beside.count('id="conversations"') == 1 and 'hx-trigger="load, refresh"' in beside
    assert f'class="back" href="/conversations/?{asked}"'.replace("&", "&amp;") in beside
    fragment = bob.get(opened, headers=HTMX | {"HX-Current-URL": f"http://testserver/conversations/?{asked}"}).text
    assert f'class="back" href="/conversations/?{asked}"'.replace("&", "&amp;") in fragment


@pytest.mark.parametrize(("query", "shown", "chip"), [
    ("account={shop}", "Amina Okafor", "Harbour Coffee"), ("network=instagram", "Noor Haddad", "Instagram"), ("label={label}", "Amina Okafor", "VIP"),
    ("assignee=me", "Amina Okafor", "Mine"), ("assignee=nobody", "Noor Haddad", "Unassigned"), ("assignee={bob}", "Amina Okafor", "Bob"),
])  # fmt: skip
def test_what_is_filtered_is_shown_and_can_be_removed(cast, sign_in, query, shown, chip):
    label, amina = Label.objects.create(name="VIP"), cast.conversation(cast.amina)
    amina.labels.add(label)
    assign(amina, cast.bob, by=cast.bob)
    query = query.format(shop=cast.shop.public_id, label=label.public_id, bob=cast.bob.public_id)
    text = page(sign_in(cast.bob), f"/conversations/?{query}")
    assert [name for name in ("Amina Okafor", "Noor Haddad") if name in text] == [shown]
    assert re.search(rf'href="/conversations/" hx-get="/conversations/"[^>]*><span class="chip-words" dir="auto">{chip}', text)


def test_filters_that_nothing_passes_can_be_cleared(cast, sign_in):
    label = Label.objects.create(name="VIP")
    text = page(sign_in(cast.bob), f"/conversations/?lane=unread&label={label.public_id}")
    assert "Nothing here passes these filters." in text and 'href="/conversations/?lane=unread" hx-get' in text
    assert ">VIP<" in text


def test_what_to_filter_by_is_fetched_when_somebody_wants_to(cast, sign_in):
    Label.objects.create(name="VIP")
    bob = sign_in(cast.bob)
    form = page(bob, "/conversations/filters/", headers=HTMX | {"HX-Current-URL": "http://testserver/conversations/?lane=mine"})
    assert 'name="lane" value="mine"' in form and "VIP" in form and "Alice" in form and "Charlie" not in form and "Harbour Studio" in form
    assert "VIP" not in page(bob, "/conversations/")
    assert "<html" in page(bob, "/conversations/filters/")


@pytest.mark.parametrize("here", ["http://[", "http://testserver/conversations/?label=%00&account=%00&q=%00"])
def test_an_address_that_nobody_can_read_asks_for_nothing(cast, sign_in, here):
    bob = sign_in(cast.bob)
    for address in ("/conversations/", "/conversations/?lane=unread", "/conversations/filters/", cast.conversation(cast.amina).get_absolute_url()):
        assert bob.get(address, headers=HTMX | {"HX-Current-URL": here}).status_code == 200


def test_who_reads_no_account_reads_no_names(cast, sign_in):
    label = Label.objects.create(name="Very important")
    charlie = sign_in(cast.charlie)
    form = page(charlie, "/conversations/filters/", headers=HTMX)
    listed = page(charlie, f"/conversations/?label={label.public_id}&assignee={cast.root.public_id}&account={cast.shop.public_id}")
    for name in ("Very important", "Root", "Alice", "Harbour"):
        assert name not in form and name not in listed
    assert listed.count("Unknown") >= 3


def test_the_name_of_an_assignee_is_read_by_colleagues_and_by_who_sees_what_they_have(cast, sign_in):
    bob, address = sign_in(cast.bob), f"/conversations/?lane=closed&assignee={cast.charlie.public_id}"
    assert ">Unknown" in page(bob, address) and "Charlie" not in page(bob, address)
    Conversation.objects.filter(contact=cast.amina).update(assignee=cast.charlie)
    assert ">Charlie" in page(bob, address)
    assert ">Alice" in page(bob, f"/conversations/?lane=closed&assignee={cast.alice.public_id}")


def test_a_row_tells_who_works_on_it_what_it_is_about_and_what_is_unsent(cast, sign_in):
    amina = cast.conversation(cast.amina)
    amina.labels.add(*[Label.objects.create(name=name) for name in ("Alpha", "Beta", "Gamma", "Delta")])
    assign(amina, cast.alice, by=cast.bob)
    Draft.objects.create(conversation=amina, user=cast.bob, typed={"text": "It is"}, saved_at=now())
    shown = page(sign_in(cast.bob), "/conversations/")
    assert "Assigned to Alice" in shown and ">Draft<" in shown and ">+2<" in shown and 'title="Delta, Gamma"' in shown
    assert ">Draft<" not in page(sign_in(cast.alice), "/conversations/")


def test_the_list_looks_again_when_what_was_put_off_comes_back(cast, sign_in):
    until = now() + timedelta(hours=1)
    snooze(cast.conversation(cast.amina), until=until, by=cast.bob)
    assert f'data-asks="{int(until.timestamp() * 1000) + 1}"' in page(sign_in(cast.bob), "/conversations/")
    assert "data-asks" not in page(sign_in(cast.charlie), "/conversations/")


@pytest.mark.parametrize("query", ["", "lane=snoozed", "assignee={bob}&label={label}", "label=none"])
@pytest.mark.parametrize("who", ["bob", "dana", "root"])
def test_the_list_costs_few_queries_whatever_the_data(cast, sign_in, django_assert_max_num_queries, query, who):
    for number in range(5):
        cast.write(cast.amina, f"Message {number}")
    label = Label.objects.create(name="VIP")
    at = now() - timedelta(days=3)
    for number in range(40):
        contact = Contact.objects.create(account=cast.shop, external_id=f"9{number:06}", name=f"Guest {number:03}", first_seen_at=at)
        guest = Conversation.objects.create(
            account=cast.shop, contact=contact, last_message_at=at, assignee=cast.bob, snoozed_until=now() + timedelta(hours=1) if number % 2 else None
        )
        guest.labels.add(label)
        Message.objects.create(account=cast.shop, conversation=guest, direction="in", source="contact", mid=f"m{number}", at=at, received_at=at)
        Conversation.objects.filter(pk=guest.pk).update(last_message=guest.messages.get())
        Draft.objects.create(conversation=guest, user=cast.bob, saved_at=at)
    propose(cast.assistant, cast.conversation(cast.amina), Content(text="It is back."))
    browser, address = sign_in(getattr(cast, who)), f"/conversations/?{query.format(bob=cast.bob.public_id, label=label.public_id)}"
    with django_assert_max_num_queries(8):
        page(browser, address)
    # A stop, and who can mend accounts that are broken, cost one each, however many they are.
    Stop.place(by=cast.root, reason="Wrong prices", at=now(), account=cast.shop)
    Account.objects.update(state=Account.State.NEEDS_RECONNECT, state_reason="token")
    Account.objects.filter(pk=cast.studio.pk).update(state=Account.State.CONNECTED, held_at=now(), held_by=cast.dana, held_reason="Stocktaking")
    with django_assert_max_num_queries(8):
        shown = page(browser, address)
    assert "Stocktaking" in shown and "Wrong prices" in shown
