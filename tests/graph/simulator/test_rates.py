"""Limits by count, for apps that ask for them, and the headers that announce them."""

import json
from typing import Any

import httpx
import pytest

from .conftest import APP, LINKED, PAGE, SECRET, STUDIO, Meta, error_of

HOUR, DAY = 3600, 24 * 3600


def limit(meta: Meta, limits: Any = True) -> None:
    meta.simulator.add_app(APP, SECRET, "verify-me", "http://product.test/webhooks/meta/", rate_limits=limits)


def usage(response: httpx.Response, account: str = PAGE) -> tuple[int, int, int]:
    business = json.loads(response.headers["x-business-use-case-usage"])[account][0]
    return json.loads(response.headers["x-app-usage"])["call_count"], business["call_count"], business["estimated_time_to_regain_access"]


def test_without_the_switch_nobody_counts(meta: Meta):
    for _ in range(20):
        meta.get(f"/fb/{PAGE}/conversations")
    assert meta.get(f"/fb/{PAGE}/conversations").status_code == 200
    assert "x-business-use-case-usage" not in meta.send({"text": "a"}).headers


def test_conversations_are_read_twice_a_second(meta: Meta):
    limit(meta)
    assert [meta.get(f"/fb/{PAGE}/conversations").status_code for _ in range(3)] == [200, 200, 400]
    assert meta.get(f"/fb/{PAGE}/conversations", platform="instagram").status_code == 200
    meta.simulator.advance(1)
    assert meta.get(f"/fb/{PAGE}/conversations").status_code == 200


@pytest.mark.parametrize(("kind", "most"), [("text", 300), ("audio", 10), ("video", 10)])
def test_sends_have_a_rate_by_their_kind(meta: Meta, kind: str, most: int):
    limit(meta, {"day": 1000, "app": 1000})
    attachment = {"type": kind, "payload": {"url": f"http://127.0.0.1:8900/sim/{'voice.wav' if kind == 'audio' else 'film.mp4'}"}}
    message = {"text": "a"} if kind == "text" else {"attachment": attachment}
    assert {meta.send(message).status_code for _ in range(most)} == {200}
    assert error_of(meta.send(message)) == (400, 613, None)
    assert len(meta.simulator.messages(direction="out")) == most
    meta.simulator.advance(1)
    assert meta.send(message).status_code == 200


def test_private_replies_have_an_hour(meta: Meta):
    limit(meta, {"private_replies": 2})
    comments = [meta.simulator.comment(PAGE, meta.amina, "price?") for _ in range(3)]
    bodies = [{"recipient": {"comment_id": comment}, "message": {"text": "a"}} for comment in comments]
    assert [meta.post("/fb/me/messages", json=body).status_code for body in bodies] == [200, 200, 400]
    meta.simulator.advance(HOUR)
    assert meta.post("/fb/me/messages", json=bodies[2]).status_code == 200


def test_a_day_has_two_hundred_calls_for_each_engaged_person(meta: Meta):
    limit(meta, {"app": 1000})
    assert {meta.get("/fb/me").status_code for _ in range(200)} == {200}
    assert error_of(meta.get("/fb/me")) == (400, 80006, None)
    meta.simulator.write(PAGE, meta.simulator.add_contact(PAGE, "Tom"), "Hello")
    assert meta.get("/fb/me").status_code == 200


def test_instagram_has_its_own_code(meta: Meta):
    limit(meta, {"day": 1})
    assert [error_of(meta.direct({"text": "a"})) if number else meta.direct({"text": "a"}).status_code for number in range(2)] == [
        200,
        (400, 80002, None),
    ]


def test_an_app_has_its_hour(meta: Meta):
    limit(meta, {"app": 2})
    assert [meta.get("/fb/me").status_code for _ in range(2)] == [200, 200]
    assert error_of(meta.direct({"text": "a"})) == (400, 4, None)
    meta.simulator.advance(HOUR)
    assert meta.get("/fb/me").status_code == 200


def test_the_headers_tell_how_much_is_used_and_when_it_ends(meta: Meta):
    limit(meta, {"day": 4, "app": 8})
    assert usage(meta.get("/fb/me")) == (12, 25, 0)
    meta.simulator.advance(600)
    assert [usage(meta.get("/fb/me"))[1] for _ in range(3)] == [50, 75, 100]
    refused = meta.get("/fb/me")
    assert error_of(refused) == (400, 80006, None)
    assert usage(refused) == (62, 100, 24 * 60 - 10)


def test_each_host_names_its_usage_differently(meta: Meta):
    limit(meta)
    headers = meta.direct({"text": "a"}).headers
    assert set(json.loads(headers["x-app-usage"])) == {"call_volume", "cpu_time"}
    assert json.loads(headers["x-business-use-case-usage"])[STUDIO][0]["type"] == "instagram"
    through_page = meta.send({"text": "a"}, to=meta.lena).headers
    assert LINKED in json.loads(through_page["x-business-use-case-usage"])


def test_a_refused_send_was_not_sent_and_comes_before_the_body_is_read(meta: Meta):
    limit(meta, {"day": 1})
    meta.send({"text": "a"})
    assert error_of(meta.send({"nonsense": 1})) == (400, 80006, None)


def test_a_limit_comes_after_the_token(meta: Meta):
    limit(meta, {"day": 1})
    meta.send({"text": "a"})
    assert error_of(meta.post("/fb/me/messages", token="wrong", json={})) == (400, 190, None)
