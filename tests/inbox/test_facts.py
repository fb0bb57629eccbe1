"""What the inbox relies on at Meta and no other test says: docs/meta.md names the test of every fact."""

import json
import struct
import zlib
from datetime import timedelta

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from accounts.models import Account, AccountUsage
from core.clock import now
from core.fields import new_public_id
from graph.networks import Login, Network
from graph.webhooks import parse
from inbox.content import Content
from inbox.echo_mark import metadata_for, metadata_of
from inbox.errors import ContentRefused
from inbox.inspecting import MOST_PIXELS, picture
from inbox.media import keep_upload
from inbox.models import Dispatch, Message
from inbox.webhooks.door import LARGEST_BODY
from inbox.webhooks.store import Key, matching_token
from inbox.work import work_until_idle
from tests.inbox import pictures

PAGE, PSID, STUDIO = "104857600000001", "7300000000000011", "17841400000000042"


def _reply(cast, contact, text: str = "Hello") -> None:
    cast.conversation(contact).reply(Content(text=text), by=cast.bob, hold=timedelta(0))


# Sending ----------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("login", "page_id", "node"), [(Login.FACEBOOK, PAGE, PAGE), (Login.FACEBOOK, "", STUDIO), (Login.INSTAGRAM, PAGE, STUDIO), (Login.INSTAGRAM, "", STUDIO)]
)
def test_an_instagram_account_behind_a_page_is_called_at_the_page(login, page_id, node):
    assert Account(network=Network.INSTAGRAM, login=login, external_id=STUDIO, page_id=page_id).node == node


def test_our_mark_fits_into_the_metadata_and_is_found_in_it_again():
    """Meta returns fewer than 1,000 characters."""
    public_id = new_public_id()
    assert len(metadata_for(public_id)) < 100
    assert metadata_of(metadata_for(public_id)) == public_id
    assert metadata_of(public_id) == metadata_of("another app's") == ""


def _png(width: int, height: int) -> bytes:
    """A picture that claims this size; nobody unpacks it."""
    parts = [(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)), (b"IDAT", zlib.compress(b"")), (b"IEND", b"")]
    return b"\x89PNG\r\n\x1a\n" + b"".join(struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data)) for name, data in parts)


def test_a_picture_of_more_than_85_million_pixels_is_refused():
    assert MOST_PIXELS == 85_000_000
    assert picture(_png(8_500, 10_000)).width == 8_500
    with pytest.raises(ContentRefused, match="too many pixels"):
        picture(_png(8_501, 10_000))


def test_an_upload_that_meta_forgets_every_time_is_given_up(cast, clock):
    media = keep_upload(cast.shop, SimpleUploadedFile("a.png", pictures.picture()), by=cast.bob)
    cast.simulator.fault("error", code=100, subcode=2018074, times=None)
    cast.conversation(cast.amina).reply(Content(media=media), by=cast.bob, hold=timedelta(0))
    for _ in range(5):
        cast.settle()
        clock.shift(timedelta(minutes=1))
    assert (Dispatch.objects.get().state, Dispatch.objects.get().reason, cast.received(cast.amina)) == (Dispatch.State.FAILED, "media_rejected", [])


# Webhooks ---------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize(("mode", "app"), [("subscribe", 7), ("unsubscribe", None), ("", None), (None, None)])
def test_only_a_question_about_subscribing_is_answered(mode, app):
    query = {"hub.challenge": "1158201444", "hub.verify_token": "verify me"} | ({} if mode is None else {"hub.mode": mode})
    assert matching_token([Key(7, "secret", "verify me")], query) == app


def test_a_thousand_updates_in_one_body_are_small_enough_and_all_read():
    text = "Is this still in stock? I would like two of them, and the small one in blue if you have it. " * 4
    people = {"sender": {"id": PSID}, "recipient": {"id": PAGE}, "timestamp": 1794700000001}
    messages = [{**people, "message": {"mid": f"m_{number:0100}", "text": text}} for number in range(1000)]
    body = json.dumps({"object": "page", "entry": [{"id": PAGE, "time": 1794700000123, "messaging": [message]} for message in messages]}).encode()
    assert len(body) < LARGEST_BODY
    assert len({event.mid for event in parse(body)}) == 1000


def test_an_echo_that_names_no_app_and_no_mark_is_ours_by_what_it_says(cast):
    cast.simulator.set_echo(cast.shop.external_id, "never")
    cast.simulator.fault("drop_after")
    _reply(cast, cast.amina, "On its way")
    cast.settle()
    assert Dispatch.objects.get().state == Dispatch.State.UNKNOWN
    (sent,) = cast.received(cast.amina)
    people = {"sender": {"id": cast.shop.external_id}, "recipient": {"id": cast.amina.external_id}, "timestamp": sent["at"]}
    cast.simulator.announce(cast.shop.external_id, people | {"message": {"mid": sent["mid"], "text": "On its way", "is_echo": True}})
    work_until_idle("ingest")
    assert (Dispatch.objects.get().state, Message.objects.filter(direction="out").count()) == (Dispatch.State.SENT, 1)


def test_on_instagram_one_read_message_covers_those_before_it(cast, clock):
    for text in ("One", "Two", "Three"):
        _reply(cast, cast.noor, text)
        cast.settle()
        clock.shift(timedelta(minutes=1))
    people = {"sender": {"id": cast.noor.external_id}, "recipient": {"id": cast.studio.external_id}, "timestamp": int(now().timestamp() * 1000)}
    cast.simulator.announce(cast.studio.external_id, people | {"read": {"mid": Message.objects.get(text="Two").mid}})
    work_until_idle("ingest")
    conversation = cast.conversation(cast.noor)
    found = {message.text: (conversation.was_delivered(message), conversation.was_read(message)) for message in conversation.messages.filter(direction="out")}
    assert found == {"One": (True, True), "Two": (True, True), "Three": (False, False)}


# Limits -----------------------------------------------------------------------------------------------------------
def test_a_thread_is_read_ever_more_rarely(cast, clock):
    cast.simulator.set_echo(cast.shop.external_id, "never")
    cast.simulator.fault("error_before")
    _reply(cast, cast.amina)
    work_until_idle("dispatch")
    reads = []
    for seconds in (1, 5, 3, 3, 20):
        clock.shift(timedelta(seconds=seconds))
        work_until_idle("settle")
        reads.append(sum(request["path"].endswith("/conversations") for request in cast.simulator.requests()))
    assert reads == [0, 1, 1, 2, 3]


@pytest.mark.parametrize("name", ["amina", "noor"])
def test_what_meta_says_of_its_allowances_is_noted_for_the_account_that_asked(cast, name):
    contact = getattr(cast, name)
    _reply(cast, contact)
    cast.settle()
    assert set(AccountUsage.objects.values_list("account", "kind")) == {(contact.account_id, "app")}
