"""What Meta itself tells: policy, the test button, and people who leave."""

import base64
import hashlib
import hmac
import json
from typing import Any
from urllib.parse import parse_qs

import pytest

from .conftest import APP, PAGE, SECRET, STUDIO, Meta, error_of

GONE, DELETE = "http://product.test/meta/deauthorise/", "http://product.test/meta/deletion/"


@pytest.fixture
def addresses(meta: Meta) -> None:
    meta.simulator.add_app(APP, SECRET, "verify-me", "http://product.test/webhooks/meta/", deauthorise_url=GONE, deletion_url=DELETE)


def signed(body: bytes) -> dict[str, Any]:
    """As a product reads it: the signature first."""
    signature, _, payload = parse_qs(body.decode())["signed_request"][0].partition(".")
    expected = hmac.new(SECRET.encode(), payload.encode(), hashlib.sha256).digest()
    assert signature == base64.urlsafe_b64encode(expected).decode().rstrip("=")
    return json.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))


def test_a_warning_is_told_and_changes_nothing(meta: Meta):
    meta.simulator.enforce_policy(PAGE, "warning", "Too many links")
    event = meta.callback.events[0]
    assert event["policy_enforcement"] == {"action": "warning", "reason": "Too many links"}
    assert "sender" not in event
    assert meta.send({"text": "a"}).status_code == 200


@pytest.mark.parametrize(("account", "error"), [(PAGE, (400, 10, 1893063)), (STUDIO, (400, 100, 2534029))])
def test_a_block_stops_sends_until_it_is_lifted(meta: Meta, account: str, error: tuple):
    send = meta.send if account == PAGE else meta.direct
    meta.simulator.enforce_policy(account, "block")
    assert error_of(send({"text": "a"})) == error
    meta.simulator.enforce_policy(account, "unblock")
    assert send({"text": "a"}).status_code == 200
    with pytest.raises(ValueError, match="An action is one of"):
        meta.simulator.enforce_policy(account, "shout")


def test_the_test_button_posts_every_form_signed(meta: Meta):
    assert (meta.simulator.test_button(PAGE), meta.simulator.test_button(STUDIO)) == (1, 3)
    page, *instagram = (json.loads(body) for _, body, _ in meta.callback.received)
    assert page["entry"][0]["changes"][0]["value"]["message"]["commands"] == [{"name": "command123"}, {"name": "command456"}]
    assert [body.get("entry", [{}])[0].get("id") for body in instagram] == ["0", "0", None]
    assert instagram[2]["field"] == "messages"
    assert instagram[0]["entry"][0]["changes"][0]["value"]["timestamp"] == "1527459824"
    for _, body, headers in meta.callback.received:
        assert headers["X-Hub-Signature-256"] == "sha256=" + hmac.new(SECRET.encode(), body, hashlib.sha256).hexdigest()


def test_who_removes_the_app_is_told_to_it_and_their_tokens_die(meta: Meta, addresses):
    alice = meta.simulator.add_person("Alice", APP, [PAGE])
    page = meta.get("/fb/me/accounts", token=alice["token"]).json()["data"][0]["access_token"]
    meta.simulator.deauthorise(APP, alice["id"])
    url, body, headers = meta.callback.received[-1]
    assert (url, headers["Content-Type"]) == (GONE, "application/x-www-form-urlencoded")
    assert signed(body) == {"user_id": alice["id"], "algorithm": "HMAC-SHA256", "issued_at": 1_794_700_000}
    assert error_of(meta.get("/fb/me", token=alice["token"])) == (400, 190, 458)
    assert error_of(meta.get("/fb/me", token=page)) == (400, 190, 458)
    assert meta.send({"text": "a"}).status_code == 200


def test_an_instagram_account_is_its_own_person(meta: Meta, addresses):
    meta.simulator.deauthorise(APP, STUDIO)
    assert error_of(meta.direct({"text": "a"})) == (400, 190, 458)


def test_a_deletion_request_brings_the_products_answer(meta: Meta, addresses):
    answer = {"url": "http://product.test/deletion/abc", "confirmation_code": "abc"}
    meta.simulator._post = lambda url, body, headers: (200, json.dumps(answer).encode()) if signed(body)["user_id"] == "77" else (400, b"")
    told = meta.simulator.request_deletion(APP, "77")
    assert (told["status"], json.loads(told["answer"])) == (200, answer)


def test_without_an_address_nobody_can_be_told(meta: Meta):
    with pytest.raises(ValueError, match="deauthorise_url"):
        meta.simulator.deauthorise(APP, "77")
