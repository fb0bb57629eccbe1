"""What contacts do on their phones, and how Meta tells it."""

from typing import Any

import pytest

from graph.simulator.samples import document, film, picture, voice

from .conftest import LINKED, PAGE, STUDIO, Meta, error_of

DAY = 24 * 3600
STORY = {"url": "https://lookaside.example.test/story.jpg", "id": "18000000000000005"}


def last(meta: Meta) -> dict[str, Any]:
    return meta.callback.events[-1]


def kinds(meta: Meta) -> list[str]:
    return [attachment["type"] for attachment in last(meta)["message"]["attachments"]]


@pytest.mark.parametrize(
    ("kind", "content", "mime"),
    [
        ("image", picture(), "image/png"),
        ("audio", voice(), "audio/wav"),
        ("video", film(), "video/mp4"),
        ("file", document(), "application/pdf"),
    ],
)
def test_every_kind_of_file_arrives_as_a_url_to_its_bytes(meta: Meta, kind: str, content: bytes, mime: str):
    meta.simulator.write(STUDIO, meta.noor, media=[(kind, content)])
    attachment = last(meta)["message"]["attachments"][0]
    assert attachment["type"] == kind
    response = meta.client.get(attachment["payload"]["url"])
    assert (response.content, response.headers["content-type"]) == (content, mime)
    shown = meta.simulator.messages(direction="in", contact=meta.noor)[-1]
    assert (shown["kind"], shown["attachments"][0]["mime"], shown["attachments"][0]["size"]) == (kind, mime, len(content))


def test_an_album_is_one_message(meta: Meta):
    meta.simulator.write(STUDIO, meta.noor, media=[("image", picture()), ("image", picture())])
    assert kinds(meta) == ["image", "image"]


def test_a_text_and_a_voice_message_are_two_messages_on_messenger(meta: Meta):
    with pytest.raises(ValueError, match="two messages"):
        meta.simulator.write(PAGE, meta.amina, "listen", media=[("audio", voice())])
    with pytest.raises(ValueError, match="A file is one of"):
        meta.simulator.write(PAGE, meta.amina, media=[("song", voice())])


def test_attachments_go_out_exactly_as_given(meta: Meta):
    raw = [{"type": "fallback", "payload": {"url": "https://example.test/post/1", "title": "A post"}}]
    meta.simulator.write(PAGE, meta.amina, "look", attachments=raw)
    assert last(meta)["message"]["attachments"] == raw


def test_a_quick_reply_stands_before_the_text_on_a_page_and_after_it_on_instagram(meta: Meta):
    for account, contact in ((PAGE, meta.amina), (STUDIO, meta.noor)):
        meta.simulator.write(account, contact, "Yes", quick_reply="YES")
    page, instagram = (event["message"] for event in meta.callback.events)
    assert page["quick_reply"] == instagram["quick_reply"] == {"payload": "YES"}
    assert list(page) == ["mid", "quick_reply", "text"]
    assert list(instagram) == ["mid", "text", "quick_reply"]


def test_a_reply_names_its_message_and_whose_it_was(meta: Meta):
    sent = meta.send({"text": "Blue or red?"}).json()["message_id"]
    own = meta.simulator.write(PAGE, meta.amina, "Blue", reply_to=sent)
    meta.simulator.write(PAGE, meta.amina, "I mean red", reply_to=own)
    first, second = (event["message"]["reply_to"] for event in meta.callback.events)
    assert first == {"mid": sent, "is_self_reply": False}
    assert second == {"mid": own, "is_self_reply": True}


def test_a_story_reply_carries_the_story(meta: Meta):
    meta.simulator.write(STUDIO, meta.noor, "Love it", story=STORY)
    assert last(meta)["message"]["reply_to"] == {"story": STORY}
    meta.simulator.reply_to_story(STUDIO, meta.noor, "And this")
    assert set(last(meta)["message"]["reply_to"]["story"]) == {"url", "id"}


def test_stories_posts_reels_and_stickers_have_their_own_attachments(meta: Meta):
    simulator = meta.simulator
    told = []
    for act in (simulator.mention_in_story, simulator.share_post, simulator.share_reel, simulator.send_sticker, simulator.send_ephemeral):
        act(STUDIO, meta.noor)
        told.append(kinds(meta))
    assert told == [["story_mention"], ["share", "ig_post"], ["ig_reel"], ["like_heart"], ["ephemeral"]]
    for act in (simulator.share_post, simulator.share_reel, simulator.send_sticker, simulator.send_location):
        act(PAGE, meta.amina)
        told.append(kinds(meta))
    assert told[5:] == [["post"], ["reel"], ["sticker"], ["location"]]


def test_the_twins_of_a_shared_post_are_one_post(meta: Meta):
    meta.simulator.share_post(STUDIO, meta.noor)
    share, post = (attachment["payload"] for attachment in last(meta)["message"]["attachments"])
    assert share == post
    assert share["ig_post_media_id"]


def test_what_meta_does_not_support_has_no_content(meta: Meta):
    mid = meta.simulator.send_unsupported(STUDIO, meta.noor)
    assert last(meta)["message"] == {"mid": mid, "is_unsupported": True}
    assert meta.simulator.messages(contact=meta.noor)[-1]["kind"] == "unsupported"


def test_an_edit_counts_and_changes_the_text(meta: Meta):
    mid = meta.simulator.write(PAGE, meta.amina, "blue")
    meta.simulator.edit(PAGE, meta.amina, mid, "red")
    meta.simulator.edit(PAGE, meta.amina, mid, "green")
    assert last(meta)["message_edit"] == {"mid": mid, "text": "green", "num_edit": 2}
    assert meta.simulator.messages(contact=meta.amina)[-1]["text"] == "green"


def test_there_are_five_edits_of_an_own_text(meta: Meta):
    mid = meta.simulator.write(PAGE, meta.amina, "0")
    for number in range(5):
        meta.simulator.edit(PAGE, meta.amina, mid, str(number))
    with pytest.raises(ValueError, match="at most 5"):
        meta.simulator.edit(PAGE, meta.amina, mid, "6")
    ours = meta.send({"text": "ours"}).json()["message_id"]
    with pytest.raises(ValueError, match="what they wrote"):
        meta.simulator.edit(PAGE, meta.amina, ours, "not ours")


def test_instagrams_odd_edits_say_nothing(meta: Meta):
    mid = meta.simulator.write(STUDIO, meta.noor, "hello")
    meta.simulator.edit_oddly(STUDIO, meta.noor, mid)
    assert last(meta)["message_edit"] == {"mid": mid, "num_edit": 0}
    meta.simulator.edit_oddly(STUDIO, meta.noor, mid, anonymous=True)
    assert "sender" not in last(meta)
    assert meta.simulator.messages(contact=meta.noor)[-1]["text"] == "hello"


def test_a_message_can_carry_another_time(meta: Meta):
    meta.simulator.write(PAGE, meta.amina, "delayed", at=1_794_600_000.5)
    assert last(meta)["timestamp"] == 1_794_600_000_500


def test_a_link_into_a_conversation_is_an_event_of_its_own(meta: Meta):
    meta.simulator.follow_link(PAGE, meta.amina, "qr-7")
    assert last(meta)["referral"] == {"ref": "qr-7", "source": "SHORTLINK", "type": "OPEN_THREAD"}
    meta.simulator.follow_link(STUDIO, meta.noor)
    assert last(meta)["referral"]["source"] == "SHORTLINKS"


def test_a_newcomers_link_waits_for_their_first_act(meta: Meta):
    stranger = meta.simulator.add_contact(PAGE, "Newcomer")
    meta.simulator.follow_link(PAGE, stranger, "qr-7")
    assert meta.callback.events == []
    meta.simulator.tap(PAGE, stranger)
    assert last(meta)["postback"]["referral"]["ref"] == "qr-7"
    meta.simulator.tap(PAGE, stranger)
    assert "referral" not in last(meta)["postback"]


def test_a_click_on_an_ad_is_told_and_goes_with_the_next_message(meta: Meta):
    meta.simulator.click_ad(PAGE, meta.amina, "Autumn sale", "120250000000000002")
    assert last(meta)["referral"]["ads_context_data"]["ad_title"] == "Autumn sale"
    meta.simulator.write(PAGE, meta.amina, "Tell me more")
    assert last(meta)["message"]["referral"]["ad_id"] == "120250000000000002"
    meta.simulator.write(PAGE, meta.amina, "Please")
    assert "referral" not in last(meta)["message"]


def test_opting_in_and_out_of_marketing(meta: Meta):
    token = meta.simulator.opt_in(PAGE, meta.amina, "Weekly news")
    assert last(meta)["optin"]["notification_messages_token"] == token
    meta.simulator.opt_out(PAGE, meta.amina, "Weekly news", token)
    assert last(meta)["optin"]["notification_messages_status"] == "STOP NOTIFICATIONS"


def test_linking_an_account_and_taking_it_back(meta: Meta):
    meta.simulator.link_account(PAGE, meta.amina, "AUTH-1")
    assert last(meta)["account_linking"] == {"status": "linked", "authorization_code": "AUTH-1"}
    meta.simulator.link_account(PAGE, meta.amina, "")
    assert last(meta)["account_linking"] == {"status": "unlinked"}


def test_whoever_blocks_cannot_be_reached_until_they_unblock(meta: Meta):
    meta.simulator.block(PAGE, meta.amina)
    assert error_of(meta.send({"text": "a"})) == (400, 551, 1545041)
    with pytest.raises(ValueError, match="blocked"):
        meta.simulator.write(PAGE, meta.amina, "hello?")
    meta.simulator.unblock(PAGE, meta.amina)
    assert meta.send({"text": "a"}).status_code == 200


def test_who_blocked_has_no_profile_on_instagram(meta: Meta):
    meta.simulator.block(STUDIO, meta.noor)
    assert error_of(meta.get(f"/ig/{meta.noor}", token="IGAAstudio"))[1] == 230


def test_an_unsend_takes_every_file_of_the_message_away(meta: Meta):
    mid = meta.simulator.write(LINKED, meta.lena, media=[("image", picture()), ("image", picture())])
    urls = [attachment["payload"]["url"] for attachment in last(meta)["message"]["attachments"]]
    meta.simulator.unsend(LINKED, meta.lena, mid)
    assert [meta.client.get(url).status_code for url in urls] == [404, 404]
    assert meta.simulator.messages(contact=meta.lena)[-1]["attachments"] == []


def test_a_fresh_look_signs_a_url_that_lives_another_day(meta: Meta):
    mid = meta.simulator.write(PAGE, meta.amina, media=[("audio", voice())])
    old = last(meta)["message"]["attachments"][0]["payload"]["url"]
    meta.simulator.advance(DAY + 1)
    fresh = meta.get(f"/fb/{mid}", fields="attachments").json()["attachments"]["data"][0]["file_url"]
    assert [meta.client.get(url).status_code for url in (old, fresh)] == [403, 200]
    assert meta.client.get(fresh[:-1] + "x").status_code == 403
