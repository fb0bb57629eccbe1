"""Meta at the transport: what every test of the client needs."""

from collections.abc import Callable
from typing import Any

import httpx

from graph.client import GraphClient
from graph.networks import Login, Network
from graph.signatures import appsecret_proof

PAGE, IG, PSID, IGSID = "104857600000001", "17841400000000042", "7300000000000011", "990000000000077"
TOKEN, SECRET = "EAAexampletoken", "sim-app-secret-0001"
PROOF = appsecret_proof(TOKEN, SECRET)

SHOP = {"node": PAGE, "login": Login.FACEBOOK, "network": Network.MESSENGER}
STUDIO_THROUGH_PAGE = {"node": PAGE, "login": Login.FACEBOOK, "network": Network.INSTAGRAM}
STUDIO = {"node": IG, "login": Login.INSTAGRAM, "network": Network.INSTAGRAM}
KINDS = [SHOP, STUDIO_THROUGH_PAGE, STUDIO]

Answer = Callable[[httpx.Request], httpx.Response]


class Meta:
    """Answers every request alike, and remembers them."""

    def __init__(self, answer: Any, status: int = 200, headers: dict[str, str] | None = None) -> None:
        self.answer, self.status, self.headers = answer, status, headers
        self.requests: list[httpx.Request] = []

    def __call__(self, request: httpx.Request) -> httpx.Response:
        self.requests.append(request)
        if isinstance(self.answer, bytes):
            return httpx.Response(self.status, content=self.answer, headers=self.headers)
        return httpx.Response(self.status, json=self.answer, headers=self.headers)

    @property
    def request(self) -> httpx.Request:
        (request,) = self.requests
        return request

    @property
    def paths(self) -> list[str]:
        return [request.url.path.removeprefix("/v26.0") for request in self.requests]


class Script(Meta):
    """Answers in turn; an error answers under status 400."""

    def __init__(self, *answers: Any) -> None:
        super().__init__(None)
        self.answers = list(answers)

    def __call__(self, request: httpx.Request) -> httpx.Response:
        self.answer = self.answers.pop(0)
        self.status = 400 if isinstance(self.answer, dict) and "error" in self.answer else 200
        return super().__call__(request)


def error(code: int, subcode: int | None = None) -> dict[str, Any]:
    return {"error": {"message": "x", "code": code} | ({"error_subcode": subcode} if subcode else {})}


def broken(kind: type[Exception]) -> Answer:
    def answer(request: httpx.Request) -> httpx.Response:
        raise kind(f"broken while sending {request.headers['authorization']}")

    return answer


def client(meta: Answer, account: dict[str, Any] = SHOP, **options: Any) -> GraphClient:
    return GraphClient(**{"token": TOKEN, "transport": httpx.MockTransport(meta), **account, **options})
