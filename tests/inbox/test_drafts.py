"""What somebody types and does not send is kept, for them alone, until it is sent or emptied."""

from datetime import timedelta
from urllib.parse import urlencode

import pytest
from django.urls import reverse

from accounts.models import Activity, Grant
from agents.proposing import propose
from core.clock import now
from inbox.content import Content
from inbox.drafting import LARGEST, forget_draft, save_draft
from inbox.errors import KeyIsSpent, NotAllowed, WrittenElsewhere
from inbox.models import Draft, MediaFile
from inbox.outbox import cancel
from tests.agents.calling import answer
from tests.at_once import behind
from tests.conftest import make_cast
from tests.inbox.browsing import HTMX, page
from tests.inbox.uploads import choose, picture

WORDS = "I am still looking for your order"


@pytest.fixture
def amina(cast):
    return cast.conversation(cast.amina)


@pytest.fixture
def bob(cast, sign_in):
    return sign_in(cast.bob)


def put(client, conversation, text=WORDS, **more):
    form = {"kind": "text", "text": text, "key": "k1", "writer": "laptop", "number": 1} | more
    return client.put(reverse("inbox:draft", args=[conversation.public_id]), urlencode(form, doseq=True), content_type="application/x-www-form-urlencoded")


def send(client, conversation, text=WORDS, **more):
    return client.post(f"{conversation.get_absolute_url()}messages/", {"kind": "text", "text": text, "key": "k1"} | more, headers=HTMX)


def test_a_draft_is_found_in_any_browser_and_by_nobody_else(cast, amina, sign_in):
    assert put(sign_in(cast.bob), amina).status_code == 200
    assert WORDS in page(sign_in(cast.bob), amina.get_absolute_url())
    for client in (sign_in(cast.alice), sign_in(cast.root)):
        assert WORDS not in page(client, amina.get_absolute_url())
        assert WORDS not in page(client, reverse("inbox:draft", args=[amina.public_id]))


def test_everything_in_the_form_is_kept(cast, amina, bob, clock):
    choose(bob, amina, file=picture("PNG"))
    media, asked = MediaFile.objects.get().public_id, amina.messages.get().public_id
    link = {"url": "https://a.example", "title": "Autumn", "subtitle": "Every Thursday"}
    put(bob, amina, kind="link", media=[media], reply_to=asked, when="in:60", unless="on", **link)
    shown = page(bob, amina.get_absolute_url())
    for words in (WORDS, *link.values(), f'name="media" value="{media}"', f'name="reply_to" value="{asked}"', 'value="in:60" checked', 'value="link" checked'):
        assert words in shown


def test_a_draft_cannot_move_to_another_contact(cast, amina, bob):
    noor = cast.conversation(cast.noor)
    put(bob, amina, conversation_id=noor.public_id, contact=cast.noor.public_id)
    assert Draft.objects.get().conversation == amina
    assert WORDS not in page(bob, noor.get_absolute_url())


def test_a_draft_that_is_emptied_is_gone(amina, bob):
    put(bob, amina)
    put(bob, amina, text="", number=2)
    assert not Draft.objects.exists()


def test_a_draft_is_gone_once_it_is_sent_and_no_late_save_brings_it_back(amina, bob):
    put(bob, amina)
    assert send(bob, amina).status_code == 200
    assert not Draft.objects.exists()
    late = put(bob, amina, text=WORDS[:9], number=2)
    assert late.status_code == 200 and 'data-state="sent"' in late.text
    assert not Draft.objects.exists()
    assert 'data-state="saved"' in put(bob, amina, key="k2", text="And another thing", number=3).text


def test_a_late_save_of_files_that_were_sent_keeps_nothing(amina, bob):
    choose(bob, amina, file=picture("PNG"))
    media = MediaFile.objects.get().public_id
    assert send(bob, amina, kind="file", media=[media]).status_code == 200
    assert 'data-state="sent"' in put(bob, amina, text="", kind="file", media=[media]).text


def test_what_was_taken_back_is_a_new_draft(cast, amina, bob):
    cast.shop.reply_hold = 60
    cast.shop.save()
    send(bob, amina)
    cancel(amina.dispatches.get(), by=cast.bob)
    assert 'data-state="saved"' in put(bob, amina, key="k2", number=2).text


def test_a_refused_message_leaves_its_draft(amina, bob):
    put(bob, amina)
    assert send(bob, amina, text="x" * 2001).status_code == 422
    assert Draft.objects.exists()


def test_another_draft_survives_what_is_sent_in_another_window(amina, bob):
    put(bob, amina)
    send(bob, amina, text="From another window", key="k9")
    assert Draft.objects.get().words["text"] == WORDS


def test_only_who_may_reply_has_drafts(cast, amina, sign_in):
    assert put(sign_in(cast.charlie), amina).status_code == 404
    assert put(sign_in(cast.dana), amina).status_code == 403
    for user in (cast.dana, cast.charlie, cast.assistant.user):
        with pytest.raises(NotAllowed):
            save_draft(amina, {"text": WORDS}, [], by=user)
    assert not Draft.objects.exists()


def test_whoever_may_not_reply_any_more_finds_none(cast, amina, bob):
    put(bob, amina)
    Grant.objects.filter(user=cast.bob, account=cast.shop).update(right="read")
    assert WORDS not in page(bob, amina.get_absolute_url())


def test_what_is_too_long_is_refused_in_words(amina, bob):
    put(bob, amina)
    answered = put(bob, amina, text="x" * (LARGEST + 1), number=2)
    assert answered.status_code == 422 and "too long to be kept as a draft" in answered.text
    assert Draft.objects.get().words["text"] == WORDS


def test_a_save_that_was_overtaken_changes_nothing(amina, bob):
    put(bob, amina, text="The newest", number=5)
    assert put(bob, amina, text="The one before", number=4).status_code == 200
    assert Draft.objects.get().words["text"] == "The newest"


def test_of_two_windows_nothing_is_lost_silently(amina, bob):
    put(bob, amina)
    clash = put(bob, amina, text="On my telephone", writer="telephone")
    assert clash.status_code == 409 and "still+looking" in clash.text
    seen = Draft.objects.get().version
    assert f'data-version="{seen}"' in clash.text.replace("&#x2B;", "+")
    assert put(bob, amina, text="On my telephone", writer="telephone", number=2, seen=seen).status_code == 200
    assert Draft.objects.get().words["text"] == "On my telephone"


def test_two_windows_with_the_same_words_do_not_disagree(amina, bob):
    put(bob, amina)
    assert put(bob, amina, writer="telephone").status_code == 200


def test_a_deleted_draft_is_gone(amina, bob):
    put(bob, amina)
    assert bob.delete(reverse("inbox:draft", args=[amina.public_id])).status_code == 200
    assert not Draft.objects.exists()


def test_what_a_draft_lacks_by_now_is_told(amina, bob, clock):
    put(bob, amina, media=["gone"], when="at", moment=(now() - timedelta(days=1)).strftime("%Y-%m-%dT%H:%M"))
    shown = page(bob, amina.get_absolute_url())
    assert "A file that you chose is not here any more" in shown and "has passed" in shown and WORDS in shown


def test_a_nul_character_breaks_nothing(amina, bob):
    assert put(bob, amina, text="a\0b").status_code == 200
    assert Draft.objects.get().words["text"] == "ab"


def test_drafts_reach_no_agent_no_activity_and_no_list(cast, amina, sign_in):
    put(sign_in(cast.bob), amina)
    propose(cast.assistant, amina, Content(text="Proposed"))
    told = answer(cast.key, "get_conversation", conversation_id=amina.public_id)
    assert WORDS not in str(told) and WORDS not in str(list(Activity.objects.values()))
    assert WORDS not in page(sign_in(cast.alice), reverse("inbox:conversations"))


@pytest.mark.django_db(transaction=True, serialized_rollback=True)
def test_a_save_on_its_way_while_the_message_is_written_finds_it_sent(simulator):
    cast = make_cast(simulator)
    conversation = cast.conversation(cast.amina)
    typed = {"kind": "text", "text": WORDS, "key": "k1"}
    save_draft(conversation, typed, [], by=cast.bob, writer="laptop", number=1)

    def late() -> object:
        return save_draft(conversation, typed | {"text": WORDS[:9]}, [], by=cast.bob, writer="laptop", number=2)

    lost = behind(lambda: conversation.reply(Content(text=WORDS), by=cast.bob, idempotency_key="k1"), late)
    assert isinstance(lost, KeyIsSpent) and not Draft.objects.exists()


def test_two_people_have_a_draft_each(cast, amina):
    save_draft(amina, {"text": "Bob's"}, [], by=cast.bob, writer="b")
    save_draft(amina, {"text": "Alice's"}, [], by=cast.alice, writer="a")
    forget_draft(amina, by=cast.bob)
    assert [draft.words["text"] for draft in Draft.objects.all()] == ["Alice's"]
    with pytest.raises(WrittenElsewhere):
        save_draft(amina, {"text": "Alice again"}, [], by=cast.alice, writer="other")
