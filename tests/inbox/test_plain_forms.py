"""Without scripts every form posts by itself, leads back with a sentence, and a refusal keeps what was typed."""

import re
from datetime import timedelta
from html.parser import HTMLParser

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from accounts.models import Account, Stop
from agents.proposing import propose
from core.clock import now
from inbox.content import Content
from inbox.drafting import save_draft
from inbox.models import CannedReply, Conversation, Dispatch, Draft, MediaFile, Message
from inbox.noting import write_note
from inbox.outbox import cancel
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


def names_sent(conversation) -> list[str]:
    return [each.media.name for message in conversation.messages.filter(direction="out") for each in message.attachments.all()]


def key_in(response) -> str:
    return re.search(r'name="key" value="([^"]+)"', response.text)[1]


def test_a_second_click_with_several_files_is_known_again_whatever_their_order(bob, amina):
    red = picture(colour="red")
    reply(bob, amina, kind="file", upload=[upload("one.png"), upload("two.png", red), upload("three.png")])
    response = reply(bob, amina, kind="file", upload=[upload("two.png", red), upload("one.png"), upload("three.png")])
    assert response.status_code == 200 and "Your reply is in the outbox." in response.text and names_sent(amina) == ["one.png", "two.png", "three.png"]


def test_another_file_under_an_old_key_is_a_question_and_then_a_message(bob, amina):
    reply(bob, amina, kind="file", upload=[upload("one.png")])
    response = reply(bob, amina, kind="file", upload=[upload("two.png", picture(colour="red"))])
    two = MediaFile.objects.get(name="two.png").public_id
    assert response.status_code == 409 and "had other content" in response.text and f'name="media" value="{two}"' in response.text
    assert names_sent(amina) == ["one.png"] and key_in(response) != "k"
    reply(bob, amina, kind="file", media=two, key=key_in(response))
    assert names_sent(amina) == ["one.png", "two.png"]


def test_one_file_more_under_an_old_key_is_a_question(bob, amina):
    reply(bob, amina, kind="file", upload=[upload("one.png")])
    response = reply(bob, amina, kind="file", upload=[upload("one.png"), upload("two.png", picture(colour="red"))])
    assert response.status_code == 409 and response.text.count('name="media"') == 2 and names_sent(amina) == ["one.png"]


def test_a_file_that_was_undone_is_not_called_sent_and_goes_out_with_the_next_click(cast, bob, amina):
    Account.objects.update(reply_hold=60)
    reply(bob, amina, kind="file", upload=[upload("one.png"), upload("two.png", picture(colour="red"))])
    cancel(Dispatch.objects.earliest("pk"), by=cast.bob)
    response = reply(bob, amina, kind="file", upload=[upload("one.png"), upload("two.png", picture(colour="red"))])
    assert response.status_code == 409 and "This was cancelled before it left." in response.text and "sent this before" not in response.text
    # The other one is on its way, so only this one is still in the form.
    [left] = re.findall(r'name="media" value="([^"]+)"', response.text)
    reply(bob, amina, kind="file", media=left, key=key_in(response))
    assert names_sent(amina) == ["one.png", "two.png", "one.png"]
    assert sorted(Dispatch.objects.values_list("state", flat=True)) == ["cancelled", "queued", "queued"]


def test_more_files_than_go_out_at_once_are_refused_and_the_first_stay(bob, amina):
    first = MediaFile.objects.get(public_id=keep(bob, amina, "0.png"))
    files = [upload(f"{number}.png") for number in range(1, 21)]
    response = reply(bob, amina, kind="file", media=first.public_id, upload=files)
    assert response.status_code == 422 and "At most 20 files go out at once." in response.text and names_sent(amina) == []
    assert response.text.count('name="media"') == MediaFile.objects.count() == 20 and "19.png" in response.text
    response = reply(bob, amina, kind="file", media=list(MediaFile.objects.values_list("public_id", flat=True)), address="https://a.example/b.png")
    assert response.status_code == 422 and 'value="https://a.example/b.png"' in response.text and names_sent(amina) == []


def test_as_many_files_as_go_out_at_once_go_out(bob, amina):
    reply(bob, amina, kind="file", upload=[upload(f"{number}.png") for number in range(20)])
    assert len(names_sent(amina)) == 20


def keep(browser, conversation, name: str) -> str:
    """The public id of a file that was kept with a form in which something else was wrong."""
    reply(browser, conversation, kind="text", text="", upload=[upload(name)])
    return MediaFile.objects.latest("pk").public_id


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


def test_a_file_beside_words_stays_and_is_said_not_to_have_been_sent(bob, amina):
    response = reply(bob, amina, text="Only words.", upload=[upload()])
    assert "Your reply is in the outbox. The file that you chose was not sent." in response.text and "What else you wrote" not in response.text
    assert names_sent(amina) == [] and amina.messages.get(direction="out").text == "Only words."
    media = MediaFile.objects.get().public_id
    for shown in (response.text, page(bob, amina.get_absolute_url())):
        assert f'name="media" value="{media}"' in shown and 'value="file" checked' in shown and "Only words.</textarea>" not in shown
    reply(bob, amina, kind="file", media=media, key=key_in(response))
    assert names_sent(amina) == ["a.png"] and not Draft.objects.exists()


def test_words_beside_a_file_stay_and_are_said_not_to_have_been_sent(bob, amina):
    response = reply(bob, amina, kind="file", text="Look at this.", url="harbour.example", upload=[upload()])
    assert "Your reply is in the outbox. What else you wrote was not sent. It is still here." in response.text and names_sent(amina) == ["a.png"]
    for shown in (response.text, page(bob, amina.get_absolute_url())):
        assert "Look at this.</textarea>" in shown and 'value="harbour.example"' in shown and 'value="text" checked' in shown
    response = reply(bob, amina, text="Look at this.", key=key_in(response))
    assert "was not sent" not in response.text and "Look at this.</textarea>" not in response.text and not Draft.objects.exists()


def test_what_is_left_beside_never_replaces_what_another_window_left(cast, bob, amina):
    save_draft(amina, {"text": "From my phone.", "key": "phone"}, [], by=cast.bob, writer="phone")
    response = reply(bob, amina, kind="file", text="Look at this.", upload=[upload()])
    assert response.status_code == 200 and "Look at this.</textarea>" in response.text and "What else you wrote was not sent." in response.text
    assert Draft.objects.get().words["text"] == "From my phone."


def test_a_second_click_leaves_the_words_beside_it_where_they_are(bob, amina):
    for _ in range(2):
        response = reply(bob, amina, kind="file", text="Look at this.", upload=[upload()])
    assert "Look at this.</textarea>" in response.text and names_sent(amina) == ["a.png"] and Draft.objects.get().words["text"] == "Look at this."


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


@pytest.mark.parametrize("fields", [{}, {"method": ""}, {"method": "put"}])
def test_a_form_that_does_not_say_which_button_was_pressed_sends_nothing(cast, bob, amina, fields):
    held = dispatch(cast, amina)
    response = post(bob, f"/dispatches/{held.public_id}/hold/", **fields)
    held.refresh_from_db()
    assert response.status_code == 400 and held.state == Dispatch.State.QUEUED and held.not_before > now()


def test_what_is_held_leaves_at_once_where_that_is_said(cast, bob, amina):
    held = dispatch(cast, amina)
    assert 'name="method" value="post">Send now' in page(bob, amina.get_absolute_url())
    assert "It leaves now." in post(bob, f"/dispatches/{held.public_id}/hold/", method="post").text
    held.refresh_from_db()
    assert held.not_before <= now()


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


def test_nothing_on_the_page_of_earlier_messages_aims_at_what_is_not_there(cast, bob, amina):
    failed = dispatch(cast, amina)
    Dispatch.objects.update(state=Dispatch.State.FAILED)
    Message.objects.filter(pk=failed.message_id).update(at=now() - timedelta(days=2))
    noted = write_note(amina, "Prefers mornings", by=cast.bob)
    type(noted).objects.update(at=now() - timedelta(days=3))
    shown = page(bob, f"{amina.get_absolute_url()}messages/?before={amina.messages.latest('at').public_id}")
    assert f"/dispatches/{failed.public_id}/retry/" in shown and 'id="message-' in shown
    aims = Aims()
    aims.feed(shown)
    assert aims.wanted <= aims.there


class Aims(HTMLParser):
    """Which elements htmx would put its answers into, and which ones there are."""

    def __init__(self) -> None:
        super().__init__()
        self.there: set[str] = set()
        self.wanted: set[str] = set()
        self._open: list[bool] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        is_off = "hx-disable" in given or any(self._open)
        self.there.add(given.get("id") or "")
        target = given.get("hx-target") or ""
        if target.startswith("#") and not is_off:
            self.wanted.add(target[1:])
        if tag == "div":
            self._open.append(is_off)

    def handle_endtag(self, tag: str) -> None:
        if tag == "div":
            self._open.pop()


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
