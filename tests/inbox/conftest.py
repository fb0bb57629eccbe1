"""A server of media on this machine."""

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from tests.inbox.pictures import picture


class Window(ThreadingHTTPServer):
    """A shop window: it answers every address with what stands in it now, and with 404 while it is empty."""

    shows = picture()

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.server_port}/a.png?token=hidden"


class _Look(BaseHTTPRequestHandler):
    server: Window

    def do_GET(self) -> None:
        self.send_response(200 if self.server.shows else 404)
        self.send_header("content-length", str(len(self.server.shows)))
        self.end_headers()
        self.wfile.write(self.server.shows)

    def log_message(self, *arguments: object) -> None:
        return


@pytest.fixture
def window(settings) -> Iterator[Window]:
    with Window(("127.0.0.1", 0), _Look) as server:
        settings.FETCH_ALLOWED_HOSTS = [f"127.0.0.1:{server.server_port}"]
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        yield server
        server.shutdown()
        thread.join()


@pytest.fixture(autouse=True)
def own_folder(settings, tmp_path) -> None:
    """Each test has a folder of media of its own: files outlive the transactions that are rolled back."""
    settings.MEDIA_ROOT = tmp_path / "media"
