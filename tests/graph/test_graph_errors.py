"""Every answer that Meta is known to give is sorted by what to do about it."""

import json
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from graph import errors
from graph.answers import Answer
from graph.errors import (
    AccountRestricted,
    ContactUnavailable,
    ContactUnknown,
    GraphError,
    MediaExpired,
    MediaRejected,
    MessageGone,
    MessagesSwitchedOff,
    NotFound,
    OutcomeUnknown,
    PermissionMissing,
    RateLimited,
    Rejected,
    ThreadBusy,
    ThreadHeldElsewhere,
    TokenInvalid,
    Unavailable,
    WindowClosed,
    from_response,
)


def answered(
    code: Any = None, subcode: Any = None, *, status: int = 400, sending: bool = True, **error: Any
) -> GraphError:
    fields = {"message": "x", "type": "OAuthException", "code": code, "error_subcode": subcode, **error}
    body = {"error": {name: value for name, value in fields.items() if value is not None}}
    return from_response(status, {}, json.dumps(body).encode(), sending=sending)


OUTAGE, BUSY = 500, 429
# Each row of Meta's table, with the status that it comes with; those marked observed are not on Meta's page, but were seen by others.
# Source: Meta, Messenger Platform, "Common error codes" (25 June 2026); Graph API, "Handling errors" and "Rate limits".
CODES: list[tuple[int, int | None, int, type[GraphError]]] = [
    # Tokens and permission
    *((190, subcode, 400, TokenInvalid) for subcode in (None, 458, 459, 460, 463, 464, 467, 492, 12345)),
    (190, None, 401, TokenInvalid),
    (102, None, 400, TokenInvalid),
    (104, None, 400, Rejected),
    (3, None, 400, PermissionMissing),
    *((10, None, status, PermissionMissing) for status in (400, 403)),
    *((code, None, status, PermissionMissing) for code in (200, 210, 299) for status in (400, 403)),
    *((200, subcode, 400, PermissionMissing) for subcode in (2018028, 2018027, 2018021)),
    (200, 2534041, 403, MessagesSwitchedOff),
    (10, 2534077, 400, PermissionMissing),
    (100, 2534013, 400, PermissionMissing),
    (36103, None, 400, Rejected),
    (230, None, 400, PermissionMissing),  # observed
    (2018247, None, 400, Rejected),
    (2018218, None, 400, Rejected),
    (100, 2018218, 400, Rejected),  # observed
    (9010, None, 400, Rejected),  # observed
    *((code, None, 400, Rejected) for code in range(2018389, 2018397)),
    # Window, consent, recipient state
    *((10, subcode, status, WindowClosed) for subcode in (2018278, 2018065, 2534022) for status in (400, 403)),
    (10, 2018108, 400, ContactUnavailable),
    (551, None, 400, ContactUnavailable),
    *((551, 1545041, status, ContactUnavailable) for status in (400, 500)),
    (200, 1545041, 400, ContactUnavailable),
    (100, 2018001, 400, ContactUnknown),
    (100, 2534014, 400, ContactUnknown),
    (10, 1893015, 400, Rejected),
    (10, 1404170, 400, Rejected),
    (10, 1893063, 400, AccountRestricted),
    (10, 2018336, 400, ContactUnavailable),
    (100, 2534029, 400, AccountRestricted),
    (100, 2534037, 400, ThreadHeldElsewhere),
    (2018300, None, 400, ThreadHeldElsewhere),
    (10, 2018300, 400, ThreadHeldElsewhere),
    (2018321, None, 400, ThreadBusy),
    *((code, None, 400, Rejected) for code in (2018171, 2018234)),
    *((code, None, 400, Rejected) for code in (10900, 10903)),  # observed
    (2022, None, 400, AccountRestricted),
    (368, None, 400, AccountRestricted),
    # Request content
    (100, None, 400, Rejected),
    (100, 33, 400, NotFound),
    *((100, subcode, 400, MediaRejected) for subcode in (2018008, 2018294, 2018047, 2018109)),
    (100, 2018074, 400, MediaExpired),
    *((100, subcode, 400, Rejected) for subcode in (2018014, 2018034, 2018164, 2018320, 2018328, 2534015, 2534025, 2534068)),
    (10303, None, 400, Rejected),
    (508, 2534122, 400, AccountRestricted),  # observed
    (506, None, 400, Rejected),
    (1609005, None, 400, Rejected),
    (9000001, None, 400, MessageGone),
    (2500, None, 400, NotFound),
    (2500, None, 404, NotFound),
    (2018048, None, 400, Rejected),  # observed
    (100, 2018048, 400, Rejected),
    (2, 2018344, OUTAGE, Rejected),
    *((code, None, 400, Rejected) for code in (*range(2071010, 2071026), *range(24001, 24006))),
    *((code, None, 400, Rejected) for code in (2018144, 2018154, 2018163, 2018166)),
    # Throttling and outages
    *((1, subcode, status, OutcomeUnknown) for subcode in (None, 99, 1357046) for status in (400, OUTAGE)),
    *((code, None, status, OutcomeUnknown) for code in (2, -1, -2) for status in (400, OUTAGE, 503)),
    *((4, subcode, status, RateLimited) for subcode in (None, 1349210, 1349211, 1349212) for status in (400, 403, BUSY)),
    (4, 2018354, 400, Rejected),
    (9, 2018352, 400, Rejected),
    *((code, None, status, RateLimited) for code in (17, 32, 341, 613) for status in (400, 403, BUSY)),
    (613, 2534040, 400, RateLimited),
    (613, 1893016, 400, Rejected),
    (613, 2018338, 400, AccountRestricted),
    *((code, None, 400, RateLimited) for code in (*range(80000, 80007), 80008, 80009, 80014, 80099)),
    (80100, None, 400, Rejected),
    (987, None, BUSY, RateLimited),  # observed
]


@pytest.mark.parametrize(("code", "subcode", "status", "expected"), CODES)
def test_a_code_is_sorted_by_what_to_do(code: int, subcode: int | None, status: int, expected: type[GraphError]) -> None:
    error = answered(code, subcode, status=status)
    assert type(error) is expected
    assert (error.code, error.subcode, error.status) == (code, subcode, status)


@pytest.mark.parametrize(("code", "subcode", "status", "expected"), CODES)
def test_a_failed_read_is_never_of_unknown_outcome(code: int, subcode: int | None, status: int, expected: type[GraphError]) -> None:
    found = type(answered(code, subcode, status=status, sending=False))
    assert found is (Unavailable if expected is OutcomeUnknown else expected)


def test_a_transient_link_error_is_a_restriction_all_the_same() -> None:
    assert type(answered(508, 2534122, is_transient=True)) is AccountRestricted


def test_an_upload_that_is_gone_is_a_rejected_medium_too() -> None:
    assert issubclass(MediaExpired, MediaRejected)
    assert issubclass(NotFound, Rejected)
    assert issubclass(MessageGone, Rejected)


def test_codes_are_read_from_text_too() -> None:
    assert type(answered("10", "2018278")) is WindowClosed


def test_a_closed_window_is_recognised_under_any_status() -> None:
    assert {type(answered(10, 2534022, status=status)) for status in (200, 400, 403, 500)} == {WindowClosed}


def test_a_transient_error_of_any_code_leaves_the_outcome_open() -> None:
    assert type(answered(987, is_transient=True)) is OutcomeUnknown
    assert type(answered(987, is_transient=True, sending=False)) is Unavailable
    assert type(answered(987, is_transient=False)) is Rejected


def test_a_status_speaks_where_the_code_does_not() -> None:
    assert type(answered(987, status=429)) is RateLimited
    assert type(answered(987, status=503)) is OutcomeUnknown
    assert type(answered(None, status=400)) is Rejected


@pytest.mark.parametrize("status", [200, 302, 400, 404, 429, 500, 502])
@pytest.mark.parametrize(
    "body", [b"", b"<html>Sorry</html>", b"Service Unavailable", b"[]", b'{"is_error": true}', b'{"error":"x"}']
)
def test_an_answer_without_a_readable_error_leaves_the_outcome_open(status: int, body: bytes) -> None:
    assert type(from_response(status, {}, body, sending=True)) is OutcomeUnknown
    assert type(from_response(status, {}, body, sending=False)) is Unavailable


@pytest.mark.parametrize(
    ("data", "told"),
    [
        ({"blame_field_specs": [["recipient"]]}, "field recipient"),
        ('{"blame_field_specs": [["message", "attachment"], ["tag"]]}', "field message.attachment, tag"),
    ],
)
def test_what_meta_blames_is_told(data: Any, told: str) -> None:
    error = answered(100, 33, error_data=data, error_user_title="Sorry", error_user_msg="Something is wrong.")
    assert str(error) == f"x (status 400, code 100/33, {told})"


@pytest.mark.parametrize("data", ["", "{", "7", "[]", [], 7, {"blame_field_specs": 7}, {"blame_field_specs": [7, [None, {}]]}])
def test_any_data_beside_an_error_is_survived(data: Any) -> None:
    assert "code 100" in str(answered(100, error_data=data))


def test_a_subcode_under_its_short_name_is_read() -> None:
    """`debug_token` writes it so."""
    body = {"error": {"code": 10, "subcode": 2534022}}
    assert type(from_response(400, {}, json.dumps(body).encode(), sending=True)) is WindowClosed


@pytest.mark.parametrize("status", [200, 400])
def test_the_flat_errors_of_instagrams_token_host_are_read(status: int) -> None:
    body = {"error_type": "OAuthException", "code": 400, "error_message": "Matching code was not found or was already used"}
    error = from_response(status, {}, json.dumps(body).encode(), sending=False)
    assert type(error) is Rejected
    assert str(error) == f"Matching code was not found or was already used (status {status}, code 400)"
    assert not Answer.read(status, {}, json.dumps(body).encode()).is_success


def test_the_trace_id_is_kept_and_told() -> None:
    error = answered(100, 33, fbtrace_id="AbCdEfGhIjK")
    assert error.trace_id == "AbCdEfGhIjK"
    assert str(error) == "x (status 400, code 100/33, trace AbCdEfGhIjK)"


def test_the_trace_id_is_taken_from_the_header_where_the_body_has_none() -> None:
    assert from_response(500, {"X-FB-Trace-ID": "HeAdEr"}, b"", sending=False).trace_id == "HeAdEr"


USAGE = json.dumps(
    {PAGE: [{"type": "messenger", "estimated_time_to_regain_access": 7}, {"type": "pages"}] for PAGE in "12"}
)


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({}, None),
        ({"Retry-After": "30"}, 30),
        ({"retry-after": "0"}, None),
        ({"Retry-After": "soon"}, None),
        ({"Retry-After": "9" * 30}, 86400),
        ({"X-Business-Use-Case-Usage": USAGE}, None),
        ({"Retry-After": "30", "X-Business-Use-Case-Usage": USAGE}, 30),
        ({"X-Business-Use-Case-Usage": "{"}, None),
        ({"X-Business-Use-Case-Usage": '{"1":{"a":1},"2":[7,null]}'}, None),
    ],
)
def test_meta_says_how_long_to_wait(headers: dict[str, str], seconds: float | None) -> None:
    error = from_response(400, headers, b'{"error":{"code":80006}}', sending=True)
    assert isinstance(error, RateLimited)
    assert error.retry_at == seconds


def test_meta_may_name_a_date_instead() -> None:
    later = format_datetime(datetime.now(UTC) + timedelta(hours=1), usegmt=True)
    retry_at = from_response(429, {"Retry-After": later}, b'{"error":{"code":4}}', sending=True).retry_at
    assert retry_at is not None
    assert 0 < retry_at <= 3600


@pytest.mark.parametrize("secret", ["EAAexampletoken", "IGAAxyz", "1200000000000001|0123456789abcdef0123456789abcdef"])
def test_what_looks_like_a_token_is_not_repeated(secret: str) -> None:
    error = answered(190, message=f"Malformed access token {secret}")
    assert secret not in str(error)
    assert secret not in repr(error)
    assert "Malformed access token [removed]" in str(error)


def test_every_error_has_a_sentence_for_colleagues() -> None:
    classes = [each for each in vars(errors).values() if isinstance(each, type) and issubclass(each, GraphError)]
    assert len(classes) == 27
    assert all((each.__doc__ or "").endswith(".") for each in classes)


@settings(max_examples=200, deadline=None, database=None)
@given(
    body=st.binary()
    | st.recursive(st.none() | st.booleans() | st.integers() | st.text(), st.lists).map(
        lambda error: json.dumps({"error": error}).encode()
    ),
    status=st.integers(100, 599),
    header=st.text(max_size=30),
)
def test_any_answer_becomes_an_error(body: bytes, status: int, header: str) -> None:
    headers = {"Retry-After": header, "X-Business-Use-Case-Usage": header}
    assert isinstance(from_response(status, headers, body, sending=True), GraphError)
