"""Trouble on demand, and whether a message went out in spite of it."""

import httpx
import pytest

from .conftest import PAGE, STUDIO, Meta, error_of


def sent(meta: Meta) -> int:
    return len(meta.simulator.messages(direction="out"))


@pytest.mark.parametrize(
    ("kind", "error", "applied"),
    [
        ("error_before", (500, 2, None), 0),
        ("error_after", (500, 1, None), 1),
        ("ok_with_error", (200, 1, None), 0),
        ("rate_limited", (429, 613, None), 0),
        ("token_dead", (400, 190, 463), 0),
        ("restricted", (400, 10, 1893063), 0),
        ("window", (400, 10, 2018278), 0),
        ("unavailable", (400, 551, 1545041), 0),
        ("held_elsewhere", (400, 2018300, None), 0),
    ],
)
def test_a_fault_happens_once(meta: Meta, kind: str, error: tuple, applied: int):
    meta.simulator.fault(kind)
    assert error_of(meta.send({"text": "a"})) == error
    assert sent(meta) == applied
    assert meta.send({"text": "b"}).status_code == 200


@pytest.mark.parametrize(
    ("kind", "error"), [("restricted", (400, 100, 2534029)), ("held_elsewhere", (400, 100, 2534037))]
)
def test_instagram_has_its_own_words(meta: Meta, kind: str, error: tuple):
    meta.simulator.fault(kind, account=STUDIO)
    assert error_of(meta.direct({"text": "a"})) == error


def test_a_throttle_says_when_to_come_back(meta: Meta):
    meta.simulator.fault("rate_limited", seconds=90)
    assert meta.send({"text": "a"}).headers["retry-after"] == "90"


def test_an_html_page_is_no_answer(meta: Meta):
    meta.simulator.fault("html")
    response = meta.send({"text": "a"})
    assert response.status_code == 502
    assert response.text.startswith("<!DOCTYPE html>")
    assert sent(meta) == 0


def test_a_connection_can_drop_on_either_side(meta: Meta):
    meta.simulator.fault("drop_before")
    with pytest.raises(httpx.ConnectError):
        meta.send({"text": "a"})
    assert sent(meta) == 0
    meta.simulator.fault("drop_after")
    with pytest.raises(httpx.ReadError):
        meta.send({"text": "a"})
    assert sent(meta) == 1
    assert [request["status"] for request in meta.simulator.requests()] == [0, 0]


def test_a_slow_answer_is_a_timeout_for_the_impatient(meta: Meta):
    meta.simulator.fault("slow", seconds=31)
    with pytest.raises(httpx.ReadTimeout):
        meta.send({"text": "a"})
    meta.simulator.fault("slow", seconds=29)
    assert meta.send({"text": "b"}).status_code == 200
    assert sent(meta) == 2


def test_what_was_dropped_still_echoes(meta: Meta):
    meta.simulator.fault("drop_after")
    with pytest.raises(httpx.ReadError):
        meta.send({"text": "a", "metadata": "out:9"})
    meta.simulator.settle()
    assert meta.callback.events[0]["message"]["metadata"] == "out:9"


def test_a_fault_stays_with_its_account_and_route(meta: Meta):
    meta.simulator.fault("error_before", account=STUDIO)
    meta.simulator.fault("error_before", route="profile")
    assert meta.send({"text": "a"}).status_code == 200
    assert meta.direct({"text": "a"}).status_code == 500
    assert meta.get(f"/fb/{meta.amina}").status_code == 500


def test_a_fault_can_last_until_it_is_lifted(meta: Meta):
    meta.simulator.fault("token_dead", route="*", account=PAGE, times=None)
    assert [meta.get("/fb/me").status_code for _ in range(3)] == [400, 400, 400]
    meta.simulator.clear_faults()
    assert meta.get("/fb/me").status_code == 200


def test_a_refused_body_keeps_its_own_error(meta: Meta):
    meta.simulator.fault("window")
    assert error_of(meta.send({"text": ""})) == (400, 100, 2018034)


def test_an_unknown_fault_is_refused(meta: Meta):
    with pytest.raises(ValueError, match="A fault is one of"):
        meta.simulator.fault("earthquake")


def test_a_fault_can_wait_for_a_later_call(meta: Meta):
    meta.simulator.fault("error_before", after=2)
    assert [meta.send({"text": "a"}).status_code for _ in range(4)] == [200, 200, 500, 200]


@pytest.mark.parametrize(("code", "subcode", "status"), [(10, None, 400), (200, 2018028, 400), (368, None, 400), (2, None, 500), (80006, None, 403)])
def test_any_error_of_metas_table_can_be_had(meta: Meta, code: int, subcode: int | None, status: int):
    meta.simulator.fault("error", code=code, subcode=subcode, status=status if code == 80006 else None)
    assert error_of(meta.send({"text": "a"})) == (status, code, subcode)
    assert sent(meta) == 0


def test_an_error_needs_a_code(meta: Meta):
    with pytest.raises(ValueError, match="needs a code"):
        meta.simulator.fault("error")


def test_a_throttle_may_keep_silent_about_when_to_come_back(meta: Meta):
    meta.simulator.fault("rate_limited", seconds=0)
    response = meta.send({"text": "a"})
    assert response.status_code == 429
    assert "retry-after" not in response.headers
    meta.simulator.fault("rate_limited", code=80006, status=400)
    assert error_of(meta.send({"text": "a"})) == (400, 80006, None)


@pytest.mark.parametrize(
    ("kind", "status", "start", "applied"),
    [
        ("not_json", 200, "Service Unavailable", 0),
        ("not_json_after", 200, "Service Unavailable", 1),
        ("html", 502, "<!DOCTYPE html>", 0),
        ("html_after", 502, "<!DOCTYPE html>", 1),
        ("ok_with_error", 200, '{"error"', 0),
        ("ok_with_error_after", 200, '{"error"', 1),
    ],
)
def test_an_answer_can_be_spoiled_on_either_side(meta: Meta, kind: str, status: int, start: str, applied: int):
    meta.simulator.fault(kind)
    response = meta.send({"text": "a"})
    assert (response.status_code, response.text[: len(start)], sent(meta)) == (status, start, applied)


def test_a_two_hundred_can_carry_the_error_of_a_batch(meta: Meta):
    meta.simulator.fault("ok_with_error_after", code=1, subcode=1357046)
    assert error_of(meta.send({"text": "a"})) == (200, 1, 1357046)
    assert sent(meta) == 1


def test_too_much_is_asked_for_until_less_is(meta: Meta):
    meta.simulator.fault("too_much", route="conversations", most=5, times=None)
    assert error_of(meta.get(f"/fb/{PAGE}/conversations", limit="20")) == (500, 1, None)
    assert error_of(meta.get(f"/fb/{PAGE}/conversations")) == (500, 1, None)
    assert meta.get(f"/fb/{PAGE}/conversations", limit="5").status_code == 200


@pytest.mark.parametrize("route", ["accounts", "oauth", "debug_token"])
def test_token_routes_have_faults_too(meta: Meta, route: str):
    path = {"accounts": "me/accounts", "oauth": "oauth/access_token", "debug_token": "debug_token"}[route]
    meta.simulator.fault("html", route=route)
    assert meta.get(f"/fb/{path}").status_code == 502


def test_some_faults_end_while_others_last(meta: Meta):
    for kind in ("token_dead", "restricted"):
        meta.simulator.fault(kind, account=PAGE, times=None)
    meta.client.delete("/sim/faults?kind=token_dead&account=104857600000009")
    assert error_of(meta.send({"text": "a"}))[1] == 190
    meta.client.delete(f"/sim/faults?kind=token_dead&account={PAGE}")
    assert error_of(meta.send({"text": "a"}))[2] == 1893063
    meta.client.delete("/sim/faults")
    assert meta.send({"text": "a"}).status_code == 200
