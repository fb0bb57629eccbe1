"""How webhooks travel: in batches, out of order, twice, badly signed, again and again, and at last no more."""

import json
from typing import Any

import httpx
import pytest

from graph.simulator import Simulator
from graph.simulator.courier import Courier

from .conftest import APP, LINKED, PAGE, STUDIO, Callback, Meta, make_world

HOUR = 3600


def bodies(meta: Meta) -> list[dict[str, Any]]:
    return [json.loads(body) for _, body, _ in meta.callback.received]


def texts(meta: Meta) -> list[str]:
    return [event["message"]["text"] for body in bodies(meta) for entry in body["entry"] for event in entry["messaging"]]


def write(meta: Meta, *texts: str, account: str = PAGE, contact: str = "") -> None:
    for text in texts:
        meta.simulator.write(account, contact or meta.amina, text)


def subscribed(meta: Meta) -> list[Any]:
    return meta.get(f"/fb/{PAGE}/subscribed_apps").json()["data"]


def shown(meta: Meta, account: str = PAGE) -> dict[str, Any]:
    return next(each for each in meta.client.get("/sim/world").json()["accounts"] if each["id"] == account)


def test_a_batch_waits_and_comes_as_one(meta: Meta):
    meta.simulator.webhook_mode(APP, batch=3)
    write(meta, "1", "2", "3", "4")
    assert meta.callback.received == []
    assert meta.simulator.settle() == 4
    assert [len(body["entry"][0]["messaging"]) for body in bodies(meta)] == [3, 1]
    assert texts(meta) == ["1", "2", "3", "4"]


def test_a_batch_has_an_entry_for_each_account_and_one_object(meta: Meta):
    meta.simulator.webhook_mode(APP, batch=10)
    write(meta, "page")
    write(meta, "studio", account=STUDIO, contact=meta.noor)
    write(meta, "linked", account=LINKED, contact=meta.lena)
    meta.simulator.settle()
    assert [(body["object"], [entry["id"] for entry in body["entry"]]) for body in bodies(meta)] == [
        ("instagram", [STUDIO, LINKED]),
        ("page", [PAGE]),
    ]


def test_an_entry_may_hold_two_kinds_of_list(meta: Meta):
    meta.simulator.webhook_mode(APP, batch=10)
    write(meta, "a")
    meta.simulator.write(PAGE, meta.amina, "b", standby=True)
    meta.simulator.comment(PAGE, meta.amina, "c")
    meta.simulator.settle()
    (body,) = bodies(meta)
    (entry,) = body["entry"]
    assert list(entry) == ["id", "time", "messaging", "standby", "changes"]


def test_the_bare_form_of_the_test_button_travels_alone(meta: Meta):
    meta.simulator.webhook_mode(APP, batch=10)
    meta.simulator.test_button(STUDIO)
    meta.simulator.settle()
    assert sorted("entry" in body for body in bodies(meta)) == [False, True]


def test_disorder_puts_the_newest_first(meta: Meta):
    meta.simulator.webhook_mode(APP, disorder=True)
    write(meta, "1", "2", "3")
    meta.simulator.settle()
    assert texts(meta) == ["3", "2", "1"]


def test_duplicates_are_the_same_bytes_again(meta: Meta):
    meta.simulator.webhook_mode(APP, duplicates=2)
    write(meta, "once")
    assert len({body for _, body, _ in meta.callback.received}) == 1
    assert len(meta.callback.received) == 3


def test_a_wrong_signature_is_refused_and_the_next_is_right(meta: Meta):
    right = {}

    def receive(url: str, body: bytes, headers: dict[str, str]) -> int:
        right[headers["X-Hub-Signature-256"]] = body
        return 200 if len(right) > 1 else 401

    meta.simulator.deliver = receive
    meta.simulator.webhook_mode(APP, wrong_signature=1)
    write(meta, "who says so?")
    assert meta.simulator.webhooks()[-1]["status"] == 401
    assert meta.simulator.settle() == 1
    assert len(right) == 2
    assert len(set(right.values())) == 1


def test_modes_end_when_they_are_set_back(meta: Meta):
    meta.simulator.webhook_mode(APP, batch=3, duplicates=1)
    meta.simulator.webhook_mode(APP)
    write(meta, "1")
    assert texts(meta) == ["1"]
    with pytest.raises(ValueError, match="1 to 1000"):
        meta.simulator.webhook_mode(APP, batch=1001)


def test_an_hour_of_failures_ends_the_subscription(meta: Meta):
    meta.callback.status = 503
    write(meta, "hello?")
    meta.simulator.advance(HOUR - 1)
    meta.simulator.settle()
    assert subscribed(meta)
    meta.simulator.advance(1)
    meta.simulator.settle()
    assert subscribed(meta) == []
    assert (shown(meta)["subscribed"], shown(meta)["disabled_at"]) == (False, 1_794_700_000_000 + HOUR * 1000)
    assert meta.simulator.settle() == 0


def test_a_dropped_subscription_hears_nothing_until_it_is_renewed(meta: Meta):
    meta.callback.status = 503
    write(meta, "hello?")
    meta.simulator.advance(HOUR)
    meta.simulator.settle()
    meta.callback.status = 200
    meta.callback.received.clear()
    write(meta, "anybody?")
    assert meta.callback.received == []
    meta.post(f"/fb/{PAGE}/subscribed_apps", params={"subscribed_fields": "messages"})
    write(meta, "at last")
    assert texts(meta) == ["at last"]
    assert shown(meta)["disabled_at"] is None


def test_one_success_starts_the_hour_anew(meta: Meta):
    meta.callback.status = 503
    write(meta, "1")
    meta.simulator.advance(HOUR - 1)
    meta.callback.status = 200
    meta.simulator.settle()
    meta.callback.status = 503
    write(meta, "2")
    meta.simulator.advance(HOUR - 1)
    meta.simulator.settle()
    assert subscribed(meta)


def test_only_the_account_that_failed_is_dropped(meta: Meta):
    meta.callback.status = 503
    write(meta, "hello?")
    meta.callback.status = 200
    write(meta, "fine", account=STUDIO, contact=meta.noor)
    meta.callback.status = 503
    meta.simulator.advance(HOUR)
    meta.simulator.settle()
    assert (shown(meta)["subscribed"], shown(meta, STUDIO)["subscribed"]) == (False, True)


def test_retries_pause_longer_and_longer_on_the_virtual_clock(meta: Meta):
    meta.callback.status = 503
    write(meta, "hello?")
    pauses = []
    for _ in range(5):
        pauses.append(round(meta.simulator.outbox.seconds_to_next()))
        meta.simulator.advance(pauses[-1])
        meta.simulator.settle()
    assert pauses == [1, 2, 5, 10, 30]


def test_an_app_without_a_callback_waits_for_one():
    simulator = Simulator(deliver=lambda url, body, headers: 200 if url else 0, fetch=answer_challenge)
    amina, _, _ = make_world(simulator)
    simulator.add_app(APP, "sim-app-secret-0001", "verify-me")
    simulator.write(PAGE, amina, "early")
    simulator.advance(2 * HOUR)
    assert simulator.settle() == 0
    assert simulator.world.account(PAGE).fields
    simulator.store.insert("subscription", app=APP, object="page", callback_url="http://product.test/", fields="messages")
    assert simulator.settle() == 1
    simulator.close()


def answer_challenge(url: str) -> tuple[int, bytes]:
    return 200, httpx.URL(url).params["hub.challenge"].encode()


def test_the_courier_gives_up_an_answer_after_five_seconds(meta: Meta):
    courier = Courier(meta.simulator.outbox)
    assert courier._client.timeout.read == 5.0
    courier._client.close()


def test_an_older_state_file_is_brought_up_to_date(tmp_path):
    path = str(tmp_path / "meta.sqlite3")
    first = Simulator(path, deliver=Callback())
    amina, _, _ = make_world(first)
    first.store.run("ALTER TABLE message DROP COLUMN more")
    first.store.run("ALTER TABLE contact DROP COLUMN holder_until")
    first.close()
    second = Simulator(path, deliver=Callback())
    assert second.write(PAGE, amina, "still here")
    second.close()
