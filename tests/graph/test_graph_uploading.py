"""Giving Meta a file before it is sent."""

import json
from typing import Any

import pytest

from graph.errors import NotFound, Unavailable
from graph.payloads import MediaKind

from .meta import IG, SHOP, STUDIO, STUDIO_THROUGH_PAGE, Meta, Script, client, error


@pytest.mark.parametrize("kind", MediaKind)
@pytest.mark.parametrize(("account", "platform"), [(SHOP, None), (STUDIO_THROUGH_PAGE, "instagram"), (STUDIO, None)])
def test_a_file_is_uploaded_to_be_used_again(account: dict[str, Any], platform: str | None, kind: MediaKind) -> None:
    meta = Meta({"attachment_id": 1900000000000123})
    found = client(meta, account).upload(b"\x89PNG", kind=kind, name='caf\u00e9 "1".png', mime="image/png")
    assert found.attachment_id == "1900000000000123"
    assert meta.paths == [f"/{account['node']}/message_attachments"]
    assert meta.request.url.params.get("platform") == platform
    assert f'{{"attachment": {{"type": "{kind.value}", "payload": {{"is_reusable": true}}}}}}'.encode() in meta.request.content
    assert b'name="filedata"; filename="caf___1_.png"\r\nContent-Type: image/png\r\n\r\n\x89PNG' in meta.request.content


@pytest.mark.parametrize(("account", "platform"), [(SHOP, None), (STUDIO_THROUGH_PAGE, "instagram"), (STUDIO, None)])
def test_meta_can_fetch_a_file_to_be_used_again(account: dict[str, Any], platform: str | None) -> None:
    meta = Meta({"attachment_id": "19"})
    assert client(meta, account).upload_from("https://cdn.test/a.mp4", kind=MediaKind.VIDEO).attachment_id == "19"
    assert (meta.paths, meta.request.url.params.get("platform")) == ([f"/{account['node']}/message_attachments"], platform)
    payload = {"url": "https://cdn.test/a.mp4", "is_reusable": True}
    assert json.loads(meta.request.content) == {"message": {"attachment": {"type": "video", "payload": payload}}}


@pytest.mark.parametrize("unknown", [error(2500), error(100, 33)])
def test_the_other_address_of_uploads_is_tried_once_on_instagrams_own_host(unknown: Any) -> None:
    meta = Script(unknown, {"attachment_id": "19"})
    assert client(meta, STUDIO).upload(b"x", kind=MediaKind.IMAGE, name="a.png", mime="image/png").attachment_id == "19"
    assert meta.paths == [f"/{IG}/message_attachments", f"/{IG}/messageattachments"]
    assert b"filedata" in meta.requests[1].content
    with pytest.raises(NotFound):
        client(Script(unknown, unknown), STUDIO).upload_from("https://cdn.test/a", kind=MediaKind.FILE)
    with pytest.raises(NotFound):
        client(Script(unknown), STUDIO_THROUGH_PAGE).upload_from("https://cdn.test/a", kind=MediaKind.FILE)


def test_an_upload_that_gives_no_id_can_be_tried_again() -> None:
    with pytest.raises(Unavailable):
        client(Meta({})).upload(b"x", kind=MediaKind.IMAGE, name="", mime="image/png")


@pytest.mark.parametrize("mime", ["", "image", "image/png\r\nX-More: 1", "image/\u00e9"])
def test_a_media_type_cannot_carry_more_than_itself(mime: str) -> None:
    meta = Meta({"attachment_id": "19"})
    with pytest.raises(ValueError, match="media type"):
        client(meta).upload(b"x", kind=MediaKind.IMAGE, name="a.png", mime=mime)
    assert meta.requests == []
