"""The simulator as a process: it binds to loopback, posts webhooks, hangs up when told to, and remembers."""

import json
import os
import queue
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import httpx
import pytest

from .conftest import APP, PAGE

ROOT = Path(__file__).parents[3]
PATIENCE = 20
AMINA = "7300000000000011"

pytestmark = pytest.mark.loopback


class Receiver(ThreadingHTTPServer):
    """A product that takes webhooks, or answers 503 as often as it is told."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Hook)
        self.received: queue.Queue[dict] = queue.Queue()
        self.refusals = 0

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}/webhooks/meta/"


class Hook(BaseHTTPRequestHandler):
    server: Receiver

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["content-length"])))
        status = 503 if self.server.refusals else 200
        self.server.refusals = max(0, self.server.refusals - 1)
        if status == 200:
            self.server.received.put(body["entry"][0]["messaging"][0])
        self.send_response(status)
        self.end_headers()

    def log_message(self, format: str, *args: object) -> None:
        pass


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with Receiver() as server:
        threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
        yield server
        server.shutdown()


@pytest.fixture
def start(tmp_path: Path, receiver: Receiver) -> Iterator[Callable[[], tuple[subprocess.Popen, httpx.Client]]]:
    world = tmp_path / "world.json"
    contact = {"id": AMINA, "name": "Amina", "messages": [{"text": "Hello"}]}
    account = {
        "network": "messenger",
        "id": PAGE,
        "name": "Shop",
        "token": "EAAshop",
        "app": APP,
        "contacts": [contact],
    }
    app = {"id": APP, "secret": "s", "verify_token": "v", "callback_url": receiver.url}
    world.write_text(json.dumps({"apps": [app], "accounts": [account]}))
    started: list[subprocess.Popen] = []
    clients: list[httpx.Client] = []

    def begin() -> tuple[subprocess.Popen, httpx.Client]:
        options = ["--port", "0", "--state", str(tmp_path / "meta.sqlite3"), "--world", str(world)]
        command = [sys.executable, "-m", "graph.simulator", *options]
        process = subprocess.Popen(
            command, cwd=ROOT, stdout=subprocess.PIPE, text=True, env=os.environ | {"PYTHONPATH": str(ROOT)}
        )
        started.append(process)
        assert process.stdout
        url = process.stdout.readline().split()[2]
        clients.append(
            httpx.Client(base_url=url, timeout=PATIENCE, trust_env=False, headers={"Authorization": "Bearer EAAshop"})
        )
        return process, clients[-1]

    yield begin
    for client in clients:
        client.close()
    for process in started:
        process.kill()
        process.communicate()


def send(client: httpx.Client, text: str) -> httpx.Response:
    return client.post("/fb/v26.0/me/messages", json={"recipient": {"id": AMINA}, "message": {"text": text}})


def test_it_lives_and_remembers(start, receiver):
    process, client = start()
    assert client.base_url.host == "127.0.0.1"
    assert receiver.received.get(timeout=PATIENCE)["message"]["text"] == "Hello"
    mid = send(client, "Hello yourself").json()["message_id"]
    assert receiver.received.get(timeout=PATIENCE)["message"]["mid"] == mid
    assert receiver.received.get(timeout=PATIENCE)["delivery"]["mids"] == [mid]
    process.send_signal(signal.SIGTERM)
    assert process.wait(timeout=PATIENCE) == 0
    _, again = start()
    assert [message["text"] for message in again.get("/sim/messages").json()["data"]] == ["Hello", "Hello yourself"]
    assert again.get("/").headers["content-type"].startswith("text/html")


def test_a_refused_webhook_comes_again(start, receiver):
    receiver.refusals = 2
    start()
    assert receiver.received.get(timeout=PATIENCE)["message"]["text"] == "Hello"


def test_what_was_not_taken_survives_a_crash(start, receiver):
    receiver.refusals = 10**6
    process, client = start()
    mid = client.post("/sim/messages", json={"account": PAGE, "contact": AMINA, "text": "Anybody?"}).json()["mid"]
    process.kill()
    process.wait(timeout=PATIENCE)
    receiver.refusals = 0
    start()
    events = [receiver.received.get(timeout=PATIENCE) for _ in range(2)]
    assert mid in [event["message"]["mid"] for event in events]


def test_it_hangs_up_without_an_answer(start):
    _, client = start()
    client.post("/sim/faults", json={"kind": "drop_after"})
    with pytest.raises(httpx.TransportError):
        send(client, "a")
    client.post("/sim/faults", json={"kind": "drop_before"})
    with pytest.raises(httpx.TransportError):
        send(client, "b")
    out = client.get("/sim/messages", params={"direction": "out"}).json()["data"]
    assert [message["text"] for message in out] == ["a"]


def test_a_slow_answer_does_not_delay_others_or_the_end(start):
    process, client = start()
    client.post("/sim/faults", json={"kind": "slow", "seconds": 600})
    with pytest.raises(httpx.ReadTimeout):
        client.post("/fb/me/messages", json={"recipient": {"id": AMINA}, "message": {"text": "a"}}, timeout=0.2)
    assert send(client, "b").status_code == 200
    process.send_signal(signal.SIGINT)
    assert process.wait(timeout=PATIENCE) == 0


def test_an_echo_can_come_before_the_answer(start, receiver):
    _, client = start()
    receiver.received.get(timeout=PATIENCE)
    client.post("/sim/echo", json={"account": PAGE, "echo": "before"})
    mid = send(client, "a").json()["message_id"]
    assert receiver.received.get_nowait()["message"]["mid"] == mid


def test_foreign_host_names_are_refused_on_the_wire(start):
    _, client = start()
    assert client.get("/sim/world", headers={"Host": "evil.example.test"}).status_code == 403
