"""What is posted to a callback: shapes, bytes, signatures, and when."""

import hashlib
import hmac
import json

import httpx
import pytest

from graph.simulator import Simulator, webhooks
from graph.simulator.samples import picture

from .conftest import APP, PAGE, SECRET, STUDIO, Callback, Meta, error_of, make_world


def test_the_bytes_and_signatures_are_those_of_the_reference():
    event = {
        "sender": {"id": "7300000000000011"},
        "recipient": {"id": "104857600000001"},
        "timestamp": 1794700002000,
        "message": {
            "mid": "m_Ex02uTq8Yc0Vw3Lr5Zk1Bn7Hd9Sg2Pf4Jx6Ma_Qe-Wt0Ry8Ui6Op4As2Df1Gh3Jk5Lz7Xc9Vb",
            "text": "Café 😀 €5 https://example.test/a",
        },
    }
    entry = {"id": "104857600000001", "time": 1794700002210, "messaging": [event]}
    body = webhooks.wire({"object": "page", "entry": [entry]})
    headers = webhooks.headers("sim-app-secret-0001", body)
    assert rb"Caf\u00e9 \ud83d\ude00 \u20ac5 https:\/\/example.test\/a" in body
    assert headers["X-Hub-Signature"] == "sha1=1b9ef41a3d8548f7d6907a070d9601dcf67352d6"
    assert headers["X-Hub-Signature-256"] == ("sha256=06e5ea61189787e0a1e3166752ab56cd5f76ea59c6b4c86275d5f52dd1bdf122")


def test_a_text_is_announced_as_messenger_does(meta: Meta):
    mid = meta.simulator.write(PAGE, meta.amina, "in stock?")
    url, body, headers = meta.callback.received[0]
    assert url == "http://product.test/webhooks/meta/"
    assert headers["X-Hub-Signature-256"] == "sha256=" + hmac.new(SECRET.encode(), body, hashlib.sha256).hexdigest()
    told = json.loads(body)
    assert list(told["entry"][0]) == ["id", "time", "messaging"]
    event = told["entry"][0]["messaging"][0]
    assert list(event) == ["sender", "recipient", "timestamp", "message"]
    assert (event["sender"]["id"], event["recipient"]["id"]) == (meta.amina, PAGE)
    assert event["message"] == {"mid": mid, "text": "in stock?"}


def test_a_text_is_announced_as_instagram_does(meta: Meta):
    mid = meta.simulator.write(STUDIO, meta.noor, "hi")
    told = json.loads(meta.callback.received[0][1])
    assert told["object"] == "instagram"
    assert list(told["entry"][0]) == ["time", "id", "messaging"]
    assert told["entry"][0]["messaging"][0]["message"] == {"mid": mid, "text": "hi"}


def test_an_image_is_announced_by_url(meta: Meta):
    meta.simulator.write(PAGE, meta.amina, image_url="https://cdn.example.test/a.jpg")
    meta.simulator.write(STUDIO, meta.noor, "like this", image=picture())
    first, second = (event["message"] for event in meta.callback.events)
    assert first["attachments"] == [{"type": "image", "payload": {"url": "https://cdn.example.test/a.jpg"}}]
    assert list(second) == ["mid", "text", "attachments"]


def test_messenger_needs_two_messages_for_text_and_image(meta: Meta):
    with pytest.raises(ValueError, match="two messages"):
        meta.simulator.write(PAGE, meta.amina, "look", image=picture())


def test_reactions_differ_in_the_order_of_their_keys(meta: Meta):
    for account, contact in ((PAGE, meta.amina), (STUDIO, meta.noor)):
        mid = meta.simulator.write(account, contact, "x")
        meta.simulator.react(account, contact, mid)
        meta.simulator.unreact(account, contact, mid)
    told = [event["reaction"] for event in meta.callback.events if "reaction" in event]
    assert [list(reaction)[1:] for reaction in told] == [
        ["action", "emoji", "reaction"],
        ["action"],
        ["action", "reaction", "emoji"],
        ["action"],
    ]


def test_an_unsend_names_the_message_only(meta: Meta):
    mid = meta.simulator.write(STUDIO, meta.noor, "oops")
    meta.simulator.unsend(STUDIO, meta.noor, mid)
    assert meta.callback.events[-1]["message"] == {"mid": mid, "is_deleted": True}


def test_a_tap_is_a_postback(meta: Meta):
    mid = meta.simulator.tap(PAGE, meta.amina, "Opening hours", "HOURS")
    assert meta.callback.events[-1]["postback"] == {"mid": mid, "title": "Opening hours", "payload": "HOURS"}


def test_reading_is_a_watermark_or_a_mid(meta: Meta):
    meta.send({"text": "a"})
    mid = meta.direct({"text": "b"}).json()["message_id"]
    meta.simulator.see(PAGE, meta.amina)
    meta.simulator.see(STUDIO, meta.noor)
    sent = meta.simulator.messages(account=PAGE, direction="out")[0]
    assert [event["read"] for event in meta.callback.events] == [{"watermark": sent["at"]}, {"mid": mid}]


def test_the_echo_on_messenger_returns_metadata_and_app(meta: Meta):
    mid = meta.send({"text": "On its way", "metadata": "out:4f1c"}).json()["message_id"]
    meta.simulator.settle()
    echo, delivery = meta.callback.events
    assert echo["sender"]["id"] == PAGE
    assert echo["message"] == {
        "mid": mid,
        "text": "On its way",
        "is_echo": True,
        "app_id": int(APP),
        "metadata": "out:4f1c",
    }
    assert delivery["delivery"]["mids"] == [mid]
    assert "timestamp" not in delivery


def test_the_echo_on_instagram_has_neither(meta: Meta):
    mid = meta.direct({"text": "On its way", "metadata": "out:4f1c"}).json()["message_id"]
    meta.simulator.settle()
    assert [event["message"] for event in meta.callback.events] == [{"mid": mid, "text": "On its way", "is_echo": True}]


@pytest.mark.parametrize(
    ("echo", "at_once", "in_the_end"), [("before", 1, 1), ("after", 0, 1), ("late", 0, 1), ("twice", 0, 2), ("never", 0, 0)]
)
def test_echoes_come_when_they_are_told_to(meta: Meta, echo: str, at_once: int, in_the_end: int):
    meta.simulator.set_echo(STUDIO, echo)
    meta.direct({"text": "a"})
    assert len(meta.callback.events) == at_once
    meta.simulator.settle()
    assert len(meta.callback.events) == in_the_end


def test_a_late_echo_comes_some_seconds_after_the_answer(meta: Meta):
    meta.simulator.set_echo(STUDIO, "late")
    meta.direct({"text": "a"})
    due = []
    for seconds in (1, 1, 4):
        meta.simulator.advance(seconds)
        due.append(len(meta.simulator.outbox.due()))
    assert due == [0, 0, 1]


def test_an_answer_from_elsewhere_is_only_heard(meta: Meta):
    mid = meta.simulator.answer_elsewhere(PAGE, meta.amina, "Typed in Business Suite")
    message = meta.callback.events[-1]["message"]
    assert (message["mid"], message["app_id"]) == (mid, 263902037430900)


def test_a_refused_webhook_waits(meta: Meta):
    meta.callback.status = 503
    meta.simulator.write(PAGE, meta.amina, "hello?")
    meta.callback.status = 200
    assert meta.simulator.settle() == 1
    assert meta.simulator.settle() == 0
    bodies = [body for _, body, _ in meta.callback.received]
    assert len(bodies) == 2
    assert bodies[0] == bodies[1]


def test_undelivered_webhooks_survive_a_restart(tmp_path):
    path = str(tmp_path / "meta.sqlite3")
    first = Simulator(path, deliver=Callback(status=500))
    amina, _, _ = make_world(first)
    first.write(PAGE, amina, "Are you open?")
    first.advance(3600)
    first.close()
    callback = Callback()
    second = Simulator(path, deliver=callback)
    assert second.settle() == 1
    assert second.offset() == 3600
    assert callback.events[0]["message"]["text"] == "Are you open?"
    assert second.messages(contact=amina)[0]["text"] == "Are you open?"
    second.close()


def test_an_account_hears_only_what_it_subscribes_to(meta: Meta):
    path = f"/fb/{PAGE}/subscribed_apps"
    assert meta.post(path, params={"subscribed_fields": "messages"}).json() == {"success": True}
    mid = meta.simulator.write(PAGE, meta.amina, "a")
    meta.simulator.react(PAGE, meta.amina, mid)
    assert len(meta.callback.events) == 1
    assert meta.get(path).json()["data"][0]["subscribed_fields"] == ["messages"]
    meta.client.delete(path, headers={"Authorization": "Bearer EAAshop"})
    meta.simulator.write(PAGE, meta.amina, "b")
    assert len(meta.callback.events) == 1
    assert meta.get(path).json() == {"data": []}


def test_unknown_fields_cannot_be_subscribed_to(meta: Meta):
    response = meta.post(f"/fb/{PAGE}/subscribed_apps", params={"subscribed_fields": "messages,nonsense"})
    assert error_of(response) == (400, 100, None)


def challenge(url: str) -> tuple[int, bytes]:
    """A product whose verify token is verify-me."""
    query = httpx.URL(url).params
    return (200, query["hub.challenge"].encode()) if query["hub.verify_token"] == "verify-me" else (403, b"")


def test_a_callback_must_answer_the_challenge(meta: Meta):
    meta.simulator._fetch = challenge
    form = {"object": "page", "callback_url": "https://new.example.test/hook", "fields": "messages"}
    token = f"{APP}|{SECRET}"
    wrong = meta.post(f"/fb/{APP}/subscriptions", token=token, data=form | {"verify_token": "guess"})
    assert error_of(wrong) == (400, 2200, None)
    right = meta.post(f"/fb/{APP}/subscriptions", token=token, data=form | {"verify_token": "verify-me"})
    assert right.json() == {"success": True}
    meta.simulator.write(PAGE, meta.amina, "a")
    assert meta.callback.received[0][0] == "https://new.example.test/hook"
    listed = meta.get(f"/fb/{APP}/subscriptions", token=token).json()["data"]
    assert listed[0]["callback_url"] == "https://new.example.test/hook"


def test_a_page_token_cannot_move_the_callback(meta: Meta):
    assert error_of(meta.post(f"/fb/{APP}/subscriptions", data={"object": "page"})) == (400, 190, None)
