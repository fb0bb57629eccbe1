"""The fetch guard: what is public is fetched, what is inside is not, whichever way the address is written."""

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from core.fetch import FetchRefused, fetch

PICTURE = b"\x89PNG-not-really" * 10


class _Site(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        where = {"/inside": "http://127.0.0.1:1/secret", "/loop": "/loop", "/moved": "/picture.png"}.get(self.path)
        self.server.hosts.append(self.headers["Host"])
        if where:
            self.send_response(302)
            self.send_header("Location", where)
            self.end_headers()
        elif self.path == "/missing":
            self.send_error(404)
        else:
            self.send_response(200)
            self.send_header("Content-Type", "image/png; charset=binary")
            self.end_headers()
            self.wfile.write(PICTURE)

    def log_message(self, *arguments: object) -> None:
        return


@pytest.fixture
def site(settings) -> Iterator[str]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Site)
    server.hosts = []
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    settings.FETCH_ALLOWED_HOSTS = [f"localhost:{server.server_port}"]
    yield f"http://localhost:{server.server_port}"
    server.shutdown()
    server.server_close()
    thread.join()


@pytest.mark.parametrize("path", ["/picture.png", "/moved"])
def test_a_picture_is_fetched_also_by_a_redirect(site, path):
    answer = fetch(site + path, max_bytes=1000)
    assert (answer.content, answer.mime) == (PICTURE, "image/png")


@pytest.mark.parametrize(
    "url",
    [
        "http://127.0.0.1/", "http://localhost/", "http://[::1]/", "http://10.0.0.1/", "http://192.168.1.1/a.png", "http://169.254.169.254/latest/meta-data/",
        "http://0.0.0.0/", "http://[::ffff:127.0.0.1]/", "http://[fd00::1]/", "http://2130706433/", "http://0x7f.1/", "http://100.64.0.1/", "http://224.0.0.1/",
    ],
)  # fmt: skip
def test_an_address_inside_is_refused_however_it_is_written(url):
    with pytest.raises(FetchRefused, match="private network"):
        fetch(url, max_bytes=1000)


@pytest.mark.parametrize(
    "url", ["", "ftp://example.com/a.png", "file:///etc/passwd", "https://user:pass@example.com/", "http://", "http://[::1", "javascript:alert(1)"]
)
def test_what_is_no_web_address_is_refused(url):
    with pytest.raises(FetchRefused):
        fetch(url, max_bytes=1000)


def test_a_redirect_inside_is_refused(site):
    with pytest.raises(FetchRefused, match="private network"):
        fetch(site + "/inside", max_bytes=1000)


def test_a_redirect_without_end_is_refused(site):
    with pytest.raises(FetchRefused, match="redirects too often"):
        fetch(site + "/loop", max_bytes=1000)


def test_what_is_too_large_or_missing_is_refused(site):
    with pytest.raises(FetchRefused, match="larger"):
        fetch(site + "/picture.png", max_bytes=20)
    with pytest.raises(FetchRefused, match="404"):
        fetch(site + "/missing", max_bytes=1000)
