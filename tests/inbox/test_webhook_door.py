"""Meta's door: handshake, signature, size, and 200 only after the body is durable."""

import asyncio
import json

import pytest
from asgiref.testing import ApplicationCommunicator

from graph.signatures import sign
from inbox.models import WebhookDelivery
from inbox.webhooks import store
from inbox.webhooks.door import LARGEST_BODY, WebhookDoor
from inbox.webhooks.refusals import Refusals
from inbox.webhooks.store import digest_of

pytestmark = pytest.mark.django_db(transaction=True, serialized_rollback=True)
SECRET = "app-secret"


@pytest.fixture
def app(transactional_db):
    from accounts.models import MetaApp

    return MetaApp.objects.create(kind="facebook", app_id="1", secret=SECRET, verify_token="open-sesame")


async def _ask(door, method="POST", body=b"", headers=(), query=b"") -> tuple[int, bytes]:
    scope = {"type": "http", "method": method, "path": "/webhooks/meta/", "query_string": query, "headers": list(headers)}
    caller = ApplicationCommunicator(door, scope)
    await caller.send_input({"type": "http.request", "body": body, "more_body": False})
    start = await caller.receive_output(10)
    answer = await caller.receive_output(10)
    return start["status"], answer["body"]


def _signed(body: bytes, secret: str = SECRET) -> list[tuple[bytes, bytes]]:
    return [(b"x-hub-signature-256", sign(secret, body).encode())]


def ask(*arguments, **more) -> tuple[int, bytes]:
    return asyncio.run(_ask(WebhookDoor(Refusals()), *arguments, **more))


def test_a_signed_body_is_stored_as_it_came(app):
    body = json.dumps({"object": "page", "entry": []}).encode()
    assert ask(body=body, headers=_signed(body))[0] == 200
    delivery = WebhookDelivery.objects.get()
    assert (bytes(delivery.body), delivery.meta_app, delivery.digest) == (body, app, digest_of(app.pk, body))


def test_the_same_body_twice_is_stored_once(app):
    body = b'{"object":"page","entry":[]}'
    for _ in range(2):
        assert ask(body=body, headers=_signed(body))[0] == 200
    assert WebhookDelivery.objects.count() == 1


@pytest.mark.parametrize("headers", [[], [(b"x-hub-signature-256", b"sha256=00")], _signed(b"{}", "another-secret")])
def test_an_unsigned_or_missigned_body_is_refused(app, headers):
    assert ask(body=b"{}", headers=headers)[0] == 401
    assert not WebhookDelivery.objects.exists()


def test_a_body_that_is_not_json_is_refused(app):
    assert ask(body=b"hello", headers=_signed(b"hello"))[0] == 400
    assert not WebhookDelivery.objects.exists()


def test_an_oversized_body_is_refused(app):
    body = b"x" * (LARGEST_BODY + 1)
    assert ask(body=body, headers=_signed(body))[0] == 413


def test_the_handshake_answers_the_challenge_to_the_right_token_only(app):
    query = b"hub.mode=subscribe&hub.challenge=1158201444&hub.verify_token="
    assert ask("GET", query=query + b"open-sesame") == (200, b"1158201444")
    assert ask("GET", query=query + b"wrong")[0] == 403
    app.refresh_from_db()
    assert app.handshake_at is not None


def test_other_methods_are_refused(app):
    assert ask("DELETE")[0] == 405


def test_a_body_that_cannot_be_stored_is_not_acknowledged(app, monkeypatch):
    body = b'{"object":"page","entry":[]}'

    def full_disk(*arguments, **more):
        raise OSError("No space left on device")

    # The database itself fails here; there is no honest way to fill a disk in a test.
    monkeypatch.setattr(store.WebhookDelivery.objects, "bulk_create", full_disk)
    assert ask(body=body, headers=_signed(body))[0] == 500
    monkeypatch.undo()
    assert ask(body=body, headers=_signed(body))[0] == 200
    assert WebhookDelivery.objects.count() == 1


def test_many_bodies_at_once_are_all_durable_before_their_answers(app):
    async def flood() -> list[int]:
        door = WebhookDoor(Refusals())
        bodies = [json.dumps({"object": "page", "entry": [], "n": number}).encode() for number in range(50)]
        return [status for status, _ in await asyncio.gather(*[_ask(door, body=body, headers=_signed(body)) for body in bodies])]

    assert set(asyncio.run(flood())) == {200}
    assert WebhookDelivery.objects.count() == 50
