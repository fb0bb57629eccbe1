"""Whatever is turned away at Meta's door leaves a count and nothing else, and a flood of it is no load on the database."""

import asyncio
import logging
import threading
from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from core.clock import now
from graph.signatures import sign
from inbox.models import RefusedDelivery, WebhookDelivery
from inbox.webhooks import refusals as module
from inbox.webhooks.door import LARGEST_BODY, WebhookDoor
from inbox.webhooks.refusals import Refusals
from inbox.webhooks.store import signing_keys
from tests.config.asgi import Call

pytestmark = pytest.mark.django_db(transaction=True, serialized_rollback=True)
SECRET = "app-secret"
Reason = RefusedDelivery.Reason


@pytest.fixture
def refused() -> Refusals:
    return Refusals()


@pytest.fixture
def door(transactional_db, refused) -> WebhookDoor:
    from accounts.models import MetaApp

    MetaApp.objects.create(kind="facebook", app_id="1", secret=SECRET, verify_token="open-sesame")
    return WebhookDoor(refused)


@pytest.fixture
def looks(monkeypatch) -> list[str]:
    """One entry for each time that the door asked the database for the apps' keys."""
    found: list[str] = []

    def look():
        found.append("keys")
        return signing_keys()

    monkeypatch.setattr("inbox.webhooks.door.signing_keys", look)
    return found


async def post(door, body: bytes, *, signature: str | None = None, length: int | None = None, hang_up: bool = False) -> tuple[int, dict, bytes]:
    headers = [("x-hub-signature-256", signature)] if signature else []
    headers += [("content-length", str(length))] if length is not None else []
    call = Call(door, "/webhooks/meta/", method="POST", headers=headers)
    call.feed(body, more=hang_up)
    if hang_up:
        call.hang_up()
    return await call.answer()


def counted(refused: Refusals) -> dict[str, tuple[int, int]]:
    refused.write_down()
    return {row.reason: (row.number, row.largest) for row in RefusedDelivery.objects.all()}


@pytest.mark.parametrize(
    ("how", "status", "reason"),
    [
        ({"body": b"{}"}, 401, Reason.UNSIGNED),
        ({"body": b"{}", "signature": "sha256=00"}, 401, Reason.MIS_SIGNED),
        ({"body": b"{}", "signature": sign("another", b"{}")}, 401, Reason.MIS_SIGNED),
        ({"body": b"hello", "signature": sign(SECRET, b"hello")}, 400, Reason.NOT_JSON),
        ({"body": b"{", "hang_up": True}, 400, Reason.BROKEN_OFF),
        ({"body": b"x" * (LARGEST_BODY + 1)}, 413, Reason.TOO_LARGE),
    ],
    ids=["unsigned", "forged", "by another", "not JSON", "broken off", "too large"],
)
def test_a_body_that_is_turned_away_is_counted_with_its_size(door, refused, how, status, reason):
    assert asyncio.run(post(door, **how))[0] == status
    assert counted(refused) == {reason: (1, len(how["body"]))}
    assert not WebhookDelivery.objects.exists()


def test_a_body_that_is_announced_as_too_large_is_not_read(door, refused):
    async def announced():
        call = Call(door, "/webhooks/meta/", method="POST", headers=[("content-length", str(10**30))])
        return await call.answer()  # nothing was fed: whoever waits for a body waits for ever

    status, headers, _body = asyncio.run(announced())
    assert (status, headers[b"connection"]) == (413, b"close")
    assert counted(refused) == {Reason.TOO_LARGE: (1, 2**31 - 1)}


@pytest.mark.parametrize(("query", "number"), [("hub.mode=subscribe&hub.challenge=1&hub.verify_token=wrong", 1), ("", 0), ("a=b", 0)])
def test_a_handshake_with_a_wrong_token_is_counted_and_a_passer_by_is_not(door, refused, query, number):
    async def asked():
        sent = []

        async def send(message):
            sent.append(message)

        await door({"type": "http", "method": "GET", "query_string": query.encode(), "headers": []}, None, send)
        return sent[0]["status"]

    assert asyncio.run(asked()) == 403
    assert counted(refused).get(Reason.WRONG_TOKEN, (0, 0))[0] == number


def test_what_is_accepted_is_not_counted(door, refused):
    body = b'{"object":"page","entry":[]}'
    assert asyncio.run(post(door, body, signature=sign(SECRET, body)))[0] == 200
    assert counted(refused) == {}


def test_each_hour_and_reason_has_one_row_that_grows(refused, clock):
    for size in (10, 300, 20):
        refused.note(Reason.UNSIGNED, size=size)
        assert counted(refused)
    refused.note(Reason.MIS_SIGNED, size=5)
    clock.shift(timedelta(hours=1))
    refused.note(Reason.UNSIGNED, size=1)
    refused.write_down()
    rows = RefusedDelivery.objects.order_by("hour", "reason").values_list("reason", "number", "largest")
    assert list(rows) == [(Reason.MIS_SIGNED, 1, 5), (Reason.UNSIGNED, 3, 300), (Reason.UNSIGNED, 1, 1)]
    assert RefusedDelivery.objects.latest("hour").last_at <= now()


def test_two_processes_add_to_the_same_row(refused):
    other = Refusals()
    for tally, size in ((refused, 7), (other, 9)):
        tally.note(Reason.UNSIGNED, size=size)
        tally.write_down()
    assert counted(refused) == {Reason.UNSIGNED: (2, 9)}


def test_a_flood_of_forgeries_is_one_look_at_the_keys_and_one_row(door, refused, looks):
    async def flood():
        calls = [post(door, b"{}", signature=f"sha256={number:064x}") for number in range(300)]
        return {status for status, _headers, _body in await asyncio.gather(*calls)}

    assert asyncio.run(flood()) == {401}
    assert looks == ["keys"]
    with CaptureQueriesContext(connection) as captured:
        assert counted(refused) == {Reason.MIS_SIGNED: (300, 2)}
    assert len(captured) <= 8


def test_a_flood_of_wrong_tokens_is_one_look_at_the_keys(door, refused, looks):
    async def flood():
        async def one(number: int):
            async def send(message):
                return None

            query = f"hub.mode=subscribe&hub.challenge=1&hub.verify_token=guess{number}".encode()
            await door({"type": "http", "method": "GET", "query_string": query, "headers": []}, None, send)

        await asyncio.gather(*[one(number) for number in range(100)])

    asyncio.run(flood())
    assert looks == ["keys"]
    assert counted(refused) == {Reason.WRONG_TOKEN: (100, 0)}


def test_the_thread_writes_by_itself_and_loses_nothing_when_it_ends(refused, monkeypatch):
    written = threading.Event()

    def store(counted, store=module._store):
        store(counted)
        written.set()

    monkeypatch.setattr(module, "_store", store)
    monkeypatch.setattr(module, "PAUSE", 3600)  # what comes after the first write waits for the end
    refused.start()
    refused.note(Reason.UNSIGNED)
    assert written.wait(10)
    for _ in range(5):
        refused.note(Reason.UNSIGNED)
    refused.stop()
    assert RefusedDelivery.objects.get().number == 6


def test_what_cannot_be_written_stays_counted(refused, monkeypatch, caplog):
    def locked(counted):
        raise OSError("database is locked")

    refused.note(Reason.UNSIGNED, size=3)
    with monkeypatch.context() as broken:
        broken.setattr(module, "_store", locked)
        refused.write_down()
    refused.note(Reason.UNSIGNED, size=1)
    assert counted(refused) == {Reason.UNSIGNED: (2, 3)}
    assert "database is locked" not in caplog.text


def test_nothing_of_a_forgery_is_stored_or_logged(door, refused, caplog):
    caplog.set_level(logging.DEBUG)
    asyncio.run(post(door, b'{"MARKER-body": 1}', signature="sha256=MARKER-signature"))
    assert counted(refused)
    assert "MARKER" not in caplog.text + str(list(RefusedDelivery.objects.values()))
    assert "mis_signed: 1" in caplog.text
