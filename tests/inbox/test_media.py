"""Pictures that we send: recognised by content, kept as bytes, uploaded from our copy."""

import hashlib
import io

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from PIL import Image

from inbox.content import Content
from inbox.errors import ContentRefused, NotAllowed
from inbox.media import keep_address, keep_upload
from inbox.models import MediaFile
from inbox.work import work_until_idle


def picture(kind: str = "PNG", size: tuple[int, int] = (8, 6)) -> bytes:
    buffer = io.BytesIO()
    Image.new("RGB", size, "teal").save(buffer, kind)
    return buffer.getvalue()


def _upload(content: bytes, name: str = "cat.png") -> SimpleUploadedFile:
    return SimpleUploadedFile(name, content, "application/octet-stream")


@pytest.mark.parametrize("name", ["amina", "noor"])
def test_the_bytes_that_were_chosen_are_the_bytes_that_meta_gets(cast, name):
    contact, content = getattr(cast, name), picture("JPEG")
    media = keep_upload(contact.account, _upload(content), by=cast.bob)
    cast.conversation(contact).reply(Content(media=media), by=cast.bob)
    cast.settle()
    received = cast.received(contact)
    assert [(each["kind"], each["sha256"]) for each in received] == [("image", hashlib.sha256(content).hexdigest())]
    media.refresh_from_db()
    assert (media.mime, media.width, media.height) == ("image/jpeg", 8, 6)


def test_a_second_message_with_the_same_picture_uploads_nothing_again(cast):
    media = keep_upload(cast.shop, _upload(picture()), by=cast.bob)
    for _ in range(2):
        media.refresh_from_db()
        cast.conversation(cast.amina).reply(Content(media=media), by=cast.bob)
        cast.settle()
    uploads = [request for request in cast.simulator.requests() if "message_attachments" in request["path"]]
    assert (len(cast.received(cast.amina)), len(uploads)) == (2, 1)


@pytest.mark.parametrize("content", [b"", b"hello", b"<svg xmlns='http://www.w3.org/2000/svg'/>", picture()[:30]])
def test_what_is_no_picture_is_refused(cast, content):
    with pytest.raises(ContentRefused):
        keep_upload(cast.shop, _upload(content), by=cast.bob)
    assert not MediaFile.objects.exists()


def test_a_gif_goes_to_messenger_and_not_to_instagram(cast):
    assert keep_upload(cast.shop, _upload(picture("GIF")), by=cast.bob).mime == "image/gif"
    with pytest.raises(ContentRefused, match="PNG and JPEG"):
        keep_upload(cast.studio, _upload(picture("GIF")), by=cast.bob)


def test_a_picture_that_is_too_large_is_refused(cast):
    with pytest.raises(ContentRefused):
        keep_upload(cast.shop, _upload(picture() + b"\0" * (8 * 1024 * 1024)), by=cast.bob)


@pytest.mark.parametrize("who", ["charlie", "dana"])
def test_who_may_not_write_keeps_no_picture(cast, who):
    with pytest.raises(NotAllowed):
        keep_upload(cast.shop, _upload(picture()), by=getattr(cast, who))
    with pytest.raises(NotAllowed):
        keep_address(cast.shop, "https://example.com/a.png", by=getattr(cast, who))


def test_an_address_inside_ends_as_failed_with_a_sentence(cast):
    media = keep_address(cast.shop, "http://127.0.0.1:9/a.png", by=cast.bob)
    work_until_idle("fetch")
    media.refresh_from_db()
    assert media.state == MediaFile.State.FAILED
    assert "private network" in media.error


def test_a_picture_that_is_not_ready_is_not_sent(cast):
    media = keep_address(cast.shop, "http://127.0.0.1:9/a.png", by=cast.bob)
    with pytest.raises(ContentRefused, match="not ready"):
        cast.conversation(cast.amina).reply(Content(media=media), by=cast.bob)


