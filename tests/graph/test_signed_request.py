"""The signed field of Meta's calls about people."""

import base64
import hmac
import json
from datetime import UTC, datetime

import pytest

from graph.signed_request import LONGEST, BadSignedRequest, SignedRequest, read_signed_request

SECRET = "sim-app-secret-0001"


def b64(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).decode()


def signed(payload: object, *, secret: str = SECRET, padding: bool = False) -> str:
    body = b64(payload if isinstance(payload, bytes) else json.dumps(payload).encode())
    body = body if padding else body.rstrip("=")
    signature = b64(hmac.new(secret.encode(), body.encode(), "sha256").digest())
    return f"{signature if padding else signature.rstrip('=')}.{body}"


def said(**more: object) -> dict:
    return {"algorithm": "HMAC-SHA256", "user_id": "7300000000000011"} | more


@pytest.mark.parametrize("padding", [True, False])
@pytest.mark.parametrize("name", ["a", "ab", "abc", "abcd"])
def test_what_the_app_signed_is_read_with_and_without_padding(padding, name):
    assert read_signed_request(signed(said(name=name), padding=padding), secret=SECRET).user_id == "7300000000000011"


def test_it_is_the_known_one():
    # Computed apart from this code, with openssl.
    payload = "eyJhbGdvcml0aG0iOiJITUFDLVNIQTI1NiIsInVzZXJfaWQiOiI0MiIsImlzc3VlZF9hdCI6MTc5NDcwMDAwMH0"
    text = f"We9Hir8uAD2eqlSgLsxkBEB-Md8y5XswPNiF8rW8WwE.{payload}"
    assert read_signed_request(text, secret=SECRET) == SignedRequest("42", datetime.fromtimestamp(1794700000, UTC))


@pytest.mark.parametrize("user_id", ["7300000000000011", 7300000000000011])
def test_the_person_may_be_text_or_a_number(user_id):
    assert read_signed_request(signed(said(user_id=user_id)), secret=SECRET).user_id == "7300000000000011"


@pytest.mark.parametrize("issued_at", [1794700000, "1794700000"])
def test_when_it_was_issued_is_told_where_it_is_there(issued_at):
    assert read_signed_request(signed(said(issued_at=issued_at)), secret=SECRET).issued_at == datetime.fromtimestamp(1794700000, UTC)
    assert read_signed_request(signed(said()), secret=SECRET).issued_at is None


@pytest.mark.parametrize("algorithm", ["HMAC-SHA1", "none", "", None, 256])
def test_another_algorithm_is_refused(algorithm):
    with pytest.raises(BadSignedRequest, match="algorithm"):
        read_signed_request(signed(said(algorithm=algorithm)), secret=SECRET)


@pytest.mark.parametrize("user_id", ["", None, [], "1" * 41])
def test_who_names_nobody_is_refused(user_id):
    with pytest.raises(BadSignedRequest, match="nobody"):
        read_signed_request(signed(said(user_id=user_id)), secret=SECRET)


@pytest.mark.parametrize("payload", [b"", b"not json", b"[1]", b'"text"', b"\xff\xfe", b"[" * 4000])
def test_what_is_signed_and_no_object_is_refused(payload):
    with pytest.raises(BadSignedRequest):
        read_signed_request(signed(payload), secret=SECRET)


@pytest.mark.parametrize("text", ["", ".", "a.b", "..", "ä.ö", "no dot", "\ud800.\ud800", "=.=", signed(said(), secret="another"), "x" * (LONGEST + 1)])
def test_what_this_app_did_not_sign_is_refused(text):
    with pytest.raises(BadSignedRequest):
        read_signed_request(text, secret=SECRET)


def test_a_changed_payload_is_refused():
    signature, _dot, _payload = signed(said()).partition(".")
    _signature, _dot, other = signed(said(user_id="1")).partition(".")
    with pytest.raises(BadSignedRequest, match="signature"):
        read_signed_request(f"{signature}.{other}", secret=SECRET)


def test_without_a_secret_nothing_is_signed():
    with pytest.raises(BadSignedRequest):
        read_signed_request(signed(said(), secret=""), secret="")
