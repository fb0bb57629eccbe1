"""Choosing a picture, waiting for it, sending it, and who may see its bytes."""

import pytest
from django.core.files.base import ContentFile
from django.core.files.uploadedfile import SimpleUploadedFile

from core.clock import now
from inbox.models import MediaFile, Message
from inbox.work import work_until_idle
from tests.inbox.browsing import HTMX, page
from tests.inbox.uploads import choose as choose_in
from tests.inbox.uploads import pdf, picture


def choose(cast, client, contact=None, **form):
    return choose_in(client, cast.conversation(contact or cast.amina), **form)


@pytest.fixture
def media(cast, sign_in) -> MediaFile:
    assert choose(cast, sign_in(cast.bob), file=picture()).status_code == 200
    return MediaFile.objects.get()


def test_an_upload_is_shown_before_it_is_sent(cast, sign_in):
    response = choose(cast, sign_in(cast.bob), file=picture())
    media = MediaFile.objects.get()
    assert f"/media/{media.public_id}/file/" in response.text and f'name="media" value="{media.public_id}"' in response.text and "40 × 30" in response.text


def test_a_chosen_picture_is_sent(cast, sign_in, media):
    form = {"kind": "file", "media": media.public_id, "key": "k"}
    response = sign_in(cast.bob).post(f"{cast.conversation(cast.amina).get_absolute_url()}messages/", form, headers=HTMX)
    assert response.status_code == 200
    cast.settle()
    assert len(cast.received(cast.amina)) == 1
    assert f"/media/{media.public_id}/file/" in page(sign_in(cast.alice), cast.conversation(cast.amina).get_absolute_url())


def test_a_picture_of_another_account_cannot_be_sent(cast, sign_in, media):
    form = {"kind": "file", "media": media.public_id, "key": "k"}
    response = sign_in(cast.bob).post(f"{cast.conversation(cast.noor).get_absolute_url()}messages/", form, headers=HTMX)
    assert response.status_code == 422 and not Message.objects.filter(direction="out").exists()


def test_what_is_no_picture_is_refused_in_a_sentence(cast, sign_in):
    response = choose(cast, sign_in(cast.bob), file=SimpleUploadedFile("shelf.png", b"not a picture", "image/png"))
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


def test_any_kind_of_file_can_be_chosen_where_the_network_takes_it(cast, sign_in):
    bob = sign_in(cast.bob)
    response = choose(cast, bob, file=pdf())
    assert response.status_code == 200 and "price list.pdf" in response.text and 'name="media"' in response.text
    refused = choose(cast, bob, cast.noor, file=SimpleUploadedFile("notes.zip", b"PK\x03\x04", content_type="application/zip"))
    assert refused.status_code == 422 and "Instagram takes PDF files only." in refused.text and "notes.zip" in refused.text
    assert 'name="media"' not in refused.text


# The bytes -----------------------------------------------------------------------------------------------------------
def stored(cast, content: bytes = b"0123456789", mime: str = "video/mp4", *, by=None, **more) -> MediaFile:
    media = MediaFile(account=cast.shop, at=now(), by=by, mime=mime, size=len(content), sha256="ab" * 32, **more)
    media.file = media.file.storage.save("stored", ContentFile(content))
    media.save()
    return media


def ask(client, media, **headers):
    """The answer, with all its bytes read."""
    response = client.get(f"/media/{media.public_id}/file/", headers=headers)
    response.all = b"".join(response) if response.streaming else response.content
    return response


def test_bytes_go_to_those_who_may_read_the_account(cast, sign_in, media):
    response = ask(sign_in(cast.dana), media)
    assert response.status_code == 200 and response["Content-Type"] == "image/png"
    assert response["X-Content-Type-Options"] == "nosniff" and response["Content-Security-Policy"] == "sandbox; default-src 'none'"
    assert response["Cache-Control"] == "private, max-age=86400, immutable" and response["Accept-Ranges"] == "bytes"
    assert response["Content-Disposition"] == 'inline; filename="shelf.png"' and response["Content-Length"] == str(media.size)
    assert response.all.startswith(b"\x89PNG")
    for part in ("", "file/"):
        assert sign_in(cast.charlie).get(f"/media/{media.public_id}/{part}").status_code == 404


@pytest.mark.parametrize(("asked", "answered", "said"), [
    ("bytes=0-3", b"0123", "bytes 0-3/10"), ("bytes=4-", b"456789", "bytes 4-9/10"), ("bytes=-3", b"789", "bytes 7-9/10"),
    ("bytes=8-100", b"89", "bytes 8-9/10"), ("bytes=-100", b"0123456789", "bytes 0-9/10"), ("bytes=9-9", b"9", "bytes 9-9/10"),
])  # fmt: skip
def test_a_player_may_ask_for_a_part(cast, sign_in, asked, answered, said):
    response = ask(sign_in(cast.bob), stored(cast), Range=asked)
    assert (response.status_code, response["Content-Range"], response["Content-Length"]) == (206, said, str(len(answered)))
    assert response.all == answered


@pytest.mark.parametrize("asked", ["bytes=10-", "bytes=10-20", "bytes=-0", f"bytes={'9' * 18}-"])
def test_a_part_that_is_not_there_is_told_apart(cast, sign_in, asked):
    response = ask(sign_in(cast.bob), stored(cast), Range=asked)
    assert (response.status_code, response["Content-Range"]) == (416, "bytes */10")


@pytest.mark.parametrize("asked", ["bytes=5-2", "bytes=0-1,4-5", "bytes=-", "bytes=a-b", "lines=0-3", "bytes=٣-", f"bytes={'9' * 4000}-"])
def test_what_is_no_single_range_gets_the_whole(cast, sign_in, asked):
    response = ask(sign_in(cast.bob), stored(cast), Range=asked)
    assert response.status_code == 200 and response.all == b"0123456789"


def test_a_part_of_another_version_is_the_whole(cast, sign_in):
    bob, media = sign_in(cast.bob), stored(cast)
    tag = ask(bob, media)["ETag"]
    assert ask(bob, media, Range="bytes=0-1", **{"If-Range": '"other"'}).status_code == 200
    assert ask(bob, media, Range="bytes=0-1", **{"If-Range": tag}).status_code == 206


@pytest.mark.parametrize(("mime", "served", "how"), [
    ("image/webp", "image/webp", "inline"), ("video/quicktime", "video/quicktime", "inline"), ("audio/amr", "audio/amr", "inline"),
    ("application/pdf", "application/pdf", "attachment"), ("text/html", "application/octet-stream", "attachment"),
    ("image/svg+xml", "application/octet-stream", "attachment"), ("application/xhtml+xml", "application/octet-stream", "attachment"),
    ("", "application/octet-stream", "attachment"),
])  # fmt: skip
def test_a_browser_opens_only_what_it_cannot_run(cast, sign_in, mime, served, how):
    response = ask(sign_in(cast.bob), stored(cast, mime=mime))
    assert response["Content-Type"] == served and response["Content-Disposition"].startswith(f"{how}; filename=")


@pytest.mark.parametrize(("name", "saved"), [
    ("../../etc/passwd", 'filename="passwd.pdf"'),
    ('a"b\r\nX-Evil: 1.pdf', 'filename="a\\"bX-Evil: 1.pdf"'),
    ("Größe \u202e.pdf", "filename*=utf-8''Gr%C3%B6%C3%9Fe%20.pdf"),
    ("", 'filename="file.pdf"'), ("...", 'filename="file.pdf"'), ("C:\\Users\\me\\plan.pdf", 'filename="plan.pdf"'),
])  # fmt: skip
def test_a_file_is_saved_under_a_harmless_name(cast, sign_in, name, saved):
    response = ask(sign_in(cast.bob), stored(cast, mime="application/pdf", name=name))
    assert response["Content-Disposition"] == f"attachment; {saved}"


def test_a_copy_is_asked_for_each_time_because_it_may_be_unsent(cast, sign_in):
    bob, media = sign_in(cast.bob), stored(cast)
    response = ask(bob, media)
    assert response["Cache-Control"] == "private, no-cache"
    again = ask(bob, media, **{"If-None-Match": response["ETag"]})
    assert (again.status_code, again["Cache-Control"], again.all) == (304, "private, no-cache", b"")


def test_a_copy_of_what_was_unsent_is_gone(cast, sign_in):
    bob = sign_in(cast.bob)
    message = Message.objects.get(mid=cast.write(cast.amina, attachments=[{"type": "video", "payload": {"url": "https://cdn.example/one"}}]))
    media = message.attachments.get().media
    name = media.file.storage.save("copy", ContentFile(b"film"))
    MediaFile.objects.filter(pk=media.pk).update(state="ready", file=name, mime="video/mp4", size=4)
    assert ask(bob, media).status_code == 200
    cast.simulator.unsend(cast.shop.external_id, cast.amina.external_id, message.mid)
    work_until_idle("ingest")
    assert ask(bob, media).status_code == ask(bob, media, Range="bytes=0-1").status_code == 404


def test_bytes_that_are_not_there_yet_are_404(cast, sign_in, media):
    MediaFile.objects.update(state=MediaFile.State.FETCHING)
    assert sign_in(cast.bob).get(f"/media/{media.public_id}/file/").status_code == 404
