"""The control API: everything a person at this machine may do, and nothing for anybody else."""

import base64
import json

import httpx
import pytest

from graph.simulator import Simulator, SimulatorTransport
from graph.simulator.samples import picture

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


ACTS = [
    ("links", {}),
    ("ads", {"title": "Autumn"}),
    ("optins", {}),
    ("optouts", {}),
    ("stickers", {}),
    ("locations", {}),
    ("ephemerals", {}),
    ("unsupported", {}),
    ("posts", {}),
    ("reels", {}),
    ("story-mentions", {}),
    ("story-replies", {"text": "Love it"}),
    ("comments", {"text": "price?"}),
    ("holds", {}),
    ("releases", {}),
    ("thread-requests", {}),
    ("messages", {"media": [["audio", "sample"]]}),
    ("messages", {"media": [["file", base64.b64encode(b"words").decode()]]}),
]


@pytest.mark.parametrize(("name", "more"), ACTS)
def test_every_act_of_a_contact_has_a_path_and_is_told(meta: Meta, name: str, more: dict):
    response = meta.client.post(f"/sim/{name}", json={"account": STUDIO, "contact": meta.noor} | more)
    assert response.json()["ok"]
    assert len(meta.callback.received) == 1


def test_only_messenger_links_accounts(meta: Meta):
    assert meta.client.post("/sim/account-links", json={"account": PAGE, "contact": meta.amina}).json()["ok"]
    response = meta.client.post("/sim/account-links", json={"account": STUDIO, "contact": meta.noor})
    assert (response.status_code, response.json()["error"]) == (400, "Only on Messenger can accounts be linked.")


def test_blocking_and_unblocking_is_seen_in_the_world(meta: Meta):
    def blocked() -> bool:
        return meta.client.get("/sim/world").json()["accounts"][0]["contacts"][0]["blocked"]

    thread = {"account": PAGE, "contact": meta.amina}
    meta.client.post("/sim/blocks", json=thread)
    assert blocked()
    meta.client.post("/sim/unblocks", json=thread)
    assert not blocked()


def test_comments_edits_and_posts_over_http(meta: Meta):
    thread = {"account": PAGE, "contact": meta.amina}
    comment = meta.client.post("/sim/comments", json=thread | {"text": "price?"}).json()["id"]
    mid = meta.client.post("/sim/messages", json=thread | {"text": "a"}).json()["mid"]
    for name, body in [
        ("comment-edits", {"account": PAGE, "comment": comment, "text": "price please?"}),
        ("comment-removals", {"account": PAGE, "comment": comment}),
        ("page-posts", thread | {"text": "Are you open?"}),
        ("mentions", {"account": PAGE}),
        ("edits", thread | {"mid": mid, "text": "b"}),
        ("odd-edits", thread | {"mid": mid}),
        ("policy", {"account": PAGE, "action": "warning"}),
        ("tests", {"account": PAGE}),
    ]:
        before = len(meta.callback.received)
        assert meta.client.post(f"/sim/{name}", json=body).json()["ok"], name
        assert len(meta.callback.received) == before + 1, name


def test_people_tokens_and_modes_over_http(meta: Meta):
    person = meta.client.post("/sim/people", json={"name": "Alice", "app": APP, "pages": [PAGE]}).json()["person"]
    assert meta.get("/fb/me", token=person["token"]).json()["name"] == "Alice"
    meta.client.post("/sim/tokens", json={"token": person["token"], "dead": 460})
    assert meta.get("/fb/me", token=person["token"]).json()["error"]["error_subcode"] == 460
    meta.client.post("/sim/access", json={"account": STUDIO, "allowed": False})
    meta.client.post("/sim/webhook-mode", json={"app": APP, "batch": 5})
    world = meta.client.get("/sim/world").json()
    assert world["people"] == [{"id": person["id"], "name": "Alice", "app": APP, "pages": [PAGE], "kind": "user"}]
    assert (world["apps"][0]["batch"], world["accounts"][2]["dm_access"]) == (5, False)
    assert person["token"] not in json.dumps(world)


def test_deauthorisation_and_deletion_over_http(meta: Meta):
    app = {"id": APP, "secret": "s", "verify_token": "v", "deauthorise_url": "http://product.test/gone", "deletion_url": "http://product.test/delete"}
    meta.client.post("/sim/apps", json=app)
    for name in ("deauthorisations", "deletions"):
        answer = meta.client.post(f"/sim/{name}", json={"app": APP, "user_id": "77"}).json()["answer"]
        assert answer["status"] == 200
    assert [url for url, _, _ in meta.callback.received] == ["http://product.test/gone", "http://product.test/delete"]


def test_the_world_tells_until_when_the_window_is_open(meta: Meta):
    contact = meta.client.get("/sim/world").json()["accounts"][0]["contacts"][0]
    assert contact["window_until"] - contact["acted_at"] == 24 * 3600 * 1000
    assert contact["held_elsewhere"] is False


def test_a_world_file_may_name_people_samples_and_limits(simulator: Simulator):
    contact = {"name": "Amina", "messages": [{"sample": "audio", "hours_ago": 1}]}
    account = {"network": "messenger", "id": PAGE, "name": "Shop", "token": "EAAshop", "app": APP, "ad_window_days": 7, "contacts": [contact]}
    app = {"id": APP, "secret": "s", "verify_token": "v", "rate_limits": True}
    people = [{"name": "Alice", "app": APP, "pages": [PAGE], "id": "5000000000001", "token": "EAAalice"}]
    simulator.load({"apps": [app], "accounts": [account], "people": people})
    assert simulator.messages()[0]["attachments"][0]["type"] == "audio"
    client = httpx.Client(transport=SimulatorTransport(simulator), base_url="http://127.0.0.1:8900")
    assert client.get("/fb/me/accounts", headers={"Authorization": "Bearer EAAalice"}).json()["data"][0]["id"] == PAGE
