"""What people see of each message: its files, what was shared, how it came about, and what happened between."""

from datetime import timedelta

import pytest
from django.core.files.base import ContentFile

from accounts.models import Account
from core.clock import now
from inbox.content import Content
from inbox.models import Attachment, Conversation, MediaFile, Message, Occurrence
from inbox.work import work_until_idle
from tests.inbox.browsing import HTMX, page

MARKS = str.maketrans("", "", "\u2068\u2069")


@pytest.fixture
def amina(cast) -> Conversation:
    return cast.conversation(cast.amina)


@pytest.fixture
def look(cast, sign_in):
    """What bob sees of a conversation, without the marks that keep directions apart."""

    def make(contact=None) -> str:
        return page(sign_in(cast.bob), cast.conversation(contact or cast.amina).get_absolute_url(), headers=HTMX).translate(MARKS)

    return make


def got(cast, *attachments: dict, contact=None, **more: object) -> Message:
    """Somebody sent these, in Meta's words."""
    mid = cast.write(contact or cast.amina, attachments=list(attachments), **more)
    return Message.objects.get(mid=mid)


def kept(message: Message, mime: str, content: bytes = b"bytes", **more: object) -> MediaFile:
    """The worker has made a copy of the first attachment."""
    media = message.attachments.get(position=0).media
    name = media.file.storage.save("copy", ContentFile(content))
    MediaFile.objects.filter(pk=media.pk).update(state="ready", file=name, mime=mime, size=len(content), sha256="0" * 64, **more)
    return media


def one(kind: str, **payload: object) -> dict:
    return {"type": kind, "payload": payload}


URL = "https://cdn.example/one"


# Files ---------------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize(("kind", "mime", "shown"), [
    ("image", "image/png", '<img src="{}"'), ("video", "video/mp4", 'preload="metadata" src="{}"'),
    ("audio", "audio/mp4", 'class="sound" controls preload="metadata" src="{}"'), ("audio", "video/mp4", 'class="sound"'),
    ("file", "application/pdf", '<a class="file-card" href="{}" download'), ("sticker", "image/webp", '<img class="sticker" src="{}"'),
    ("image", "image/heic", '<a class="file-card" href="{}" download'), ("video", "text/html", '<a class="file-card" href="{}" download'),
])  # fmt: skip
def test_our_copy_is_shown_as_what_its_bytes_are(cast, look, kind, mime, shown):
    media = kept(got(cast, one(kind, url=URL)), mime)
    found = look()
    assert shown.format(f"/media/{media.public_id}/file/") in found and URL not in found


def test_a_copy_that_is_being_made_is_waited_for(cast, look):
    got(cast, one("audio", url=URL))
    shown = look()
    assert "Voice message: saving…" in shown and URL not in shown


def test_a_copy_that_waits_for_another_try_is_shown_from_meta_meanwhile(cast, look):
    got(cast, one("image", url=URL))
    MediaFile.objects.update(not_before=now() + timedelta(hours=1))
    shown = look()
    assert f'<img src="{URL}"' in shown and "tried again by itself" in shown


def test_a_copy_that_failed_is_shown_from_meta_without_a_referrer(cast, look):
    got(cast, one("image", url=URL))
    MediaFile.objects.update(state="failed")
    shown = look()
    assert f'<img src="{URL}"' in shown and 'referrerpolicy="no-referrer"' in shown and "It could not be saved here." in shown


def test_what_is_gone_at_meta_says_so_and_leads_nowhere(cast, look):
    got(cast, one("video", url=URL))
    MediaFile.objects.update(state="gone")
    shown = look()
    assert "It was gone at Meta before it could be saved here." in shown and URL not in shown


def test_an_account_that_keeps_no_copies_says_so(cast, look):
    Account.objects.update(keeps_media=False)
    got(cast, one("video", url=URL))
    shown = look()
    assert f'preload="none" src="{URL}"' in shown and "This account keeps no copies." in shown


def test_several_pictures_stand_side_by_side_and_each_has_a_number(cast, look):
    message = got(cast, one("image", url=URL), one("image", url=f"{URL}/2"), contact=cast.noor, text="Look")
    MediaFile.objects.update(state="failed")
    shown = look(cast.noor)
    assert message.attachments.count() == 2 and 'data-count="2"' in shown and 'alt="Picture 1 of 2"' in shown and "Look</p>" in shown


def test_a_file_has_the_name_of_its_address_its_type_and_its_size(cast, look):
    kept(got(cast, one("file", url="https://cdn.example/v/t59/price%20list.pdf?oh=1")), "application/pdf", b"x" * 2048)
    shown = look()
    assert "price list.pdf" in shown and "PDF · 2.0" in shown


def test_an_address_that_a_browser_could_run_is_no_link(cast, look):
    got(cast, one("fallback", url="javascript:alert(1)", title="Click <b>me</b>"))
    shown = look()
    assert "javascript:" not in shown and "Click &lt;b&gt;me&lt;/b&gt;" in shown


# Everything else that people send -------------------------------------------------------------------------------------
def test_a_heart_is_big_and_has_a_name(cast, look):
    got(cast, {"type": "like_heart"}, contact=cast.noor)
    assert '<span class="heart" role="img" aria-label="Heart">' in look(cast.noor)


def test_a_location_leads_to_a_map(cast, look):
    got(cast, one("location", coordinates={"lat": 52.3765, "long": 9.7389}))
    shown = look()
    assert "52.37650, 9.73890" in shown and 'href="https://www.openstreetmap.org/?mlat=52.376500&amp;mlon=9.738900' in shown


@pytest.mark.parametrize("payload", [{}, {"coordinates": None}, {"coordinates": {"lat": "x", "long": 9}}, {"coordinates": {"lat": 190, "long": 9}}])
def test_a_location_without_coordinates_says_so(cast, look, payload):
    got(cast, one("location", **payload))
    assert "Meta did not tell where." in look()


def test_a_shared_post_says_that_it_lives_at_meta(cast, look):
    got(cast, one("ig_post", url=URL, title="Kiln day", ig_post_media_id="17"), contact=cast.noor)
    shown = look(cast.noor)
    assert "Shared post" in shown and "“Kiln day”" in shown and f'href="{URL}"' in shown and "may vanish there" in shown


def test_a_reel_of_a_page_gets_its_host(cast, look):
    got(cast, one("reel", url="/reel/123/", title="Pour", reel_video_id=123))
    assert 'href="https://www.facebook.com/reel/123/"' in look()


def test_a_story_mention_is_open_for_a_day_and_then_gone(cast, look, clock):
    got(cast, one("story_mention", url=URL), contact=cast.noor)
    assert "Mentioned you in a story" in look(cast.noor) and f'href="{URL}"' in look(cast.noor)
    clock.shift(timedelta(hours=24))
    assert "The story is gone." in look(cast.noor) and URL not in look(cast.noor)


def test_a_reply_to_a_story_is_open_for_a_day_and_then_gone(cast, look, clock):
    cast.write(cast.noor, "This swan!", story={"url": URL, "id": "180"})
    assert "Replied to your story." in look(cast.noor) and f'href="{URL}"' in look(cast.noor)
    clock.shift(timedelta(hours=24))
    assert "Replied to your story. The story is gone." in look(cast.noor) and URL not in look(cast.noor)


def test_view_once_pictures_are_metas_alone(cast, look):
    got(cast, {"type": "ephemeral"}, contact=cast.noor)
    assert "Meta shows these only in its own app." in look(cast.noor)


def test_a_card_shows_what_it_has(cast, look):
    element = {"title": "Cup", "subtitle": "Stoneware", "price": "12.00", "currency": "EUR", "image_url": URL, "buttons": [{"title": "Buy"}, {}]}
    got(cast, one("template", template_type="generic", elements=[element, {}, "odd"]))
    shown = look()
    assert all(words in shown for words in ("Cup</p>", "Stoneware", "12.00 EUR", "Buy</p>", f'<img src="{URL}"'))
    assert shown.count('class="link-card"') == 2  # one is the composer's


@pytest.mark.parametrize(("payload", "said"), [
    ({"generic": []}, "A shared comment. Meta shows it only in its own apps."), ({}, "Card</p>"), ({"elements": None, "text": "Choose"}, "Choose</p>"),
    ({"product": {"elements": [{"title": "Grinder"}]}}, "Grinder</p>"), ({"generic": {"elements": [{"title": "Kettle"}]}}, "Kettle</p>"),
])  # fmt: skip
def test_a_card_may_lack_anything(cast, look, payload, said):
    got(cast, one("template", **payload))
    assert said in look()


def test_an_appointment_says_when(cast, look):
    got(cast, one("appointment_booking", booking_id="1", status="CONFIRMED", start_time=1_794_700_000, end_time="2026-11-15T01:00:00+00:00"))
    shown = look()
    assert "Appointment" in shown and "14 November 2026, 23:46" in shown and "confirmed" in shown


@pytest.mark.parametrize("attachment", [
    {"type": "unsupported_type"}, {"type": "unsupported_type", "payload": {"url": URL}}, {"type": "hologram", "payload": None}, {},
])  # fmt: skip
def test_what_nobody_knows_is_said_to_be_there(cast, look, attachment):
    got(cast, attachment)
    shown = look()
    assert "Meta shows this only in its own apps." in shown or "Attachment</p>" in shown


def test_nothing_of_an_unsent_message_is_shown(cast, look):
    message = got(cast, one("image", url=URL))
    cast.simulator.unsend(cast.shop.external_id, cast.amina.external_id, message.mid)
    work_until_idle("ingest")
    shown = look()
    assert "This message was unsent." in shown and URL not in shown and not Attachment.objects.filter(message=message).exists()


def test_an_erased_message_says_so(cast, amina, look):
    Message.objects.update(removed_at=now(), text="", about={"erased": True})
    assert "Erased: this contact is forgotten here." in look()


# How it came about ----------------------------------------------------------------------------------------------------
@pytest.mark.parametrize(("about", "said"), [
    ({"quick_reply": "YES"}, "Chose an offered answer"), ({"postback": "GO", "title": "Go"}, "Tapped a button"),
    ({"to_self": True}, "A note of the account to itself"), ({"referral": {"ad_id": "1"}}, "Came by an advertisement"),
    ({"referral": {"source": "ADS", "ad_title": "Spring sale"}}, "Came by the advertisement “Spring sale”"),
    ({"referral": {"source": "SHORTLINK", "ref": "promo"}}, "Came by a link (promo)"), ({"referral": {"source": "SHORTLINK"}}, "Came by a link</p>"),
    ({"referral": {"product_id": "5001"}}, "Asked about product 5001"), ({"came_by": "checkbox_plugin"}, "Ticked the box for messages on a website"),
    ({"referral": {"source": "CUSTOMER_CHAT_PLUGIN", "page_url": "https://www.harbour.example/tea"}}, "Came by the chat window on harbour.example"),
    ({"referral": "odd"}, "Is the Yirgacheffe back"),
])  # fmt: skip
def test_how_a_message_came_about_stands_beside_it(cast, amina, look, about, said):
    Message.objects.filter(conversation=amina).update(about=about)
    assert said in look()


def test_an_edit_says_when_it_was_and_what_stood_there_first(cast, look):
    mid = cast.write(cast.amina, "Bergen, Norwey")
    cast.simulator.edit(cast.shop.external_id, cast.amina.external_id, mid, "Bergen, Norway")
    work_until_idle("ingest")
    shown = look()
    assert "Bergen, Norway</p>" in shown and "<summary>Edited at " in shown and "Bergen, Norwey</q>" in shown


def test_a_message_from_elsewhere_names_its_app(cast, look, sign_in):
    cast.simulator.answer_elsewhere(cast.shop.external_id, cast.amina.external_id, "Yes, it is.")
    work_until_idle("ingest")
    assert "Written in Meta Business Suite" in look()
    assert "Meta Business Suite:</span>" in page(sign_in(cast.bob), "/conversations/")
    Message.objects.filter(source="elsewhere").update(about={})
    assert "Written in another app" in look()
    assert "Other app:</span>" in page(sign_in(cast.bob), "/conversations/")


# What happened between ------------------------------------------------------------------------------------------------
def note(conversation, kind, *, at=None, **about: object) -> Occurrence:
    return Occurrence.objects.create(conversation=conversation, kind=kind, at=at or now(), key=f"{kind} {at} {sorted(about)}", about=about)


SUITE, SHOP_APP = "263902037430900", "1200000000000001"


@pytest.mark.parametrize(("kind", "about", "said"), [
    ("referral", {"referral": {"source": "SHORTLINK", "ref": "promo"}}, "Came by a link (promo)"),
    ("ad", {"referral": {"source": "ADS", "ad_title": "Spring sale"}}, "Came by the advertisement “Spring sale”"),
    ("control", {"change": "taken", "owner": SUITE, "previous": SHOP_APP}, "Meta Business Suite took this conversation over"),
    ("control", {"change": "taken", "owner": "77"}, "Another app took this conversation over"),
    ("control", {"change": "passed", "owner": SHOP_APP, "previous": SUITE, "here": True}, "Meta Business Suite handed this conversation to Countersign"),
    ("control", {"change": "passed", "previous": SUITE, "here": True}, "Meta Business Suite let go of this conversation"),
    ("control", {"change": "passed", "owner": "77"}, "This conversation was passed to another app"),
    ("control", {"change": "requested", "owner": SUITE, "note": "please"}, "Meta Business Suite asks for this conversation: “please”"),
    ("reaction", {"emoji": "❤️"}, "Reacted ❤️ to an earlier message that is not stored here"),
])  # fmt: skip
def test_what_happened_stands_between_the_messages(cast, amina, look, kind, about, said):
    cast.write(cast.amina, "Are you there?")
    first, second = amina.messages.order_by("at")
    note(amina, kind, at=first.at + (second.at - first.at) / 2, **about)
    shown = look()
    assert said in shown and shown.index("Is the Yirgacheffe") < shown.index(said) < shown.index("Are you there?")


@pytest.mark.parametrize(("kind", "about"), [
    ("ad", {"mid": "m_1"}), ("reaction", {"emoji": "❤️", "removed": True}), ("control", {"change": "unheard of"}), ("control", {}),
])  # fmt: skip
def test_what_was_taken_back_or_is_told_by_its_message_is_not_told_again(cast, amina, look, kind, about):
    note(amina, kind, **about)
    assert 'class="happening"' not in look()


def test_a_conversation_in_which_nothing_was_said_shows_what_happened(cast, amina, look):
    Conversation.objects.update(last_message=None, newest_inbound=None, window_message=None)
    Attachment.objects.all().delete()
    Message.objects.all().delete()
    note(amina, "reaction", emoji="👍")
    shown = look()
    assert "Reacted 👍" in shown and "Nothing has been said yet." not in shown


def test_what_happened_stands_on_one_page_only(cast, amina, sign_in):
    at = now() - timedelta(hours=3)
    for number in range(60):
        Message.objects.create(
            account=cast.shop, conversation=amina, direction="in", source="contact", mid=f"m{number}", text=f"Line {number:02}.",
            at=at + timedelta(minutes=number), received_at=now(),
        )  # fmt: skip
    note(amina, "referral", at=at + timedelta(minutes=5, seconds=30), referral={"ref": "early"})
    note(amina, "referral", at=at + timedelta(minutes=40, seconds=30), referral={"ref": "late"})
    bob = sign_in(cast.bob)
    newest = page(bob, amina.get_absolute_url(), headers=HTMX)
    first = Message.objects.get(text="Line 11.").public_id
    earlier = page(bob, f"{amina.get_absolute_url()}messages/?before={first}", headers=HTMX)
    assert "late" in newest and "early" not in newest
    assert "early" in earlier and "late" not in earlier
    refreshed = page(bob, f"{amina.get_absolute_url()}messages/?since={Message.objects.get(text='Line 00.').public_id}", headers=HTMX)
    assert "late" in refreshed and "early" in refreshed


def test_many_files_and_occurrences_cost_no_more_queries_than_one(cast, amina, sign_in, django_assert_max_num_queries):
    for number in range(8):
        got(cast, one("image", url=f"{URL}/{number}"))
        note(amina, "control", at=now() + timedelta(seconds=number), change="taken", owner=SUITE)
        amina.reply(Content(text="It is back.", reply_to_mid=f"m_unknown_{number}"), by=cast.bob)
    bob = sign_in(cast.bob)
    bob.get(amina.get_absolute_url(), headers=HTMX)
    with django_assert_max_num_queries(12):
        assert page(bob, amina.get_absolute_url(), headers=HTMX).count("took this conversation over") == 8


# Who holds it ---------------------------------------------------------------------------------------------------------
def test_a_conversation_that_another_app_holds_says_so_and_may_be_answered_all_the_same(cast, amina, look, sign_in):
    cast.simulator.hold_thread(cast.shop.external_id, cast.amina.external_id)
    work_until_idle("ingest")
    shown = look()
    assert "Meta Business Suite holds this conversation." in shown and "idle for 24 hours" in shown and 'id="composer-text"' in shown
    form = {"kind": "text", "text": "We are on it.", "key": "k"}
    assert sign_in(cast.bob).post(f"{amina.get_absolute_url()}messages/", form, headers=HTMX).status_code == 200


def test_a_message_in_standby_tells_that_somebody_else_holds_it(cast, look):
    cast.write(cast.amina, "Hello?", standby=True)
    assert "Another app holds this conversation." in look()


def test_a_conversation_that_was_handed_back_says_nothing(cast, look):
    for verb in (cast.simulator.hold_thread, cast.simulator.release_thread):
        verb(cast.shop.external_id, cast.amina.external_id)
        work_until_idle("ingest")
    shown = look()
    assert "holds this conversation" not in shown and "handed this conversation to Countersign" in shown
