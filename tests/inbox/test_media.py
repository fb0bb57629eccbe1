"""Pictures that we send: recognised by content, kept as bytes, uploaded from our copy."""

import hashlib
import random
from contextlib import suppress
from datetime import timedelta

import pytest
from django.core.files.storage import storages
from django.core.files.uploadedfile import SimpleUploadedFile
from PIL import Image

from core.clock import now
from graph.payloads import MediaKind
from inbox.content import Content
from inbox.errors import ContentRefused, NotAllowed
from inbox.inspecting import looks_like
from inbox.media import fetch_now, inspect, keep_address, keep_upload
from inbox.models import MediaFile
from inbox.work import work_until_idle
from tests.inbox.pictures import picture


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


BROKEN = [b"", b"hello", b"<svg xmlns='http://www.w3.org/2000/svg'/>", picture()[:30]]


@pytest.mark.parametrize("content", BROKEN)
def test_what_is_no_picture_is_refused(cast, content):
    for account, claimed in ((cast.shop, "image/png"), (cast.studio, "application/octet-stream")):
        with pytest.raises(ContentRefused):
            keep_upload(account, SimpleUploadedFile("cat.png", content, claimed), by=cast.bob)
    assert not MediaFile.objects.exists()


@pytest.mark.parametrize("content", BROKEN)
def test_an_agent_proposes_pictures_and_nothing_else(cast, content):
    with pytest.raises(ContentRefused):
        inspect(content, cast.shop.network, only=MediaKind.IMAGE)
    assert inspect(picture(), cast.shop.network, only=MediaKind.IMAGE).mime == "image/png"


SAMPLES = {
    "video/mp4": b"\0\0\0\x18ftypisom\0\0\2\0isomiso2", "audio/mp4": b"\0\0\0\x18ftypM4A \0\0\2\0M4A mp42", "audio/wav": b"RIFF\x24\0\0\0WAVEfmt ",
    "audio/mpeg": b"ID3\4\0\0\0\0\0\0", "application/pdf": b"%PDF-1.7\n", "video/quicktime": b"\0\0\0\x14ftypqt  \0\0\0\0qt  ",
    "video/webm": b"\x1aE\xdf\xa3\1\0\0\0", "audio/aac": b"\xff\xf1P\x80\2\x1f\xfc",
}  # fmt: skip


@pytest.mark.parametrize("mime", SAMPLES)
def test_media_are_told_by_their_content(mime):
    assert looks_like(SAMPLES[mime], "text/html").mime == mime


def test_a_container_of_sound_alone_is_what_its_sender_says():
    assert looks_like(SAMPLES["video/webm"], "audio/webm").mime == "audio/webm"
    assert looks_like(b"anything", "application/x-thing").mime == "application/x-thing"
    assert looks_like(b"<html>", "text/html").mime == "application/octet-stream"


@pytest.mark.parametrize(
    ("mime", "on_instagram"),
    [("video/mp4", True), ("audio/wav", True), ("audio/mpeg", False), ("application/pdf", True), ("text/csv", False)],
)
def test_each_network_takes_its_own_kinds_of_files(cast, mime, on_instagram):
    file = SAMPLES.get(mime, b"a;b\n1;2\n")
    assert keep_upload(cast.shop, SimpleUploadedFile("it", file, mime), by=cast.bob).size == len(file)
    if on_instagram:
        assert keep_upload(cast.studio, SimpleUploadedFile("it", file, mime), by=cast.bob).mime == mime
    else:
        with pytest.raises(ContentRefused, match="Instagram takes"):
            keep_upload(cast.studio, SimpleUploadedFile("it", file, mime), by=cast.bob)


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


@pytest.mark.parametrize("kind", ["WEBP", "TIFF", "AVIF"])
def test_a_picture_of_another_kind_is_told_which_kinds_are_taken(cast, kind):
    with pytest.raises(ContentRefused, match="PNG, JPEG and GIF"):
        keep_upload(cast.shop, _upload(picture(kind)), by=cast.bob)


@pytest.mark.parametrize("kind", ["DDS", "ICO", "TGA", "PCX", "PPM"])
def test_kinds_that_nobody_needs_are_not_even_read(cast, kind):
    with pytest.raises(ContentRefused, match="not a picture that can be read"):
        inspect(picture(kind), cast.shop.network, claimed="image/x-icon")


def test_a_photograph_with_a_second_view_is_a_jpeg(cast):
    content = picture("MPO", save_all=True, append_images=[Image.new("RGB", (8, 6), "red")])
    assert keep_upload(cast.studio, _upload(content), by=cast.bob).mime == "image/jpeg"


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "GIF"])
def test_damaged_pictures_are_taken_or_refused_and_nothing_else(cast, kind):
    dice, whole = random.Random(3), picture(kind)
    for _ in range(300):
        damaged = bytearray(whole[: dice.randint(8, len(whole))])
        for _ in range(3):
            damaged[dice.randrange(len(damaged))] = dice.randrange(256)
        with suppress(ContentRefused):
            inspect(bytes(damaged), "messenger")


@pytest.mark.parametrize("url", ["", "file:///etc/passwd", "http://a\0b/", "http://example.com/\x01", "https://example.com/\ud800"])
def test_what_cannot_be_an_address_is_refused_at_once(cast, url):
    with pytest.raises(ContentRefused, match="not a web address"):
        keep_address(cast.shop, url, by=cast.bob)
    assert not MediaFile.objects.exists()


def test_an_address_ends_as_ready_with_the_bytes_it_showed(cast, window):
    media = keep_address(cast.shop, window.address, by=cast.bob)
    work_until_idle("fetch")
    assert _shown(media) == ("ready", window.shows)
    media.refresh_from_db()
    assert media.sha256 == hashlib.sha256(window.shows).hexdigest()


def test_an_address_without_a_picture_ends_as_failed(cast, window):
    window.shows = b""
    media = keep_address(cast.shop, window.address, by=cast.bob)
    work_until_idle("fetch")
    assert _shown(media) == ("failed", b"")
    media.refresh_from_db()
    assert "404" in media.error


def test_whatever_breaks_while_fetching_the_picture_does_not_stay_being_fetched(cast, window, settings, tmp_path, caplog):
    settings.MEDIA_ROOT = tmp_path / "file"
    settings.MEDIA_ROOT.write_text("There is no room for pictures in a file.")
    media = keep_address(cast.shop, window.address, by=cast.bob)
    work_until_idle("fetch")
    assert _shown(media) == ("failed", b"")
    media.refresh_from_db()
    assert media.error == "Something went wrong while this was fetched. Choose another file."
    assert media.public_id in caplog.text
    assert "hidden" not in caplog.text


@pytest.mark.parametrize("late", [picture(colour="red"), picture(), b""], ids=["another picture", "the same picture", "nothing"])
def test_a_fetcher_that_comes_too_late_changes_nothing_that_was_shown(cast, window, late):
    stalled = keep_address(cast.shop, window.address, by=cast.bob)
    work_until_idle("fetch")
    media = MediaFile.objects.get(pk=stalled.pk)
    shown = _shown(media)
    window.shows = late
    assert fetch_now(stalled) is False
    assert (_shown(media), _files(media)) == (shown, [media.file.name])


@pytest.mark.parametrize("late", [picture(colour="red"), b""], ids=["a picture", "nothing"])
def test_a_fetcher_that_lost_its_lease_leaves_the_row_to_the_next(cast, clock, window, late):
    stalled = keep_address(cast.shop, window.address, by=cast.bob)
    MediaFile.objects.update(lease_until=now() + timedelta(minutes=1))
    window.shows = late
    assert fetch_now(stalled) is False
    assert (_shown(stalled), _files(stalled)) == (("fetching", b""), [])
    clock.shift(timedelta(minutes=2))
    window.shows = picture()
    work_until_idle("fetch")
    assert _shown(stalled) == ("ready", picture())


def test_a_fetcher_that_holds_the_lease_settles_the_row(cast, window):
    held = keep_address(cast.shop, window.address, by=cast.bob)
    held.lease_until = now() + timedelta(minutes=1)
    held.save()
    work_until_idle("fetch")
    assert _shown(MediaFile.objects.get(pk=held.pk)) == ("fetching", b"")
    assert fetch_now(held) is True
    assert _shown(held) == ("ready", window.shows)


@pytest.mark.parametrize("late", [picture(colour="red"), b""], ids=["another picture", "nothing"])
def test_a_picture_that_was_fetched_is_never_fetched_again(cast, window, late):
    media = keep_address(cast.shop, window.address, by=cast.bob)
    work_until_idle("fetch")
    media.refresh_from_db()
    shown = _shown(media)
    window.shows = late
    assert fetch_now(media) is False
    assert _shown(media) == shown


def _shown(media: MediaFile) -> tuple[str, bytes]:
    row = MediaFile.objects.get(pk=media.pk)
    if not row.file:
        return row.state, b""
    with row.file.open() as file:
        return row.state, file.read()


def _files(media: MediaFile) -> list[str]:
    folder = media.account.public_id
    storage = storages["default"]
    return [f"{folder}/{name}" for name in storage.listdir(folder)[1]] if storage.exists(folder) else []
