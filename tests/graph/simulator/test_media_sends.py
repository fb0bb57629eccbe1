"""Files, albums, stickers, quick replies and templates: what each network takes, and its errors."""

import hashlib
import json
from typing import Any

import pytest

from graph.simulator.samples import document, film, picture, sample, voice

from .conftest import LINKED, PAGE, STUDIO, Meta, error_of

DAY = 24 * 3600
MB = 1024 * 1024
FILES = [("image", picture()), ("audio", voice()), ("video", film()), ("file", document())]
NAMES = {"image": "a.png", "audio": "a.wav", "video": "a.mp4", "file": "a.pdf"}


def attachment(kind: str, **payload: Any) -> dict[str, Any]:
    return {"attachment": {"type": kind, "payload": payload}}


def by_url(meta: Meta, kind: str) -> dict[str, Any]:
    return attachment(kind, url=meta.simulator.shelf.sample_url(kind))


def upload(meta: Meta, kind: str, content: bytes, *, to: str = f"/fb/{PAGE}", token: str = "EAAshop", name: str = ""):
    form = {"message": json.dumps(attachment(kind, is_reusable=True))}
    files = {"filedata": (name or NAMES[kind], content, "application/octet-stream")}
    return meta.post(f"{to}/message_attachments", token=token, data=form, files=files)


def received(meta: Meta, contact: str) -> dict[str, Any]:
    return meta.simulator.messages(contact=contact, direction="out")[-1]


@pytest.mark.parametrize(("kind", "content"), FILES)
def test_files_are_sent_by_url_on_both_networks(meta: Meta, kind: str, content: bytes):
    for send, contact in ((meta.send, meta.amina), (meta.direct, meta.noor)):
        assert send(by_url(meta, kind)).status_code == 200
        message = received(meta, contact)
        assert (message["kind"], message["sha256"]) == (kind, hashlib.sha256(content).hexdigest())


@pytest.mark.parametrize(("kind", "content"), FILES)
def test_files_are_sent_by_the_id_of_an_upload(meta: Meta, kind: str, content: bytes):
    uploaded = upload(meta, kind, content).json()["attachment_id"]
    response = meta.send(attachment(kind, attachment_id=uploaded, is_reusable=True))
    assert set(response.json()) == {"recipient_id", "message_id"}
    meta.simulator.settle()
    assert meta.callback.events[0]["message"]["attachments"][0]["type"] == kind


@pytest.mark.parametrize(("kind", "content"), FILES)
def test_files_come_with_the_message_on_messenger_only(meta: Meta, kind: str, content: bytes):
    form = {"recipient": json.dumps({"id": meta.amina}), "message": json.dumps(attachment(kind, is_reusable=True))}
    files = {"filedata": (NAMES[kind], content, "application/octet-stream")}
    response = meta.post(f"/fb/{PAGE}/messages", data=form, files=files)
    assert response.json()["attachment_id"]
    assert received(meta, meta.amina)["attachments"][0]["name"] == NAMES[kind]
    form["recipient"] = json.dumps({"id": meta.noor})
    assert error_of(meta.post(f"/ig/{STUDIO}/messages", token="IGAAstudio", data=form, files=files)) == (400, 100, 2534015)


def test_an_uploaded_film_may_also_be_a_media_share_on_instagram(meta: Meta):
    uploaded = upload(meta, "video", film(), to=f"/ig/{STUDIO}", token="IGAAstudio").json()["attachment_id"]
    assert meta.direct(attachment("MEDIA_SHARE", attachment_id=uploaded)).status_code == 200
    assert received(meta, meta.noor)["kind"] == "video"
    assert error_of(meta.send(attachment("MEDIA_SHARE", attachment_id=uploaded))) == (400, 100, None)


def test_an_own_post_can_be_shared_on_instagram(meta: Meta):
    assert meta.direct(attachment("MEDIA_SHARE", id="17890000000000020")).status_code == 200
    assert received(meta, meta.noor)["kind"] == "share"
    assert error_of(meta.direct(attachment("MEDIA_SHARE"))) == (400, 100, 2534015)


@pytest.mark.parametrize(
    ("network", "kind", "content", "subcode"),
    [
        ("messenger", "image", document(), 2018047),
        ("messenger", "video", voice(), 2018047),
        ("messenger", "audio", picture(), 2018047),
        ("instagram", "file", b"PK\x03\x04 an archive", 2018047),
        ("instagram", "video", b"not a film", 2018047),
        ("messenger", "image", picture() + b"\0" * 8 * MB, 2018109),
        ("instagram", "audio", voice() + b"\0" * 25 * MB, 2018109),
        ("messenger", "file", b"\0" * (25 * MB + 1), 2018109),
    ],
)
def test_what_does_not_fit_its_type_or_is_too_large_is_refused(meta: Meta, network: str, kind: str, content: bytes, subcode: int):
    host = {"messenger": {}, "instagram": {"to": f"/ig/{STUDIO}", "token": "IGAAstudio"}}[network]
    assert error_of(upload(meta, kind, content, **host)) == (400, 100, subcode)


def test_any_file_goes_on_messenger_and_a_document_on_instagram(meta: Meta):
    assert upload(meta, "file", b"PK\x03\x04 an archive").status_code == 200
    assert upload(meta, "file", document(), to=f"/ig/{STUDIO}", token="IGAAstudio").status_code == 200


def test_instagram_takes_no_names_beyond_ascii(meta: Meta):
    response = upload(meta, "file", document(), to=f"/ig/{STUDIO}", token="IGAAstudio", name="Rechnung für März.pdf")
    assert error_of(response) == (400, 100, 2534015)
    assert upload(meta, "file", document(), name="Rechnung für März.pdf").status_code == 200


def test_an_id_serves_its_account_its_kind_and_ninety_days(meta: Meta):
    uploaded = upload(meta, "video", film()).json()["attachment_id"]
    assert error_of(meta.send(attachment("video", attachment_id=uploaded), to=meta.lena)) == (400, 100, 2018074)
    assert error_of(meta.send(attachment("image", attachment_id=uploaded))) == (400, 100, 2018047)
    meta.simulator.advance(90 * DAY + 1)
    meta.simulator.write(PAGE, meta.amina, "Hello again")
    assert error_of(meta.send(attachment("video", attachment_id=uploaded))) == (400, 100, 2018074)


@pytest.mark.parametrize(("kind", "status", "subcode"), [("video", 0, 2018294), ("image", 0, 2018008), ("video", 404, 2018008), ("file", 500, 2018008)])
def test_a_url_that_gives_nothing_says_why(meta: Meta, kind: str, status: int, subcode: int):
    meta.simulator._fetch = lambda url: (status, b"")
    assert error_of(meta.send(attachment(kind, url="https://elsewhere.example.test/a"))) == (400, 100, subcode)
    assert meta.simulator.messages(direction="out") == []


@pytest.mark.parametrize("count", [2, 10])
def test_several_images_are_one_message_on_instagram(meta: Meta, count: int):
    images = [by_url(meta, "image")["attachment"]] * count
    assert meta.direct({"attachments": images}).status_code == 200
    assert len(received(meta, meta.noor)["attachments"]) == count
    meta.simulator.settle()
    assert len(meta.callback.events[0]["message"]["attachments"]) == count


@pytest.mark.parametrize("count", [1, 11])
def test_one_image_or_eleven_are_no_album(meta: Meta, count: int):
    assert error_of(meta.direct({"attachments": [by_url(meta, "image")["attachment"]] * count})) == (400, 100, 2534015)


def test_albums_hold_images_and_exist_on_instagram_only(meta: Meta):
    mixed = [by_url(meta, "image")["attachment"], by_url(meta, "video")["attachment"]]
    assert error_of(meta.direct({"attachments": mixed})) == (400, 100, 2534015)
    assert error_of(meta.send({"attachments": [by_url(meta, "image")["attachment"]] * 2})) == (400, 100, None)
    assert meta.send({"attachments": [by_url(meta, "image")["attachment"]] * 2}, to=meta.lena).status_code == 200


def test_each_network_has_its_sticker(meta: Meta):
    assert meta.direct(attachment("like_heart")).status_code == 200
    assert meta.send({"sticker_id": 369239263222822}).status_code == 200
    assert [received(meta, each)["kind"] for each in (meta.noor, meta.amina)] == ["like_heart", "sticker"]
    assert error_of(meta.send(attachment("like_heart"))) == (400, 100, None)
    assert error_of(meta.direct({"sticker_id": 369239263222822})) == (400, 100, 2534015)


def test_quick_replies_reach_the_phone_and_are_answered(meta: Meta):
    replies = [{"content_type": "text", "title": "Yes", "payload": "YES"}, {"content_type": "user_email"}]
    assert meta.send({"text": "Well?", "quick_replies": replies}).status_code == 200
    assert received(meta, meta.amina)["more"]["quick_replies"] == replies


def test_instagram_cuts_titles_and_shows_no_chip_for_an_address(meta: Meta):
    replies = [{"content_type": "text", "title": "x" * 30, "payload": "X"}, {"content_type": "user_phone_number"}]
    assert meta.direct({"text": "Well?", "quick_replies": replies}).status_code == 200
    assert received(meta, meta.noor)["more"]["quick_replies"] == [{"content_type": "text", "title": "x" * 20, "payload": "X"}]


@pytest.mark.parametrize(
    "replies",
    [
        [{"content_type": "text", "title": "x", "payload": "p"}] * 14,
        [{"content_type": "text", "title": "x" * 21, "payload": "p"}],
        [{"content_type": "text", "title": "x", "payload": "p" * 1001}],
        [{"content_type": "location"}],
        "yes",
    ],
)
def test_quick_replies_over_the_limits_are_refused(meta: Meta, replies: Any):
    assert error_of(meta.send({"text": "Well?", "quick_replies": replies})) == (400, 100, None)


def test_quick_replies_need_something_beside_them(meta: Meta):
    replies = [{"content_type": "text", "title": "Yes", "payload": "YES"}]
    assert error_of(meta.send({"quick_replies": replies})) == (400, 100, 2018034)


def test_a_reply_names_a_message_of_the_conversation(meta: Meta):
    mid = meta.simulator.write(STUDIO, meta.noor, "this one")
    meta.callback.received.clear()
    assert meta.direct({"text": "Yes"}, reply_to={"mid": mid}).status_code == 200
    assert received(meta, meta.noor)["reply_to"] == mid
    meta.simulator.settle()
    assert meta.callback.events[0]["message"]["reply_to"] == {"mid": mid}
    assert error_of(meta.send({"text": "Yes"}, reply_to={"mid": mid})) == (400, 100, None)


def test_a_reaction_shows_on_the_phone_and_makes_no_webhook(meta: Meta):
    mid = meta.simulator.write(PAGE, meta.amina, "thanks")
    meta.callback.received.clear()
    body = {"recipient": {"id": meta.amina}, "payload": {"message_id": mid, "reaction": "😀"}}
    assert meta.post("/fb/me/messages", json=body | {"sender_action": "react"}).json() == {"recipient_id": meta.amina}
    assert meta.simulator.messages(contact=meta.amina)[-1]["reaction"] == {"by": "account", "emoji": "😀"}
    assert meta.post("/fb/me/messages", json=body | {"sender_action": "UNREACT"}).status_code == 200
    assert meta.simulator.messages(contact=meta.amina)[-1]["reaction"] is None
    assert meta.simulator.settle() == 0
    body["payload"]["message_id"] = "m_unknown"
    assert error_of(meta.post("/fb/me/messages", json=body | {"sender_action": "react"})) == (400, 100, 2018048)


@pytest.mark.parametrize("action", ["typing_on", "typing_off", "mark_seen", "react"])
def test_sender_actions_need_an_open_window(meta: Meta, action: str):
    meta.simulator.advance(DAY + 1)
    body = {"recipient": {"id": meta.amina}, "sender_action": action}
    assert error_of(meta.post("/fb/me/messages", json=body)) == (400, 10, 2018278)


def test_marking_as_seen_empties_the_unread_count(meta: Meta):
    def unread() -> int:
        return meta.get(f"/fb/{PAGE}/conversations", fields="unread_count").json()["data"][0]["unread_count"]

    meta.send({"text": "On its way"})
    assert unread() == 1
    meta.post("/fb/me/messages", json={"recipient": {"id": meta.amina}, "sender_action": "mark_seen"})
    assert unread() == 0
    meta.simulator.write(PAGE, meta.amina, "and now?")
    assert unread() == 1


def template(kind: str, **payload: Any) -> dict[str, Any]:
    return attachment("template", template_type=kind, **payload)


BUTTON = {"type": "web_url", "url": "https://shop.example.test/o/1", "title": "Open"}


def test_a_button_template_is_a_card_on_both_networks(meta: Meta):
    for send, contact in ((meta.send, meta.amina), (meta.direct, meta.noor)):
        assert send(template("button", text="Your order", buttons=[BUTTON])).status_code == 200
        card = received(meta, contact)
        assert (card["title"], card["url"], card["button"]) == ("Your order", BUTTON["url"], "Open")
    assert error_of(meta.send(template("button", text="x" * 641, buttons=[BUTTON])))[:2] == (400, 100)


def test_a_media_template_shows_an_upload_on_messenger(meta: Meta):
    uploaded = upload(meta, "image", picture()).json()["attachment_id"]
    element = {"media_type": "image", "attachment_id": uploaded, "buttons": [BUTTON]}
    assert meta.send(template("media", elements=[element])).status_code == 200
    card = received(meta, meta.amina)
    assert (card["kind"], card["url"], card["attachments"][0]["type"]) == ("link", BUTTON["url"], "image")
    assert error_of(meta.direct(template("media", elements=[element]))) == (400, 100, 2534015)
    assert error_of(meta.send(template("media", elements=[{"media_type": "image", "url": "https://example.test/a"}])))[:2] == (400, 100)
    assert meta.send(template("media", elements=[{"media_type": "video", "url": "https://www.facebook.com/shop/videos/1"}])).status_code == 200


@pytest.mark.parametrize("network", ["messenger", "instagram"])
@pytest.mark.parametrize("message", [attachment("song", url="https://a.test"), attachment("image"), {"attachment": "image"}, attachment("image", url=7)])
def test_attachments_without_sense_are_refused(meta: Meta, network: str, message: dict):
    subcode = 2534015 if network == "instagram" else None
    assert error_of({"messenger": meta.send, "instagram": meta.direct}[network](message)) == (400, 100, subcode)


def test_the_builtin_files_are_what_they_say(meta: Meta):
    for name, kind in (("picture.png", "image"), ("voice.wav", "audio"), ("film.mp4", "video"), ("document.pdf", "file")):
        assert meta.client.get(f"/sim/{name}").content == sample(kind)
    with pytest.raises(ValueError, match="There is a sample of"):
        sample("song")


def test_players_may_ask_for_a_part_of_a_file(meta: Meta):
    response = meta.client.get("/sim/voice.wav", headers={"Range": "bytes=4-7"})
    assert (response.status_code, response.content) == (206, voice()[4:8])
    assert response.headers["content-range"] == f"bytes 4-7/{len(voice())}"


def test_a_document_is_downloaded_and_never_run(meta: Meta):
    meta.simulator.write(PAGE, meta.amina, media=[("file", b"<script>alert(1)</script>")])
    url = meta.callback.events[-1]["message"]["attachments"][0]["payload"]["url"]
    headers = meta.client.get(url).headers
    assert (headers["content-disposition"], headers["x-content-type-options"]) == ("attachment", "nosniff")


def test_through_the_page_an_upload_for_instagram_says_so(meta: Meta):
    form = {"message": json.dumps(attachment("video", is_reusable=True)), "platform": "instagram"}
    uploaded = meta.post(f"/fb/{PAGE}/message_attachments", data=form, files={"filedata": ("a.mp4", film(), "video/mp4")}).json()["attachment_id"]
    assert meta.send(attachment("video", attachment_id=uploaded), to=meta.lena).status_code == 200
    assert received(meta, meta.lena)["account"] == LINKED
