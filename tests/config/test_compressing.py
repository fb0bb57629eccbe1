"""What goes over the wire compressed, and what does not."""

import gzip

from django.core.files.uploadedfile import SimpleUploadedFile

from inbox.media import keep_upload
from tests.inbox.pictures import picture


def test_a_page_goes_compressed_to_who_understands_that(cast, sign_in):
    answer = sign_in(cast.bob).get("/conversations/", headers={"Accept-Encoding": "gzip"})
    assert answer["Content-Encoding"] == "gzip" and "Accept-Encoding" in answer["Vary"]
    assert "Inbox · Countersign" in gzip.decompress(answer.content).decode()


def test_a_page_goes_as_it_is_to_who_does_not_ask(cast, sign_in):
    answer = sign_in(cast.bob).get("/conversations/")
    assert "Content-Encoding" not in answer and "Inbox · Countersign" in answer.text


def test_files_keep_their_bytes_and_their_parts(cast, sign_in):
    kept = keep_upload(cast.shop, SimpleUploadedFile("cup.png", picture()), by=cast.bob)
    bob, address = sign_in(cast.bob), f"/media/{kept.public_id}/file/"
    whole = b"".join(bob.get(address, headers={"Accept-Encoding": "gzip"}).streaming_content)
    part = bob.get(address, headers={"Accept-Encoding": "gzip", "Range": "bytes=2-9"})
    assert "Content-Encoding" not in part and b"".join(part.streaming_content) == whole[2:10]
