"""Answering with more than a line of text: files, albums, links, and a message in particular."""

import json
import re

import pytest
from django.urls import reverse

from accounts.models import Account
from core.clock import now
from core.fields import new_public_id
from inbox.models import Conversation, Dispatch, MediaFile, Message
from inbox.outbox import cancel, send_now
from inbox.work import work_until_idle
from tests.inbox.browsing import HTMX, page
from tests.inbox.uploads import choose, pdf, picture


@pytest.fixture
def amina(cast) -> Conversation:
    return cast.conversation(cast.amina)


@pytest.fixture
def noor(cast) -> Conversation:
    return cast.conversation(cast.noor)


@pytest.fixture
def bob(cast, sign_in):
    return sign_in(cast.bob)


def send(client, conversation, **form):
    form = {"kind": "file", "key": "k1"} | form
    return client.post(f"{conversation.get_absolute_url()}messages/", form, headers=HTMX)


def chosen(client, conversation, *files) -> list[str]:
    """Their public ids, in this order."""
    for file in files:
        assert choose(client, conversation, file=file).status_code == 200
    return list(MediaFile.objects.order_by("pk").values_list("public_id", flat=True))[-len(files) :]


def said(conversation) -> list[list[str]]:
    """The kinds of what each message holds."""
    return [[each.kind for each in message.attachments.all()] for message in conversation.messages.filter(direction="out")]


# Files ---------------------------------------------------------------------------------------------------------------
def test_messenger_gets_each_file_as_a_message_of_its_own_and_in_order(cast, amina, bob):
    files = chosen(bob, amina, picture("PNG"), pdf(), picture("JPEG"))
    assert send(bob, amina, media=[files[1], files[0], files[2]]).status_code == 200
    assert said(amina) == [["file"], ["image"], ["image"]]
    cast.settle()
    assert len(cast.received(cast.amina)) == 3


def test_instagram_gets_several_pictures_as_one_album(cast, noor, bob):
    files = chosen(bob, noor, picture("PNG"), picture("JPEG"))
    assert send(bob, noor, media=files).status_code == 200
    assert said(noor) == [["image", "image"]]
    cast.settle()
    assert len(cast.received(cast.noor)) == 1


def test_what_is_no_picture_goes_beside_the_album(noor, bob):
    files = chosen(bob, noor, picture("PNG"), pdf(), picture("JPEG"))
    assert send(bob, noor, media=files).status_code == 200
    assert said(noor) == [["image", "image"], ["file"]]


def test_an_album_has_room_for_ten(noor, bob):
    files = chosen(bob, noor, *[picture("PNG") for _number in range(11)])
    response = send(bob, noor, media=files)
    assert response.status_code == 422 and "Instagram takes 10 pictures in one message; these are 11." in response.text
    assert response.text.count('name="media"') == 11 and said(noor) == []


def test_more_files_than_go_out_at_once_are_refused_and_the_first_stay(amina, bob):
    files = chosen(bob, amina, *[picture("PNG") for _number in range(21)])
    response = send(bob, amina, media=files)
    assert response.status_code == 422 and "At most 20 files go out at once." in response.text and said(amina) == []
    assert response.text.count('name="media"') == 20 and files[19] in response.text and files[20] not in response.text
    assert send(bob, amina, media=files[:20]).status_code == 200 and len(said(amina)) == 20


def test_the_same_files_sent_twice_are_sent_once(amina, bob):
    files = chosen(bob, amina, picture("PNG"), pdf())
    assert send(bob, amina, media=files).status_code == send(bob, amina, media=files).status_code == 200
    assert Dispatch.objects.count() == 2


def test_one_refused_file_holds_the_others_up_no_more_than_it_has_to(amina, bob):
    files = chosen(bob, amina, picture("PNG"), pdf(), picture("JPEG"))
    MediaFile.objects.filter(public_id=files[1]).update(state="fetching")
    response = send(bob, amina, media=files)
    assert response.status_code == 422 and said(amina) == [["image"], ["image"]]
    assert "2 files are in the outbox." in response.text and "price list.pdf: The file is not ready." in response.text
    assert [each in response.text for each in files] == [False, True, False]
    MediaFile.objects.filter(public_id=files[1]).update(state="ready")
    assert send(bob, amina, media=files[1:2]).status_code == 200
    assert said(amina) == [["image"], ["image"], ["file"]]


def test_what_was_written_beside_the_files_is_still_there_once_they_are_out(amina, bob):
    files = chosen(bob, amina, picture("PNG"))
    response = send(bob, amina, media=files, text="One moment, the other", url="harbour.example")
    assert response.status_code == 200 and "One moment, the other</textarea>" in response.text and 'value="harbour.example"' in response.text
    assert 'name="media"' not in response.text and 'value="text" checked' in response.text
    response = send(bob, amina, kind="text", key="k2", text="Here it is.", media=chosen(bob, amina, pdf()))
    assert "Here it is.</textarea>" not in response.text and 'name="media"' in response.text


def test_a_closed_window_keeps_every_file(amina, bob, clock):
    files = chosen(bob, amina, picture("PNG"), pdf())
    clock.shift(90_000)
    response = send(bob, amina, media=files)
    assert response.status_code == 422 and response.text.count("messaging window is closed. You can write again once") == 1
    assert response.text.count('name="media"') == 2 and said(amina) == []


def test_a_copy_of_what_a_contact_sent_is_not_ours_to_send(cast, amina, bob):
    media = MediaFile.objects.create(account=cast.shop, at=now(), state="ready", mime="image/png", size=9)
    assert send(bob, amina, media=[media.public_id]).status_code == 422


def test_readers_and_strangers_send_no_files(cast, amina, bob, sign_in):
    files = chosen(bob, amina, picture("PNG"))
    assert send(sign_in(cast.dana), amina, media=files).status_code == 403
    assert send(sign_in(cast.charlie), amina, media=files).status_code == 404
    assert not Dispatch.objects.exists()


@pytest.mark.parametrize(("contact", "accepts", "says"), [
    ("amina", None, "Several go out one after the other."), ("noor", "image/png,image/jpeg,video/mp4,", "Several pictures go out as one album."),
])  # fmt: skip
def test_the_panel_says_what_the_network_takes(cast, bob, contact, accepts, says):
    shown = page(bob, cast.conversation(getattr(cast, contact)).get_absolute_url())
    choice = shown.partition('id="file-choice"')[2].partition(">")[0]
    assert says in shown and (f'accept="{accepts}' in choice if accepts else "accept=" not in choice)


# Links ---------------------------------------------------------------------------------------------------------------
def test_a_link_goes_out_as_plain_text_where_that_is_chosen(cast, amina, bob):
    assert send(bob, amina, kind="link", url="harbour.example/beans", title="Beans", subtitle="left out", plain="on").status_code == 200
    cast.settle()
    [message] = cast.received(cast.amina)
    assert message["text"] == "Beans\nhttps://harbour.example/beans"
    shown = page(bob, amina.get_absolute_url(), headers=HTMX)
    assert 'Beans<br><a href="https://harbour.example/beans"' in shown


def test_a_plain_link_needs_no_title(amina, bob):
    assert send(bob, amina, kind="link", url="harbour.example/beans", plain="on").status_code == 200


def test_a_refused_link_stays_as_it_was_chosen(amina, bob):
    response = send(bob, amina, kind="link", url="", title="Beans", plain="on")
    assert response.status_code == 422 and 'value="on" checked' in response.text and 'value="Beans"' in response.text


# A message in particular ----------------------------------------------------------------------------------------------
def test_a_reply_names_the_message_that_it_answers(cast, amina, bob):
    asked = amina.last_message
    assert f'data-answers="{asked.public_id}"' in page(bob, amina.get_absolute_url())
    response = send(bob, amina, kind="text", text="It is back.", reply_to=asked.public_id)
    assert response.status_code == 200 and 'name="reply_to" value=""' in response.text
    assert amina.messages.get(direction="out").reply_to_mid == asked.mid
    cast.settle()
    assert cast.received(cast.amina)[0]["reply_to"] == asked.mid
    assert '<blockquote class="quoted" dir="auto">Hi! Is the Yirgacheffe' in page(bob, amina.get_absolute_url())


def test_of_several_files_the_first_is_the_answer(amina, bob):
    files = chosen(bob, amina, picture("PNG"), pdf())
    send(bob, amina, media=files, reply_to=amina.last_message.public_id)
    assert [message.reply_to_mid for message in amina.messages.filter(direction="out")] == [amina.last_message.mid, ""]


def test_what_is_answered_survives_a_refusal(amina, bob):
    response = send(bob, amina, kind="text", text="x" * 2001, reply_to=amina.last_message.public_id)
    assert response.status_code == 422 and f'name="reply_to" value="{amina.last_message.public_id}"' in response.text
    assert "Hi! Is the Yirgacheffe back in stock?</q>" in response.text


@pytest.mark.parametrize("state", ["unsent", "elsewhere", "nowhere", "without an id"])
def test_what_is_not_there_is_not_answered_and_the_words_stay(cast, amina, noor, bob, state):
    asked = {"elsewhere": noor.last_message.public_id, "nowhere": new_public_id()}.get(state, amina.last_message.public_id)
    if state == "unsent":
        cast.simulator.unsend(cast.shop.external_id, cast.amina.external_id, amina.last_message.mid)
        work_until_idle("ingest")
    if state == "without an id":
        Message.objects.filter(pk=amina.last_message_id).update(mid="")
    response = send(bob, amina, kind="text", text="It is back.", reply_to=asked)
    assert response.status_code == 422 and "not there any more" in response.text and "It is back.</textarea>" in response.text
    assert 'name="reply_to" value=""' in response.text and not Dispatch.objects.exists()


def test_only_who_may_reply_is_offered_to_answer_a_message(cast, amina, sign_in):
    assert "data-answers=" not in page(sign_in(cast.dana), amina.get_absolute_url(), headers=HTMX)


def test_what_has_no_id_of_metas_cannot_be_answered(amina, bob):
    Message.objects.filter(conversation=amina).update(mid="postback:0123")
    assert 'id="answer-' not in page(bob, amina.get_absolute_url(), headers=HTMX)


# The same form again ----------------------------------------------------------------------------------------------
def key_in(answer) -> str:
    return re.search(r'name="key" value="([^"]+)"', answer.text)[1]


def announced(answer) -> str:
    return json.loads(answer.headers["HX-Trigger"])["announce"]["words"]


def test_what_was_undone_is_not_called_sent_and_goes_out_with_the_next_click(cast, amina, bob):
    Account.objects.update(reply_hold=60)
    send(bob, amina, kind="text", text="Hello", key="k1")
    cancel(Dispatch.objects.get(), by=cast.bob)
    answer = send(bob, amina, kind="text", text="Hello", key="k1")
    assert answer.status_code == 409 and "This was cancelled before it left." in answer.text and "Hello</textarea>" in answer.text
    answer = send(bob, amina, kind="text", text="Hello", key=key_in(answer))
    assert announced(answer) == "Your reply is in the outbox."
    assert sorted(Dispatch.objects.values_list("state", flat=True)) == ["cancelled", "queued"]


def test_other_words_under_an_old_key_are_a_question_and_then_a_message(amina, bob):
    send(bob, amina, kind="text", text="Hello", key="k1")
    answer = send(bob, amina, kind="text", text="Hello there", key="k1")
    assert answer.status_code == 409 and "had other content" in answer.text
    assert send(bob, amina, kind="text", text="Hello there", key=key_in(answer)).status_code == 200
    assert Dispatch.objects.count() == 2


def test_a_refusal_that_sent_nothing_keeps_the_key(amina, bob):
    assert key_in(send(bob, amina, kind="text", text="", key="k1")) == "k1"


def test_words_that_come_back_are_a_new_message(cast, amina, bob):
    Account.objects.update(reply_hold=60)
    send(bob, amina, kind="text", text="Helo", key="k1")
    dispatch = Dispatch.objects.get()
    cancel(dispatch, by=cast.bob)
    assert key_in(bob.post(reverse("inbox:words", args=[dispatch.public_id]), {"kind": "text", "text": "", "key": "k1"}, headers=HTMX)) != "k1"


def test_a_second_click_says_what_is_so(cast, amina, bob):
    Account.objects.update(reply_hold=0)
    later = {"kind": "text", "text": "Hello", "key": "k1", "when": "in:60"}
    assert announced(send(bob, amina, **later)).startswith("It leaves ")
    send_now(Dispatch.objects.get(), by=cast.bob)
    cast.settle()
    assert announced(send(bob, amina, **later)) == "You sent this before. Look for it in the conversation."
    assert len(cast.received(cast.amina)) == 1


def test_a_condition_counts_from_what_the_page_showed(cast, amina, bob):
    shown = page(bob, amina.get_absolute_url())
    revision = re.search(r'name="revision" form="reply" value="(\d+)"', shown)[1]
    cast.write(cast.amina, "Never mind.")
    form = {"kind": "text", "text": "Hello", "key": "k1", "when": "in:60", "unless": "on", "revision": revision}
    answer = send(bob, amina, **form)
    assert answer.status_code == 409 and "Read what is new, then decide." in answer.text and not Dispatch.objects.exists()


@pytest.mark.parametrize("box", ["title", "subtitle"])
def test_words_that_come_back_never_replace_a_card_that_is_being_written(cast, amina, bob, box):
    Account.objects.update(reply_hold=60)
    send(bob, amina, kind="link", url="https://harbour.example/", title="Ours", key="k1")
    dispatch = Dispatch.objects.get()
    cancel(dispatch, by=cast.bob)
    answer = bob.post(reverse("inbox:words", args=[dispatch.public_id]), {"kind": "link", box: "My draft"}, headers=HTMX)
    assert "My draft" in answer.text and "Another link stands here already" in answer.text
