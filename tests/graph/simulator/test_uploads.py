"""Attachments: uploaded, kept, shown, and gone when their time is over."""

import hashlib
import json

import httpx
import pytest

from graph.simulator.samples import picture

from .conftest import PAGE, STUDIO, Meta, error_of

MESSAGE = {"message": json.dumps({"attachment": {"type": "image", "payload": {"is_reusable": True}}})}
DAY = 24 * 3600


def upload(meta: Meta, content: bytes = picture(), path: str = f"/fb/{PAGE}/message_attachments", **more: str):
    files = {"filedata": ("a.png", content, "image/png")}
    return meta.post(path, data=MESSAGE, files=files, **more)


def image(attachment_id: str) -> dict:
    return {"attachment": {"type": "image", "payload": {"attachment_id": attachment_id}}}


def test_an_uploaded_image_is_sent_by_its_id(meta: Meta):
    attachment_id = upload(meta).json()["attachment_id"]
    assert meta.send(image(attachment_id)).status_code == 200
    message = meta.simulator.messages(direction="out")[0]
    assert (message["kind"], message["sha256"]) == ("image", hashlib.sha256(picture()).hexdigest())


@pytest.mark.parametrize("edge", ["message_attachments", "messageattachments"])
def test_both_spellings_of_the_edge_work(meta: Meta, edge: str):
    response = upload(meta, path=f"/ig/{STUDIO}/{edge}", token="IGAAstudio")
    assert meta.direct(image(response.json()["attachment_id"])).status_code == 200


def test_an_upload_may_name_a_url(meta: Meta):
    body = {"message": {"attachment": {"type": "image", "payload": {"url": meta.simulator.picture_url}}}}
    assert meta.post(f"/fb/{PAGE}/message_attachments", json=body).json()["attachment_id"]


def test_bytes_survive_multipart_exactly(meta: Meta):
    content = b"\x89PNG\r\n\x1a\n" + bytes(range(256)) + b"\r\n--\r\n\r\n"
    media = meta.simulator.shelf.find(upload(meta, content).json()["attachment_id"])
    assert media
    assert media.content == content


def test_an_id_belongs_to_the_account_that_uploaded_it(meta: Meta):
    attachment_id = upload(meta).json()["attachment_id"]
    assert error_of(meta.send(image(attachment_id), to=meta.lena)) == (400, 100, 2018074)
    through_page = upload(meta, path=f"/fb/{PAGE}/message_attachments?platform=instagram").json()["attachment_id"]
    assert meta.send(image(through_page), to=meta.lena).status_code == 200


def test_an_id_lasts_ninety_days(meta: Meta):
    attachment_id = upload(meta).json()["attachment_id"]
    meta.simulator.advance(90 * DAY + 1)
    meta.simulator.write(PAGE, meta.amina, "Hello again")
    assert error_of(meta.send(image(attachment_id))) == (400, 100, 2018074)


def test_what_is_no_image_is_refused(meta: Meta):
    assert error_of(upload(meta, b"<svg></svg>")) == (400, 100, 2018047)


def test_what_is_too_large_is_refused(meta: Meta):
    assert error_of(upload(meta, picture() + b"\0" * 8 * 1024 * 1024)) == (400, 100, 2018109)


def test_an_image_that_a_contact_sends_can_be_downloaded(meta: Meta):
    meta.simulator.write(PAGE, meta.amina, image=picture())
    url = meta.callback.events[-1]["message"]["attachments"][0]["payload"]["url"]
    response = meta.client.get(url)
    assert (response.content, response.headers["content-type"]) == (picture(), "image/png")


def test_its_url_dies_after_a_day_and_at_once_when_unsent(meta: Meta):
    old, new = (meta.simulator.write(PAGE, meta.amina, image=picture()) for _ in range(2))
    urls = [event["message"]["attachments"][0]["payload"]["url"] for event in meta.callback.events]
    meta.simulator.unsend(PAGE, meta.amina, new)
    meta.simulator.advance(DAY + 1)
    assert [meta.client.get(url).status_code for url in urls] == [403, 404]
    shown = next(message for message in meta.simulator.messages() if message["mid"] == old)
    assert meta.client.get(shown["picture"]).status_code == 200


def test_the_built_in_picture_is_a_png(meta: Meta):
    response: httpx.Response = meta.client.get("/sim/picture.png")
    assert response.content.startswith(b"\x89PNG")
