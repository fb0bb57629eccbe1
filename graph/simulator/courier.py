"""The background thread of the process: posts what is due in the outbox, again and again until it is taken."""

import contextlib
import threading

import httpx

from graph.simulator.outbox import Outbox
from graph.simulator.store import Row
from graph.simulator.world import Unknown

TIMEOUT = 5.0


def post(client: httpx.Client, url: str, body: bytes, headers: dict[str, str]) -> int:
    """The status, or 0 when there was no answer within Meta's five seconds."""
    try:
        return client.post(url, content=body, headers=headers).status_code
    except (httpx.HTTPError, httpx.InvalidURL):
        return 0


def post_form(url: str, body: bytes, headers: dict[str, str]) -> tuple[int, bytes]:
    """Deauthorisations and deletion requests, whose answers count."""
    try:
        response = httpx.post(url, content=body, headers=headers, timeout=TIMEOUT, trust_env=False)
    except (httpx.HTTPError, httpx.InvalidURL):
        return 0, b""
    return response.status_code, response.content


def fetch(url: str) -> tuple[int, bytes]:
    """Meta fetches URLs itself and gives up after ten seconds; status 0 is no answer in time."""
    try:
        response = httpx.get(url, timeout=10.0, follow_redirects=True)
    except (httpx.HTTPError, httpx.InvalidURL):
        return 0, b""
    return response.status_code, response.content


class Courier:
    def __init__(self, outbox: Outbox) -> None:
        self.outbox = outbox
        self._client = httpx.Client(timeout=TIMEOUT, trust_env=False)
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="courier", daemon=True)

    def start(self) -> None:
        self.outbox.hurry()
        self._thread.start()

    def stop(self) -> None:
        self._stopping.set()
        self.outbox.wake.set()
        self._thread.join(timeout=0.5)

    def deliver(self, url: str, body: bytes, headers: dict[str, str]) -> int:
        return post(self._client, url, body, headers) if url else 0

    def _run(self) -> None:
        while not self._stopping.is_set():
            self.outbox.wake.clear()
            self._deliver_due()
            self.outbox.wake.wait(self.outbox.seconds_to_next())

    def _deliver_due(self) -> None:
        while not self._stopping.is_set() and (rows := self.outbox.due()):
            with contextlib.suppress(Unknown):  # the world was reset meanwhile
                self._deliver_some(rows)

    def _deliver_some(self, rows: list[Row]) -> None:
        """What was dropped or taken meanwhile does not leave again."""
        for batch in list(self.outbox.batches(rows)):
            if self._stopping.is_set():
                return
            if self.outbox.still_waits(batch):
                self.outbox.deliver(batch, self.deliver)
