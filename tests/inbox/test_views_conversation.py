"""One conversation as people see it, and answering in it."""

import re
from datetime import timedelta

import pytest

from accounts.connection import disconnect
from accounts.models import Account, Grant, Right, Stop
from core.clock import now
from inbox.content import Content
from inbox.models import Conversation, Dispatch, Message, ReadMark
from inbox.views.access import conversations_of
from inbox.views.conversation import mark_seen
from inbox.views.thread import Thread
from inbox.work import work_until_idle
from tests.inbox.browsing import HTMX, page


@pytest.fixture
def amina(cast) -> Conversation:
    return cast.conversation(cast.amina)


def send(client, conversation, **form):
    form = {"kind": "text", "key": "k1"} | form
    return client.post(f"{conversation.get_absolute_url()}messages/", form, headers=HTMX)


# Reading -------------------------------------------------------------------------------------------------------------
def test_the_page_shows_what_was_said_and_a_place_to_answer(cast, amina, sign_in):
    shown = page(sign_in(cast.bob), amina.get_absolute_url())
    assert "Is the Yirgacheffe back in stock?" in shown and 'id="composer-text"' in shown


@pytest.mark.parametrize("address", ["", "messages/"])
def test_who_may_not_read_the_account_finds_nothing(cast, amina, sign_in, address):
    charlie = sign_in(cast.charlie)
    assert charlie.get(f"{amina.get_absolute_url()}{address}").status_code == 404
    assert send(charlie, amina, text="Let me in").status_code == 404


def test_a_reader_sees_a_sentence_instead_of_a_composer(cast, amina, sign_in):
    shown = page(sign_in(cast.dana), amina.get_absolute_url())
    assert "composer-text" not in shown and "but not write in it" in shown


def test_opening_it_marks_it_read_for_this_person_only(cast, amina, sign_in):
    sign_in(cast.bob).get(amina.get_absolute_url())
    assert [mark.user for mark in ReadMark.objects.all()] == [cast.bob]


def test_a_fragment_that_is_the_newest_already_is_an_empty_answer(cast, amina, sign_in):
    bob, address = sign_in(cast.bob), f"{amina.get_absolute_url()}messages/?screen={amina.screen}&window=open"
    assert bob.get(address, headers=HTMX).status_code == 204
    cast.write(cast.amina, "And grinders?")
    assert "And grinders?" in page(bob, address, headers=HTMX)


def unread(cast, amina):
    return Conversation.objects.with_unread(cast.bob).get(pk=amina.pk).unread


def test_only_what_an_answer_shows_is_marked_read(cast, amina, sign_in):
    bob = sign_in(cast.bob)
    address = f"{amina.get_absolute_url()}messages/"
    assert bob.get(f"{address}?screen={amina.screen}&window=open", headers=HTMX).status_code == 204 and unread(cast, amina) == 1
    bob.get(address, headers=HTMX)
    assert unread(cast, amina) == 0


def test_what_comes_in_while_the_page_is_made_stays_unread(cast, amina, sign_in):
    thread = Thread(conversations_of(cast.bob).get(pk=amina.pk))
    assert len(thread.lines) == 1
    cast.write(cast.amina, "And grinders?")
    mark_seen(thread, by=cast.bob)
    assert unread(cast, amina) == 1


def test_what_stands_beside_ones_reply_is_read(cast, amina, sign_in):
    bob = sign_in(cast.bob)
    send(bob, amina, text="It is back.")
    assert unread(cast, amina) == 0


def test_earlier_messages_do_not_make_later_ones_unread(cast, amina, sign_in):
    earlier, bob = Message.objects.get(conversation=amina), sign_in(cast.bob)
    cast.write(cast.amina, "And grinders?")
    bob.get(amina.get_absolute_url())
    cast.write(cast.amina, "And filters?")
    newest = Message.objects.get(text="And filters?")
    Message.objects.filter(pk=earlier.pk).update(at=earlier.at - timedelta(days=1))
    bob.get(f"{amina.get_absolute_url()}messages/?before={Message.objects.get(text='And grinders?').public_id}", headers=HTMX)
    assert unread(cast, amina) == 1 and ReadMark.objects.get().read_until < newest.received_at


def test_an_edited_message_shows_its_newest_words_and_the_first_on_demand(cast, amina, sign_in):
    Message.objects.filter(conversation=amina).update(about={"edit": {"number": 1, "text": "See https://example.org/beans"}})
    shown = page(sign_in(cast.bob), amina.get_absolute_url(), headers=HTMX)
    assert 'href="https://example.org/beans"' in shown and "<summary>Edited</summary>" in shown and "Is the Yirgacheffe back in stock?" in shown
    assert "See https://example.org/beans" in page(sign_in(cast.bob), "/conversations/", headers=HTMX)


def test_as_a_fragment_it_comes_alone(cast, amina, sign_in):
    shown = page(sign_in(cast.bob), amina.get_absolute_url(), headers=HTMX)
    assert "<html" not in shown and 'id="conversation"' in shown and 'id="conversations"' not in shown


def test_earlier_messages_come_on_demand_and_stay_on_refresh(cast, amina, sign_in):
    for number in range(60):
        Message.objects.create(
            account=cast.shop, conversation=amina, direction="in", source="contact", mid=f"m{number}", text=f"Line {number:02}.",
            at=now() - timedelta(hours=3, minutes=-number), received_at=now(),
        )  # fmt: skip
    bob, shown = sign_in(cast.bob), page(sign_in(cast.bob), amina.get_absolute_url())
    assert "Earlier messages" in shown and "Line 59." in shown and "Line 05." not in shown
    first = Message.objects.get(text="Line 11.").public_id
    assert "Line 05." in page(bob, f"{amina.get_absolute_url()}messages/?before={first}", headers=HTMX)
    refreshed = page(bob, f"{amina.get_absolute_url()}messages/?since={first}", headers=HTMX)
    assert "Line 11." in refreshed and "Line 59." in refreshed and "Line 10." not in refreshed


def test_an_unsent_message_leaves_a_tombstone(cast, amina, sign_in):
    Message.objects.update(removed_at=now(), text="")
    assert "This message was unsent" in page(sign_in(cast.bob), amina.get_absolute_url())


def test_what_a_contact_writes_is_never_markup(cast, amina, sign_in):
    cast.write(cast.amina, "<script>alert(1)</script> https://example.org/<b>")
    shown = page(sign_in(cast.bob), amina.get_absolute_url())
    assert "<script>alert" not in shown and "&lt;script&gt;alert" in shown


def test_a_link_that_runs_a_program_is_not_made_clickable(cast, amina, sign_in):
    cast.write(cast.amina, "javascript:alert(1)")
    assert 'href="javascript' not in page(sign_in(cast.bob), amina.get_absolute_url())


def test_a_broken_account_is_told_on_every_page(cast, amina, sign_in):
    cast.shop.break_down(Account.State.NEEDS_RECONNECT, reason="token_dead", at=now())
    assert "needs to be reconnected" in page(sign_in(cast.bob), "/conversations/")
    assert "needs to be reconnected" not in page(sign_in(cast.charlie), "/conversations/")


def test_one_conversation_costs_few_queries(cast, amina, sign_in, django_assert_max_num_queries):
    for number in range(20):
        cast.write(cast.amina, f"Message {number}")
    bob = sign_in(cast.bob)
    bob.get(amina.get_absolute_url())
    with django_assert_max_num_queries(14):
        bob.get(amina.get_absolute_url())
    with django_assert_max_num_queries(10):
        bob.get(amina.get_absolute_url(), headers=HTMX)


# Answering -----------------------------------------------------------------------------------------------------------
def test_a_reply_reaches_meta_and_the_composer_comes_back_empty(cast, amina, sign_in):
    response = send(sign_in(cast.bob), amina, text="It is back.\r\nThree bags left.")
    assert response.status_code == 200 and "It is back." in response.text and 'hx-swap-oob="true"' in response.text
    cast.settle()
    assert [message["text"] for message in cast.received(cast.amina)] == ["It is back.\nThree bags left."]


def test_the_same_form_sent_twice_sends_one_message(cast, amina, sign_in):
    bob = sign_in(cast.bob)
    assert send(bob, amina, text="Once").status_code == send(bob, amina, text="Once").status_code == 200
    assert Dispatch.objects.count() == 1


def test_the_same_key_with_other_words_is_a_conflict(cast, amina, sign_in):
    bob = sign_in(cast.bob)
    send(bob, amina, text="Once")
    response = send(bob, amina, text="Twice")
    assert response.status_code == 409 and "Twice</textarea>" in response.text


def test_a_reader_cannot_send(cast, amina, sign_in):
    assert send(sign_in(cast.dana), amina, text="Hello").status_code == 403
    assert not Dispatch.objects.exists()


def test_what_is_too_long_comes_back_with_the_limit_and_every_word(cast, amina, sign_in):
    response = send(sign_in(cast.bob), amina, text="x" * 2001)
    assert response.status_code == 422 and "this is 2001" in response.text and "x" * 2001 in response.text


def test_instagram_counts_bytes(cast, sign_in):
    noor = cast.conversation(cast.noor)
    assert 'data-unit="bytes"' in page(sign_in(cast.bob), noor.get_absolute_url())
    assert send(sign_in(cast.bob), noor, text="🙂" * 251).status_code == 422
    assert send(sign_in(cast.bob), noor, text="🙂" * 250).status_code == 200


def test_a_link_card_goes_out_with_its_address_completed(cast, amina, sign_in):
    assert send(sign_in(cast.bob), amina, kind="link", url="harbour.example/beans", title="Beans", subtitle="Fresh").status_code == 200
    assert Message.objects.get(direction="out").link["url"] == "https://harbour.example/beans"


def test_a_link_card_without_a_title_keeps_what_was_typed(cast, amina, sign_in):
    response = send(sign_in(cast.bob), amina, kind="link", url="https://harbour.example/beans", title="")
    assert response.status_code == 422 and "needs a title" in response.text and 'value="https://harbour.example/beans"' in response.text


def test_a_file_has_to_be_chosen_first(cast, amina, sign_in):
    response = send(sign_in(cast.bob), amina, kind="file")
    assert response.status_code == 422 and "Choose a file first." in response.text


def test_without_scripts_a_reply_leads_back_to_the_conversation(cast, amina, sign_in):
    response = sign_in(cast.bob).post(f"{amina.get_absolute_url()}messages/", {"kind": "text", "text": "Plain", "key": "k"})
    assert response.status_code == 302 and response.url == amina.get_absolute_url()


# The window ----------------------------------------------------------------------------------------------------------
def test_a_closed_window_is_explained_and_refused(cast, amina, sign_in):
    Conversation.objects.update(window_closes_at=now() - timedelta(hours=1), human_until=None)
    bob = sign_in(cast.bob)
    shown = page(bob, amina.get_absolute_url())
    assert "messaging window is closed" in shown and "Window closed" in shown and 'data-window="closed"' in shown
    response = send(bob, amina, text="Too late")
    assert response.status_code == 422 and "Too late</textarea>" in response.text


def test_after_a_day_only_a_persons_own_words_go_out(cast, amina, sign_in):
    Account.objects.update(human_agent_feature=True)
    Conversation.objects.update(window_closes_at=now() - timedelta(hours=1), human_until=now() + timedelta(days=5, hours=1))
    shown = page(sign_in(cast.bob), amina.get_absolute_url())
    assert "Human reply only: 5 d" in shown and "own words can go out now" in shown
    assert send(sign_in(cast.bob), amina, text="Still here").status_code == 200


def test_an_unknown_window_may_be_tried(cast, amina, sign_in):
    Conversation.objects.update(window_closes_at=None, human_until=None)
    assert "Window unknown" in page(sign_in(cast.bob), amina.get_absolute_url())


# What became of it ---------------------------------------------------------------------------------------------------
def standing(cast, amina, client, state, **fields):
    amina.reply(Content(text="It is back."), by=cast.bob)
    Dispatch.objects.update(state=state, **fields)
    return page(client, amina.get_absolute_url())


def test_a_held_reply_can_be_taken_back(cast, amina, sign_in):
    bob = sign_in(cast.bob)
    shown = standing(cast, amina, bob, "queued", not_before=now() + timedelta(seconds=30))
    assert re.search(r"Leaves in [23]\d s", shown) and "Undo" in shown and "Send now" in shown
    dispatch = Dispatch.objects.get()
    assert bob.delete(f"/dispatches/{dispatch.public_id}/hold/", headers=HTMX).status_code == 200
    assert "Taken back before it left." in page(bob, amina.get_absolute_url())
    assert bob.delete(f"/dispatches/{dispatch.public_id}/hold/", headers=HTMX).status_code == 409


def test_a_held_reply_can_leave_at_once(cast, amina, sign_in):
    bob = sign_in(cast.bob)
    standing(cast, amina, bob, "queued", not_before=now() + timedelta(seconds=30))
    bob.post(f"/dispatches/{Dispatch.objects.get().public_id}/hold/", {"method": "post"}, headers=HTMX)
    cast.settle()
    assert len(cast.received(cast.amina)) == 1


def test_a_failed_message_says_why_and_can_be_tried_again(cast, amina, sign_in):
    bob = sign_in(cast.bob)
    shown = standing(cast, amina, bob, "failed", reason="media_rejected")
    assert "Meta would not take the file." in shown and "Retry" in shown
    assert bob.post(f"/dispatches/{Dispatch.objects.get().public_id}/retry/", headers=HTMX).status_code == 200
    assert Dispatch.objects.get().state == "queued"


@pytest.mark.parametrize(("outcome", "becomes"), [("arrived", "sent"), ("again", "queued")])
def test_a_person_settles_what_meta_did_not_say(cast, amina, sign_in, outcome, becomes):
    bob = sign_in(cast.bob)
    since = now() - timedelta(minutes=3)
    shown = standing(cast, amina, bob, "unknown", reason="no_answer", unknown_since=since, handed_over_at=since, thread_read_at=now(), thread_matches=1)
    assert "Meta did not say whether this arrived." in shown and "look like this one: 1" in shown
    response = bob.post(f"/dispatches/{Dispatch.objects.get().public_id}/settlement/", {"outcome": outcome}, headers=HTMX)
    assert response.status_code == 200 and Dispatch.objects.get().state == becomes


def test_a_settlement_needs_an_answer(cast, amina, sign_in):
    bob = sign_in(cast.bob)
    standing(cast, amina, bob, "unknown", unknown_since=now())
    assert bob.post(f"/dispatches/{Dispatch.objects.get().public_id}/settlement/", {"outcome": "maybe"}, headers=HTMX).status_code == 400


def test_what_waits_for_a_broken_account_says_so(cast, amina, sign_in):
    amina.reply(Content(text="It is back."), by=cast.bob)
    cast.shop.break_down(Account.State.NEEDS_RECONNECT, reason="token_dead", at=now())
    assert "as soon as an admin has reconnected Harbour Coffee" in page(sign_in(cast.bob), amina.get_absolute_url())


def waits(cast, amina, sign_in):
    """What the page says of messages that are due."""
    shown = page(sign_in(cast.bob), amina.get_absolute_url(), headers=HTMX)
    assert ">Waiting<" in shown
    return shown


def test_what_waits_for_a_disconnected_account_says_so(cast, amina, sign_in):
    amina.reply(Content(text="It is back."), by=cast.bob)
    disconnect(cast.shop, by=cast.root, at=now(), reason="Closed")
    shown = waits(cast, amina, sign_in)
    assert "Harbour Coffee is disconnected." in shown and "Leaving now" not in shown


def test_what_waits_for_a_token_says_so(cast, amina, sign_in):
    amina.reply(Content(text="It is back."), by=cast.bob)
    Account.objects.update(token="")
    assert "has no access token" in waits(cast, amina, sign_in)


def test_what_waits_behind_an_unknown_says_so_for_as_long_as_it_does(cast, amina, sign_in, clock):
    cast.simulator.fault("drop_after", account=cast.shop.external_id)
    amina.reply(Content(text="First."), by=cast.bob)
    work_until_idle("dispatch")
    amina.reply(Content(text="Second."), by=cast.bob)
    work_until_idle("dispatch")
    assert "whether the message before it arrived" in waits(cast, amina, sign_in)
    clock.shift(timedelta(minutes=1, seconds=1))
    assert "Leaving now" in page(sign_in(cast.bob), amina.get_absolute_url())


@pytest.mark.parametrize(("earlier", "held"), [({"state": "sending"}, 0), ({"attempts_made": 1, "reason": "unavailable"}, 0), ({"attempts_made": 1}, 30)])
def test_what_waits_behind_another_message_says_so(cast, amina, sign_in, earlier, held):
    first = amina.reply(Content(text="First."), by=cast.bob).dispatch
    Dispatch.objects.filter(pk=first.pk).update(**earlier | {"not_before": now() + timedelta(minutes=4), "lease_until": now() + timedelta(minutes=1)})
    amina.reply(Content(text="Second."), by=cast.bob, hold=timedelta(seconds=held))
    assert "It leaves after the message before it." in waits(cast, amina, sign_in)


def test_two_held_replies_count_down_side_by_side(cast, amina, sign_in):
    for text in ("First.", "Second."):
        amina.reply(Content(text=text), by=cast.bob, hold=timedelta(seconds=30))
    assert page(sign_in(cast.bob), amina.get_absolute_url(), headers=HTMX).count("Leaves in") == 2


def test_a_stopped_agents_message_holds_nobody_up(cast, amina, sign_in):
    amina.reply(Content(text="By the agent."), by=cast.alice, written_by=cast.assistant.user)
    amina.reply(Content(text="By Bob."), by=cast.bob)
    Stop.place(by=cast.alice, reason="Too fast", at=now())
    assert "Leaving now" in page(sign_in(cast.bob), amina.get_absolute_url(), headers=HTMX)


def test_what_meta_wants_later_cannot_be_hastened(cast, amina, sign_in):
    shown = standing(cast, amina, sign_in(cast.bob), "queued", reason="throttled", attempts_made=1, not_before=now() + timedelta(minutes=2))
    assert "Meta wants fewer messages" in shown and "Undo" in shown and "Send now" not in shown


def test_many_waiting_messages_cost_no_more_queries_than_one(cast, amina, sign_in, django_assert_max_num_queries):
    for number in range(10):
        amina.reply(Content(text=f"Message {number}."), by=cast.bob)
    bob = sign_in(cast.bob)
    bob.get(amina.get_absolute_url(), headers=HTMX)
    with django_assert_max_num_queries(10):
        assert "It leaves after the message before it." in page(bob, amina.get_absolute_url(), headers=HTMX)


def test_what_waits_for_a_stop_says_so(cast, amina, sign_in):
    amina.reply(Content(text="By the agent."), by=cast.alice, written_by=cast.assistant.user)
    Stop.place(by=cast.alice, reason="Too fast", at=now())
    shown = page(sign_in(cast.alice), amina.get_absolute_url())
    assert "Agents are stopped here." in shown and "approved by Alice" in shown


def test_delivered_and_read_are_told(cast, amina, sign_in):
    bob = sign_in(cast.bob)
    assert "· <span class=\"standing-words\">Sent" in standing(cast, amina, bob, "sent", sent_at=now())
    Conversation.objects.update(delivered_until=now())
    assert "Delivered</span>" in page(bob, amina.get_absolute_url())
    Conversation.objects.update(read_until=now())
    assert "Read</span>" in page(bob, amina.get_absolute_url())


def test_readers_and_strangers_cannot_touch_a_dispatch(cast, amina, sign_in):
    standing(cast, amina, sign_in(cast.bob), "queued", not_before=now() + timedelta(seconds=30))
    address = f"/dispatches/{Dispatch.objects.get().public_id}/hold/"
    assert sign_in(cast.charlie).delete(address, headers=HTMX).status_code == 404
    assert sign_in(cast.dana).delete(address, headers=HTMX).status_code == 403
    assert Dispatch.objects.get().state == "queued"
    Grant.objects.create(user=cast.dana, account=cast.shop, right=Right.REPLY)
    assert sign_in(cast.dana).delete(address, headers=HTMX).status_code == 200


def test_an_operator_cannot_settle_an_agents_words(cast, amina, sign_in):
    amina.reply(Content(text="By the agent."), by=cast.alice, written_by=cast.assistant.user)
    Dispatch.objects.update(state="failed")
    address = f"/dispatches/{Dispatch.objects.get().public_id}/retry/"
    assert address not in page(sign_in(cast.bob), amina.get_absolute_url())
    assert sign_in(cast.bob).post(address, headers=HTMX).status_code == 403
