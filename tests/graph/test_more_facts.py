"""More of what we rely on at Meta: what we send and ask for, and how its answers and webhooks are read. docs/meta.md names each."""

import json
from datetime import UTC, datetime
from typing import Any

import pytest

from graph.errors import MessageGone, WindowClosed, from_response
from graph.events import Commented, Delivered
from graph.networks import Network
from graph.payloads import Album, Link, Media, MediaKind, Outgoing, Text, message_body
from graph.webhooks import parse

from .meta import IG, IGSID, PAGE, PSID, SHOP, STUDIO, STUDIO_THROUGH_PAGE, Meta, client

IMAGE = Media(MediaKind.IMAGE, attachment_id="19")


@pytest.mark.parametrize(
    ("outgoing", "network", "holds"),
    [
        (Text("Hello"), Network.MESSENGER, "text"),
        (IMAGE, Network.MESSENGER, "attachment"),
        (Album((IMAGE, IMAGE)), Network.INSTAGRAM, "attachments"),
        (Link("https://shop.test", "Shop"), Network.MESSENGER, "attachment"),
        (Link("https://shop.test", "Shop", plain=True), Network.INSTAGRAM, "text"),
    ],
)
def test_one_call_holds_words_or_files_and_never_both(outgoing: Outgoing, network: Network, holds: str) -> None:
    message = message_body(outgoing, to=PSID, network=network, metadata="out:1")["message"]
    assert [name for name in ("text", "attachment", "attachments") if name in message] == [holds]


@pytest.mark.parametrize(
    ("account", "fields"),
    [(SHOP, "first_name,last_name,name,profile_pic"), (STUDIO, "name,username,profile_pic"), (STUDIO_THROUGH_PAGE, "name,username,profile_pic")],
)
def test_each_network_is_asked_for_what_it_knows_of_a_contact(account: dict[str, Any], fields: str) -> None:
    meta = Meta({"id": PSID})
    client(meta, account).contact(PSID)
    assert (meta.paths, meta.request.url.params["fields"]) == ([f"/{PSID}"], fields)


@pytest.mark.parametrize("sentence", ["Diese Nachricht wurde außerhalb des Zeitfensters gesendet.", "(#190) expired", "", "مرحبا", 7, None])
def test_the_language_of_metas_sentence_changes_nothing(sentence: object) -> None:
    for code, subcode, kind in ((10, 2534022, WindowClosed), (9000001, None, MessageGone)):
        body = {"error": {"message": sentence, "code": code, "error_subcode": subcode}}
        assert type(from_response(400, {}, json.dumps(body).encode(), sending=True)) is kind


def test_a_delivery_may_name_no_messages_and_count_as_it_once_did() -> None:
    event = {"sender": {"id": PSID}, "recipient": {"id": PAGE}, "delivery": {"watermark": "1794700000050", "seq": 37}}
    (found,) = parse(json.dumps({"object": "page", "entry": [{"id": PAGE, "time": 1794700000123, "messaging": [event]}]}).encode())
    assert isinstance(found, Delivered)
    assert (found.mids, found.until) == ((), datetime(2026, 11, 14, 23, 46, 40, 50_000, tzinfo=UTC))


@pytest.mark.parametrize("key", ["id", "comment_id"])
def test_an_instagram_comment_has_its_id_under_one_of_two_names(key: str) -> None:
    change = {"field": "comments", "value": {key: 18010000000000001, "from": {"id": IGSID, "username": "ann"}, "text": "price?"}}
    (event,) = parse(json.dumps({"object": "instagram", "entry": [{"id": IG, "time": 1794700000, "changes": [change]}]}).encode())
    assert isinstance(event, Commented)
    assert event.comment_id == "18010000000000001"
