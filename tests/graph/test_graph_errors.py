"""Every answer that Meta is known to give is sorted by what to do about it."""

import json
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from graph import errors
from graph.errors import (
    AccountRestricted,
    ContactUnavailable,
    ContactUnknown,
    GraphError,
    MediaRejected,
    OutcomeUnknown,
    PermissionMissing,
    RateLimited,
    Rejected,
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


CODES: list[tuple[int, int | None, type[GraphError]]] = [
    # Tokens and permission
    *((190, subcode, TokenInvalid) for subcode in (None, 458, 459, 460, 463, 464, 467, 492, 12345)),
    (102, None, TokenInvalid),
    (104, None, Rejected),
    (3, None, PermissionMissing),
    (10, None, PermissionMissing),
    *((code, None, PermissionMissing) for code in (200, 210, 230, 299)),
    *((200, subcode, PermissionMissing) for subcode in (2018028, 2018027, 2018021, 2534041)),
    (10, 2534077, PermissionMissing),
    (100, 2534013, PermissionMissing),
    *((code, None, Rejected) for code in (36103, 2018247, 2018218, 9010, *range(2018389, 2018397))),
    (100, 2018218, Rejected),
    # Window, consent, recipient state
    *((10, subcode, WindowClosed) for subcode in (2018278, 2018065, 2534022)),
    (10, 2018108, ContactUnavailable),
    (551, None, ContactUnavailable),
    (551, 1545041, ContactUnavailable),
    (200, 1545041, ContactUnavailable),
    (100, 2018001, ContactUnknown),
    (100, 2534014, ContactUnknown),
    (10, 1893015, Rejected),
    (10, 1404170, Rejected),
    (10, 1893063, AccountRestricted),
    (10, 2018336, PermissionMissing),
    (100, 2534029, AccountRestricted),
    (100, 2534037, ThreadHeldElsewhere),
    (2018300, None, ThreadHeldElsewhere),
    (2018321, None, ThreadHeldElsewhere),
    (10, 2018300, ThreadHeldElsewhere),
    *((code, None, Rejected) for code in (2018171, 2018234, 10900, 10903)),
    (2022, None, AccountRestricted),
    (368, None, AccountRestricted),
    # Request content
    (100, None, Rejected),
    (100, 33, Rejected),
    *((100, subcode, MediaRejected) for subcode in (2018008, 2018294, 2018047, 2018074, 2018109)),
    *((100, subcode, Rejected) for subcode in (2018014, 2018034, 2018164, 2018320, 2018328, 2534015, 2534025, 2534068)),
    *((code, None, Rejected) for code in (10303, 506, 1609005, 9000001, 2500, 2018048)),
    (508, 2534122, AccountRestricted),
    (2, 2018344, Rejected),
    *((code, None, Rejected) for code in (*range(2071010, 2071026), *range(24001, 24006))),
    *((code, None, Rejected) for code in (2018144, 2018154, 2018163, 2018166)),
    # Throttling and outages
    *((1, subcode, OutcomeUnknown) for subcode in (None, 99, 1357046)),
    *((code, None, OutcomeUnknown) for code in (2, -1, -2)),
    *((4, subcode, RateLimited) for subcode in (None, 1349210, 1349211, 1349212)),
    (4, 2018354, Rejected),
    (9, 2018352, Rejected),
    *((code, None, RateLimited) for code in (17, 32, 341, 613)),
    (613, 2534040, RateLimited),
    (613, 1893016, Rejected),
    (613, 2018338, AccountRestricted),
    *((code, None, RateLimited) for code in (*range(80000, 80007), 80008, 80009, 80014)),
]


@pytest.mark.parametrize(("code", "subcode", "expected"), CODES)
def test_a_code_is_sorted_by_what_to_do(code: int, subcode: int | None, expected: type[GraphError]) -> None:
    error = answered(code, subcode)
    assert type(error) is expected
    assert (error.code, error.subcode, error.status) == (code, subcode, 400)


@pytest.mark.parametrize(("code", "subcode", "expected"), CODES)
def test_a_failed_read_is_never_of_unknown_outcome(code: int, subcode: int | None, expected: type[GraphError]) -> None:
    assert type(answered(code, subcode, sending=False)) is (Unavailable if expected is OutcomeUnknown else expected)


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
        ({"X-Business-Use-Case-Usage": USAGE}, 420),
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
    assert len(classes) == 16
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
