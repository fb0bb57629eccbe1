"""The control API: everything a person at this machine may do, and nothing for anybody else."""

import base64
import json

import httpx
import pytest

from graph.simulator import Simulator, SimulatorTransport
from graph.simulator.media import picture

from .conftest import APP, PAGE, STUDIO, Meta


def test_a_world_can_be_built_over_http():
    simulator = Simulator()
    client = httpx.Client(transport=SimulatorTransport(simulator), base_url="http://localhost:8900")
    app = {"id": APP, "secret": "s", "verify_token": "v", "callback_url": "http://127.0.0.1:8000/webhooks/meta/"}
    account = {"network": "messenger", "id": PAGE, "name": "Shop", "token": "EAAshop", "app": APP}
    assert client.post("/sim/apps", json=app).json() == {"ok": True}
    assert client.post("/sim/accounts", json=account).json() == {"ok": True}
    contact = client.post("/sim/contacts", json={"account": PAGE, "name": "Amina"}).json()["id"]
    message = {"account": PAGE, "contact": contact, "image": base64.b64encode(picture()).decode()}
    mid = client.post("/sim/messages", json=message).json()["mid"]
    assert client.get("/sim/messages", params={"contact": contact}).json()["data"][0]["mid"] == mid
    assert client.get("/sim/webhooks").json()["data"][0]["delivered"] is False
    simulator.close()


def test_a_contact_can_do_everything_over_http(meta: Meta):
    thread = {"account": PAGE, "contact": meta.amina}
    mid = meta.client.post("/sim/messages", json=thread | {"text": "a"}).json()["mid"]
    for name, more in [
        ("reactions", {"mid": mid, "emoji": "😮", "reaction": "wow"}),
        ("unreactions", {"mid": mid}),
        ("unsends", {"mid": mid}),
        ("taps", {"title": "Hours", "payload": "HOURS"}),
        ("elsewhere", {"text": "Typed elsewhere"}),
        ("views", {}),
    ]:
        assert meta.client.post(f"/sim/{name}", json=thread | more).json()["ok"], name
    assert len(meta.callback.events) == 7


def test_faults_and_the_clock_over_http(meta: Meta):
    meta.client.post("/sim/faults", json={"kind": "error_before", "times": None})
    assert meta.send({"text": "a"}).status_code == 500
    meta.client.delete("/sim/faults")
    meta.client.post("/sim/clock", json={"seconds": 25 * 3600})
    assert meta.send({"text": "a"}).json()["error"]["error_subcode"] == 2018278
    assert meta.client.get("/sim/world").json()["offset"] == 25 * 3600


def test_the_world_is_shown_without_tokens_and_secrets(meta: Meta):
    text = meta.client.get("/sim/world").text
    assert "Amina Okafor" in text
    assert STUDIO in text
    assert "EAAshop" not in text
    assert "sim-app-secret" not in text
    assert "verify-me" not in text


def test_the_page_is_complete_in_itself(meta: Meta):
    response = meta.client.get("/")
    assert response.headers["content-type"].startswith("text/html")
    assert "{nonce}" not in response.text
    assert 'src="http' not in response.text
    assert "default-src 'none'" in response.headers["content-security-policy"]


@pytest.mark.parametrize("host", ["evil.example.test", "127.0.0.1.evil.test", "localhost.evil.test:8900", ""])
def test_foreign_names_for_this_machine_are_refused(meta: Meta, host: str):
    assert meta.client.get("/sim/world", headers={"Host": host}).status_code == 403
    assert meta.client.get("/", headers={"Host": host}).status_code == 403


@pytest.mark.parametrize("host", ["localhost:8900", "127.0.0.1", "[::1]:8900"])
def test_names_of_loopback_are_welcome(meta: Meta, host: str):
    assert meta.client.get("/sim/health", headers={"Host": host}).json()["ok"]


@pytest.mark.parametrize("origin", ["https://evil.example.test", "null", "http://127.0.0.1:8000"])
def test_pages_of_others_change_nothing(meta: Meta, origin: str):
    response = meta.client.post("/sim/reset", headers={"Origin": origin})
    assert response.status_code == 403
    assert meta.simulator.world.accounts()


def test_our_own_page_may(meta: Meta):
    response = meta.client.post("/sim/reset", headers={"Origin": "http://127.0.0.1:8900"})
    assert response.json() == {"ok": True}
    assert meta.simulator.world.is_empty


@pytest.mark.parametrize(
    ("name", "body", "status"),
    [
        ("messages", {"account": PAGE, "contact": "1", "text": "a"}, 404),
        ("messages", {"account": PAGE}, 400),
        ("messages", {"account": PAGE, "contact": "1", "image": "%%%"}, 400),
        ("contacts", {"account": "1", "name": "Nobody"}, 404),
        ("echo", {"account": PAGE, "echo": "sideways"}, 400),
        ("nonsense", {}, 404),
        ("clock", [1], 400),
    ],
)
def test_mistakes_are_explained(meta: Meta, name: str, body: object, status: int):
    response = meta.client.post(f"/sim/{name}", json=body)
    assert response.status_code == status
    assert response.json()["error"]


def test_a_form_from_a_foreign_page_is_not_understood(meta: Meta):
    assert meta.client.post("/sim/reset", data={"a": "b"}).status_code == 400
    assert meta.client.get("/sim/reset").status_code == 404


def test_a_world_file_brings_history(simulator: Simulator, callback):
    simulator.load(
        {
            "apps": [{"id": APP, "secret": "s", "verify_token": "v", "callback_url": "http://product.test/"}],
            "accounts": [
                {
                    "network": "messenger",
                    "id": PAGE,
                    "name": "Shop",
                    "token": "EAAshop",
                    "app": APP,
                    "contacts": [
                        {
                            "name": "Amina",
                            "id": "7300000000000011",
                            "messages": [
                                {"text": "Are you open?", "hours_ago": 30},
                                {"from": "account", "text": "Yes", "hours_ago": 29.5},
                                {"image_url": "picture", "hours_ago": 2},
                            ],
                        }
                    ],
                }
            ],
        }
    )
    assert simulator.settle() == 3
    kinds = [message["kind"] for message in simulator.messages()]
    assert kinds == ["text", "text", "image"]
    first, echo, last = callback.events
    assert last["timestamp"] - first["timestamp"] == 28 * 3600 * 1000
    assert echo["message"]["is_echo"]
    assert json.loads(callback.received[0][1])["entry"][0]["time"] == first["timestamp"]
