"""Without scripts every form posts by itself, leads back with a sentence, and a refusal keeps what was typed."""

from datetime import timedelta

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from accounts.models import Account, Stop
from agents.proposing import propose
from core.clock import now
from inbox.content import Content
from inbox.models import CannedReply, Conversation, Dispatch, MediaFile, Message
from inbox.work import work_until_idle
from tests.inbox.browsing import page
from tests.inbox.pictures import picture


@pytest.fixture
def amina(cast) -> Conversation:
    work_until_idle("fetch")
    return cast.conversation(cast.amina)


@pytest.fixture
def bob(cast, sign_in):
    return sign_in(cast.bob)


def post(browser, to: str, **fields):
    """The page that somebody is led to, or that says why not."""
    return browser.post(to, fields, follow=True)


def reply(browser, conversation, **fields):
    return post(browser, f"{conversation.get_absolute_url()}messages/", **({"key": "k", "kind": "text"} | fields))


def upload(name: str = "a.png", content: bytes = b"", mime: str = "image/png") -> SimpleUploadedFile:
    return SimpleUploadedFile(name, content or picture(), mime)


# What is written -------------------------------------------------------------------------------------------------
def test_a_reply_leads_back_with_a_sentence(bob, amina):
    response = reply(bob, amina, text="Yes, it is.")
    assert response.redirect_chain == [(amina.get_absolute_url(), 302)]
    assert "Your reply is in the outbox." in response.text and "Yes, it is." in response.text


def test_pictures_come_along_with_the_form(cast, bob, amina):
    reply(bob, amina, kind="file", upload=[upload("one.png"), upload("two.png", picture(colour="red"))])
    assert list(MediaFile.objects.order_by("pk").values_list("name", "by")) == [("one.png", cast.bob.pk), ("two.png", cast.bob.pk)]
    cast.settle()
    assert len(cast.received(cast.amina)) == 2


def test_the_same_form_sent_twice_sends_its_files_once(cast, bob, amina):
    for _ in range(2):
        response = reply(bob, amina, kind="file", upload=[upload()])
    assert response.status_code == 200 and amina.messages.filter(direction="out").count() == 1


def test_of_several_files_those_that_are_refused_are_named_and_the_others_are_kept(bob, amina):
    response = reply(bob, amina, kind="file", upload=[upload("good.png"), upload("bad.png", b"no picture at all")])
    assert response.status_code == 422 and "bad.png: " in response.text
    assert not amina.messages.filter(direction="out").exists()
    kept = MediaFile.objects.get()
    assert f'name="media" value="{kept.public_id}"' in response.text
    reply(bob, amina, kind="file", media=kept.public_id)
    assert amina.messages.get(direction="out").attachments.get().media == kept


def test_a_file_that_is_not_wanted_any_more_is_left_out(bob, amina):
    reply(bob, amina, kind="file", upload=[upload("good.png"), upload("bad.png", b"no picture at all")])
    kept = MediaFile.objects.get().public_id
    response = reply(bob, amina, kind="file", media=kept, leave_out=kept)
    assert response.status_code == 422 and "Choose a file first." in response.text
    assert reply(bob, amina, kind="text", text="Then words.", media=kept, leave_out=kept).status_code == 200


def test_an_address_is_fetched_first(bob, amina, window):
    response = reply(bob, amina, kind="file", address=window.address)
    assert response.status_code == 200 and "It is being fetched. Send again in a moment." in response.text
    media = MediaFile.objects.get()
    assert f'name="media" value="{media.public_id}"' in response.text and not amina.messages.filter(direction="out").exists()


def test_the_picture_of_a_card_comes_along_with_it(bob, amina, settings):
    settings.PUBLIC_URL, settings.HTTPS = "https://inbox.example", True
    reply(bob, amina, kind="link", url="a.example", title="A", upload_picture=upload())
    assert amina.messages.get(direction="out").attachments.get().media == MediaFile.objects.get()
    response = reply(bob, amina, kind="link", url="a.example", title="A", key="other", upload_picture=upload("b.png", b"no picture at all"))
    assert response.status_code == 422 and 'value="a.example"' in response.text and "b.png: " in response.text


def test_files_of_another_kind_are_not_kept(bob, amina):
    reply(bob, amina, text="Only words.", upload=[upload()])
    assert not MediaFile.objects.exists()


def test_whoever_may_only_read_leaves_no_files(cast, sign_in, amina):
    assert reply(sign_in(cast.dana), amina, kind="file", upload=[upload()]).status_code in (403, 422)
    assert not MediaFile.objects.exists()


def test_a_message_is_answered_by_a_link_and_not_answered_after_all(cast, bob, amina):
    asked = amina.messages.get()
    shown = page(bob, f"{amina.get_absolute_url()}?reply_to={asked.public_id}")
    assert f'name="reply_to" value="{asked.public_id}"' in shown
    reply(bob, amina, text="In particular.", reply_to=asked.public_id)
    reply(bob, amina, text="In general.", reply_to=asked.public_id, answers_nothing="on", key="other")
    assert set(amina.messages.filter(direction="out").values_list("text", "reply_to_mid")) == {("In particular.", asked.mid), ("In general.", "")}


@pytest.mark.parametrize("query", ["reply_to=nobody", "canned=nobody"])
def test_nonsense_in_an_address_is_nothing(bob, amina, query):
    assert 'name="reply_to" value=""' in page(bob, f"{amina.get_absolute_url()}?{query}")


def test_canned_replies_are_a_page_to_choose_from(cast, bob, amina):
    hours = CannedReply.objects.create(shortcut="hours", text="Hi {{ first_name }}, we open at eight.")
    other = CannedReply.objects.create(shortcut="studio", text="In the studio.", account=cast.studio)
    shown = page(bob, f"{amina.get_absolute_url()}canned/")
    assert "<h1>" in shown and "Hi Amina, we open at eight." in shown and "In the studio." not in shown
    assert "No canned reply fits." in page(bob, f"{amina.get_absolute_url()}canned/?words=unheard")
    assert "Hi Amina, we open at eight.</textarea>" in page(bob, f"{amina.get_absolute_url()}?canned={hours.public_id}")
    assert "In the studio." not in page(bob, f"{amina.get_absolute_url()}?canned={other.public_id}")


# What becomes of it ----------------------------------------------------------------------------------------------
def dispatch(cast, amina, **how) -> Dispatch:
    Account.objects.update(reply_hold=60)
    amina.refresh_from_db()
    return amina.reply(Content(text="Soon."), by=cast.bob, **how).dispatch


def test_what_is_held_is_taken_back_and_its_words_come_back(cast, bob, amina):
    held = dispatch(cast, amina)
    response = post(bob, f"/dispatches/{held.public_id}/hold/", method="delete")
    assert "Taken back." in response.text and "Soon.</textarea>" in response.text
    held.refresh_from_db()
    assert held.state == Dispatch.State.CANCELLED


def test_what_is_scheduled_is_cancelled_too(cast, bob, amina):
    waiting = dispatch(cast, amina, scheduled_for=now() + timedelta(hours=2))
    assert 'name="method" value="delete">Cancel' in page(bob, amina.get_absolute_url())
    assert "Soon.</textarea>" in post(bob, f"/dispatches/{waiting.public_id}/hold/", method="delete").text


def test_of_a_colleagues_message_no_words_come_back(cast, sign_in, amina):
    response = post(sign_in(cast.alice), f"/dispatches/{dispatch(cast, amina).public_id}/hold/", method="delete")
    assert "Taken back." in response.text and "Soon.</textarea>" not in response.text


def test_another_moment_that_is_refused_stays_in_its_box(cast, bob, amina):
    waiting = dispatch(cast, amina, scheduled_for=now() + timedelta(hours=2))
    response = post(bob, f"/dispatches/{waiting.public_id}/schedule/", moment="2001-01-01T10:00", revision=amina.revision)
    assert response.status_code == 422 and 'value="2001-01-01T10:00"' in response.text and "has passed" in response.text


def test_taking_back_too_late_is_said(cast, bob, amina):
    sent = dispatch(cast, amina)
    Dispatch.objects.update(not_before=now())
    work_until_idle("dispatch")
    response = post(bob, f"/dispatches/{sent.public_id}/hold/", method="delete")
    assert response.status_code == 200 and "Soon.</textarea>" not in response.text and "banner" in response.text


# What was said earlier -------------------------------------------------------------------------------------------
def test_earlier_messages_are_a_page_of_their_own(cast, bob, amina):
    first = amina.messages.get()
    Message.objects.bulk_create(
        Message(account=cast.shop, conversation=amina, direction="in", source="meta", text=f"Long ago {n:03}.", mid=f"m_{n}",
                at=first.at - timedelta(minutes=200 - n), received_at=first.at, is_history=True) for n in range(120)
    )  # fmt: skip
    address = f"{amina.get_absolute_url()}messages/"
    earlier = page(bob, _earlier_in(page(bob, amina.get_absolute_url())))
    assert "<h1" in earlier and "Long ago 070." in earlier and "Long ago 119." not in earlier and f'href="{amina.get_absolute_url()}"' in earlier
    assert "Long ago 000." in page(bob, _earlier_in(earlier))
    assert bob.get(address).url == amina.get_absolute_url()


def _earlier_in(shown: str) -> str:
    return shown.partition('id="earlier"')[2].partition('href="')[2].partition('"')[0]


# What else is done -----------------------------------------------------------------------------------------------
def test_a_note_says_that_it_was_left(bob, amina):
    response = post(bob, f"{amina.get_absolute_url()}notes/", note="Prefers mornings")
    assert "Noted for your colleagues." in response.text and "Prefers mornings" in response.text


def test_a_decision_in_the_conversation_leads_back_to_it(cast, sign_in, amina):
    proposal = propose(cast.assistant, amina, Content(text="Shall I?"), reason="r").proposal
    amina.refresh_from_db()
    fields = {"answer": "approve", "digest": proposal.digest, "revision": amina.revision}
    response = post(sign_in(cast.alice), f"/proposals/{proposal.public_id}/decision/", place="conversation", **fields)
    assert response.redirect_chain == [(amina.get_absolute_url(), 302)] and "Approved." in response.text


def test_a_decision_in_the_queue_leads_on_to_the_next(cast, sign_in, amina):
    proposal = propose(cast.assistant, amina, Content(text="Shall I?"), reason="r").proposal
    response = post(sign_in(cast.alice), f"/proposals/{proposal.public_id}/decision/", answer="reject", reason="No.", digest=proposal.digest, revision=0)
    assert response.status_code == 409 and "No.</textarea>" in response.text
    amina.refresh_from_db()
    fields = {"answer": "reject", "reason": "No.", "digest": proposal.digest, "revision": amina.revision}
    response = post(sign_in(cast.alice), f"/proposals/{proposal.public_id}/decision/", **fields)
    assert response.redirect_chain == [("/approvals/", 302)] and "Rejected." in response.text


def test_stopping_leads_back_with_a_sentence(cast, sign_in, amina):
    alice = sign_in(cast.alice)
    where = {"where": f"conversation:{amina.public_id}", "conversation": amina.public_id, "next": amina.get_absolute_url()}
    response = post(alice, "/stops/", reason="It says something wrong", **where)
    assert response.redirect_chain == [(amina.get_absolute_url(), 302)] and "Agents are stopped." in response.text
    assert "The stop is lifted." in post(alice, f"/stops/{Stop.objects.get().public_id}/", reason="It is mended").text


@pytest.mark.parametrize(("act", "words"), [("assign", "Alice"), ("label", "Another label"), ("snooze", "In 3 hours")])
def test_to_whom_what_and_until_when_is_chosen_on_a_page(bob, amina, act, words):
    response = post(bob, "/conversations/selection/", act=act, ids=[f"{amina.public_id}.{amina.heard}"], asked="lane=mine")
    assert response.status_code == 200 and words in response.text and f'name="ids" value="{amina.public_id}.{amina.heard}"' in response.text
    assert 'name="asked" value="lane=mine"' in response.text and "1 conversation is selected." in response.text


def test_nothing_selected_is_no_page(bob):
    response = post(bob, "/conversations/selection/", act="assign")
    assert "Select conversations first." in response.text


def test_without_scripts_it_is_said_that_nothing_comes_by_itself(bob, amina):
    address = amina.get_absolute_url()
    assert f'href="{address}?at=x">Refresh</a>' in page(bob, f"{address}?at=x")
    # After a refusal the address is that of a form, which cannot be looked at.
    refused = reply(bob, amina, text="")
    assert refused.status_code == 422 and f'href="{address}">Refresh</a>' in refused.text
