"""Choosing a picture, waiting for it, sending it, and who may see its bytes."""

import io

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from PIL import Image

from inbox.models import MediaFile, Message
from inbox.work import work_until_idle
from tests.inbox.browsing import HTMX, page


def picture(kind: str = "PNG") -> SimpleUploadedFile:
    buffer = io.BytesIO()
    Image.new("RGB", (40, 30), "teal").save(buffer, kind)
    return SimpleUploadedFile(f"shelf.{kind.lower()}", buffer.getvalue())


def choose(cast, client, contact=None, **form):
    conversation = cast.conversation(contact or cast.amina)
    return client.post("/media/", {"conversation": conversation.public_id} | form, headers=HTMX)


@pytest.fixture
def media(cast, sign_in) -> MediaFile:
    assert choose(cast, sign_in(cast.bob), file=picture()).status_code == 200
    return MediaFile.objects.get()


def test_an_upload_is_shown_before_it_is_sent(cast, sign_in):
    response = choose(cast, sign_in(cast.bob), file=picture())
    media = MediaFile.objects.get()
    assert f"/media/{media.public_id}/file/" in response.text and f'name="media" value="{media.public_id}"' in response.text and "40 × 30" in response.text


def test_a_chosen_picture_is_sent(cast, sign_in, media):
    form = {"kind": "image", "media": media.public_id, "key": "k"}
    response = sign_in(cast.bob).post(f"{cast.conversation(cast.amina).get_absolute_url()}messages/", form, headers=HTMX)
    assert response.status_code == 200
    cast.settle()
    assert len(cast.received(cast.amina)) == 1
    assert f"/media/{media.public_id}/file/" in page(sign_in(cast.alice), cast.conversation(cast.amina).get_absolute_url())


def test_a_picture_of_another_account_cannot_be_sent(cast, sign_in, media):
    form = {"kind": "image", "media": media.public_id, "key": "k"}
    response = sign_in(cast.bob).post(f"{cast.conversation(cast.noor).get_absolute_url()}messages/", form, headers=HTMX)
    assert response.status_code == 422 and not Message.objects.filter(direction="out").exists()


def test_what_is_no_picture_is_refused_in_a_sentence(cast, sign_in):
    response = choose(cast, sign_in(cast.bob), file=SimpleUploadedFile("shelf.png", b"not a picture"))
    assert response.status_code == 422 and "not a picture that can be read" in response.text


def test_nothing_chosen_is_said(cast, sign_in):
    assert choose(cast, sign_in(cast.bob)).status_code == 422


def test_instagram_takes_no_gif_and_messenger_does(cast, sign_in):
    bob = sign_in(cast.bob)
    assert choose(cast, bob, cast.noor, file=picture("GIF")).status_code == 422
    assert choose(cast, bob, cast.amina, file=picture("GIF")).status_code == 200


def test_readers_and_strangers_cannot_choose(cast, sign_in):
    assert choose(cast, sign_in(cast.dana), file=picture()).status_code == 403
    assert choose(cast, sign_in(cast.charlie), file=picture()).status_code == 404
    assert not MediaFile.objects.exists()


def test_an_address_is_waited_for_and_its_error_stands_there(cast, sign_in):
    bob = sign_in(cast.bob)
    response = choose(cast, bob, address="http://127.0.0.1:1/shelf.png")
    assert 'hx-trigger="every 1s"' in response.text
    work_until_idle("fetch")
    media = MediaFile.objects.get()
    response = bob.get(f"/media/{media.public_id}/?conversation={cast.conversation(cast.amina).public_id}", headers=HTMX)
    assert "private network" in response.text and "http://127.0.0.1:1/shelf.png" in response.text and "every 1s" not in response.text


def test_bytes_go_to_those_who_may_read_the_account(cast, sign_in, media):
    response = sign_in(cast.dana).get(f"/media/{media.public_id}/file/")
    assert response.status_code == 200 and response["Content-Type"] == "image/png"
    assert response["X-Content-Type-Options"] == "nosniff"
    assert response["Cache-Control"].startswith("private")
    assert response["Content-Disposition"].startswith("inline")
    assert b"".join(response.streaming_content).startswith(b"\x89PNG")
    for part in ("", "file/"):
        assert sign_in(cast.charlie).get(f"/media/{media.public_id}/{part}").status_code == 404


def test_bytes_that_are_not_there_yet_are_404(cast, sign_in, media):
    MediaFile.objects.update(state=MediaFile.State.FETCHING)
    assert sign_in(cast.bob).get(f"/media/{media.public_id}/file/").status_code == 404
