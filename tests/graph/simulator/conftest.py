"""A small world at Meta: a Page, an Instagram account behind it, and one that logs in by itself."""

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import httpx
import pytest

from graph.simulator import Simulator, SimulatorTransport

APP = "1200000000000001"
SECRET = "sim-app-secret-0001"
PAGE = "104857600000001"
LINKED = "17841400000000099"
STUDIO = "17841400000000042"
NOON = 1_794_700_000.0


@dataclass
class Callback:
    """Where webhooks arrive. It can refuse them."""

    status: int = 200
    received: list[tuple[str, bytes, dict[str, str]]] = field(default_factory=list)

    def __call__(self, url: str, body: bytes, headers: dict[str, str]) -> int:
        self.received.append((url, body, headers))
        return self.status

    @property
    def events(self) -> list[dict[str, Any]]:
        return [json.loads(body)["entry"][0]["messaging"][0] for _, body, _ in self.received]


@dataclass
class Meta:
    """The simulator, a client for it, and the people."""

    simulator: Simulator
    client: httpx.Client
    callback: Callback
    amina: str
    noor: str
    lena: str

    def post(self, path: str, *, token: str = "EAAshop", **more: Any) -> httpx.Response:
        return self.client.post(path, headers={"Authorization": f"Bearer {token}"}, **more)

    def get(self, path: str, *, token: str = "EAAshop", **params: str) -> httpx.Response:
        return self.client.get(path, headers={"Authorization": f"Bearer {token}"}, params=params)

    def send(self, message: Any, *, to: str | None = None, **more: Any) -> httpx.Response:
        body = {"recipient": {"id": to or self.amina}, "messaging_type": "RESPONSE", "message": message} | more
        return self.post(f"/fb/v26.0/{PAGE}/messages", json=body)

    def direct(self, message: Any, **more: Any) -> httpx.Response:
        body = {"recipient": {"id": self.noor}, "message": message} | more
        return self.post(f"/ig/v26.0/{STUDIO}/messages", token="IGAAstudio", json=body)


def error_of(response: httpx.Response) -> tuple[int, int, int | None]:
    error = response.json()["error"]
    return response.status_code, error["code"], error.get("error_subcode")


def make_world(simulator: Simulator) -> tuple[str, str, str]:
    simulator.add_app(APP, SECRET, "verify-me", "http://product.test/webhooks/meta/")
    simulator.add_account("messenger", PAGE, "Harbour Coffee", token="EAAshop", app=APP)
    simulator.add_account("instagram", LINKED, "Harbour", "harbour", token="EAAshop", app=APP, page_id=PAGE)
    simulator.add_account("instagram", STUDIO, "Studio", "studio", token="IGAAstudio", app=APP, login="instagram")
    amina = simulator.add_contact(PAGE, "Amina Okafor")
    noor = simulator.add_contact(STUDIO, "Noor Haddad", "noor")
    lena = simulator.add_contact(LINKED, "Lena Berg", "lena")
    return amina, noor, lena


@pytest.fixture
def clock() -> Callable[[], float]:
    return lambda: NOON


@pytest.fixture
def callback() -> Callback:
    return Callback()


@pytest.fixture
def simulator(clock: Callable[[], float], callback: Callback) -> Iterator[Simulator]:
    simulator = Simulator(clock=clock, deliver=callback)
    yield simulator
    simulator.close()


@pytest.fixture
def meta(simulator: Simulator, callback: Callback) -> Meta:
    """Everybody has just written, so every window is open."""
    people = make_world(simulator)
    for account, contact in zip((PAGE, STUDIO, LINKED), people, strict=True):
        simulator.write(account, contact, "Hello")
    callback.received.clear()
    client = httpx.Client(transport=SimulatorTransport(simulator), base_url="http://127.0.0.1:8900", timeout=30)
    return Meta(simulator, client, callback, *people)
