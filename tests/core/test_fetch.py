"""The fetch guard: what is public is fetched, what is inside is not, whichever way the address is written."""

import gzip
import socket
import ssl
import threading
import time
import tracemalloc
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import httpcore
import pytest

from core.deadline import Deadline
from core.fetch import FetchRefused, fetch

PICTURE = b"\x89PNG-not-really" * 10
OK = b"HTTP/1.1 200 OK\r\n"
# Addresses that are not ours; nothing connects to them here.
PUBLIC_IPV4, PUBLIC_IPV6 = "93.184.215.14", "2606:2800:21f:cb07:6820:80da:af6b:8b2c"


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


class Line:
    """A server of one script: it accepts, reads the request, and says on the bare line whatever the script says."""

    def __init__(self, script: "Callable[[Line, socket.socket], None]") -> None:
        self.script, self.over, self.request = script, threading.Event(), b""
        self.socket = socket.create_server(("127.0.0.1", 0))
        self.port = self.socket.getsockname()[1]
        self.thread = threading.Thread(target=self._serve)
        self.thread.start()

    def drip(self, connection: socket.socket, piece: bytes, every: float = 0.05) -> None:
        for _ in range(100):
            if self.over.wait(every):
                return
            connection.sendall(piece)

    def end(self) -> None:
        self.over.set()
        with socket.create_connection(("127.0.0.1", self.port)):
            self.thread.join()
        self.socket.close()

    def _serve(self) -> None:
        while not self.over.is_set():
            connection, _ = self.socket.accept()
            with connection:
                self._answer(connection)

    def _answer(self, connection: socket.socket) -> None:
        try:
            if not self.over.is_set():
                self.request = connection.recv(65_536)
                self.script(self, connection)
        except OSError:
            """The fetcher hung up, as it should."""


@pytest.fixture
def line(settings, monkeypatch) -> Iterator[Callable[..., Line]]:
    """Starts servers that all the names of this test lead to."""
    started: list[Line] = []

    def start(script: bytes | Callable[[Line, socket.socket], None], host: str = "localhost") -> Line:
        found = Line(script if callable(script) else lambda _, connection: connection.sendall(script))
        settings.FETCH_ALLOWED_HOSTS = [*settings.FETCH_ALLOWED_HOSTS, f"{host}:{found.port}"]
        resolve_to(monkeypatch, "127.0.0.1")
        started.append(found)
        return found

    yield start
    for each in started:
        each.end()


def resolve_to(monkeypatch, *addresses: str) -> list[str]:
    """Every name has these addresses from now on. Returns the names that were asked for."""
    asked: list[str] = []
    resolve = socket.getaddrinfo

    def answer(host, port, *rest, **options):
        asked.append(host)
        return [each for address in addresses for each in resolve(address, port, *rest, **options)]

    monkeypatch.setattr(socket, "getaddrinfo", answer)
    return asked


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
    "url", ["", "ftp://example.com/a.png", "file:///etc/passwd", "https://user:pass@example.com/", "http://", "http://[::1", "javascript:alert(1)",
     "http://a\0b/", "http://example.com/\x01\x7f", "http://example.com/\ud800", "http://\ud800.example/", "http://example.com:99999/", "http://example.com:0/",
     "http://xn--a-\u00fc.example/", "http://a..b/", "https://example.com/" + "a" * 5_000],
)  # fmt: skip
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


@pytest.mark.parametrize(
    "address",
    [
        "64:ff9b::7f00:1", "64:ff9b::a9fe:a9fe", "64:ff9b:1::a00:1", "64:ff9b:1::808:808", "::7f00:1", "::808:808", "::ffff:0:127.0.0.1", "::ffff:0:8.8.8.8",
        "fec0::1", "fe80::1", "fd00::1", "ff02::1", "2001::7f00:1", "2001:0:4136:e378:8000:63bf:3fff:fdd2", "2002:7f00:1::1", "2002:a00:1::", "4000::1",
        "::ffff:10.0.0.1", "10.0.0.1", "169.254.169.254", "224.0.0.1", "240.0.0.1",
    ],
)  # fmt: skip
def test_a_name_that_leads_inside_is_refused_in_every_disguise(monkeypatch, address):
    resolve_to(monkeypatch, PUBLIC_IPV4, address)
    with pytest.raises(FetchRefused, match="private network"):
        fetch("https://pictures.example/", max_bytes=1000)


@pytest.mark.parametrize("address", [PUBLIC_IPV4, PUBLIC_IPV6, "64:ff9b::5db8:d70e", "2002:5db8:d70e::1", "::ffff:93.184.215.14"])
def test_a_name_that_leads_outside_is_connected_to(monkeypatch, address):
    resolve_to(monkeypatch, address)
    reached = []

    def connect(where, *rest, **options):
        reached.append(where)
        raise ConnectionRefusedError

    monkeypatch.setattr(socket, "create_connection", connect)
    with pytest.raises(FetchRefused, match="did not answer"):
        fetch("https://pictures.example/", max_bytes=1000)
    assert reached == [(address, 443)]


def test_a_packed_picture_is_refused_before_it_is_unpacked(line):
    bomb = gzip.compress(gzip.compress(bytes(50_000_000), 9), 9)
    server = line(OK + b"Content-Encoding: gzip, gzip\r\nContent-Length: %d\r\n\r\n" % len(bomb) + bomb)
    tracemalloc.start()
    try:
        with pytest.raises(FetchRefused, match="packed"):
            fetch(f"http://localhost:{server.port}/", max_bytes=1_000_000)
        assert tracemalloc.get_traced_memory()[1] < 5_000_000
    finally:
        tracemalloc.stop()
    assert b"Accept-Encoding: identity\r\n" in server.request


@pytest.mark.parametrize("header", [b"", b"Content-Encoding: identity\r\n"])
def test_a_picture_that_is_not_packed_is_taken(line, header):
    server = line(OK + header + b"Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n")
    assert fetch(f"http://localhost:{server.port}/", max_bytes=5).content == b"abcde"


def test_a_size_that_is_announced_too_large_is_not_waited_for(line):
    server = line(lambda server, connection: (connection.sendall(OK + b"Content-Length: 9000000\r\n\r\n"), server.over.wait(10)))
    with pytest.raises(FetchRefused, match="larger than 8 MB"):
        fetch(f"http://localhost:{server.port}/", max_bytes=8_000_000)


@pytest.mark.parametrize(
    ("beginning", "piece"),
    [(b"", b"HTTP/1.1 100 Continue\r\n\r\n"), (OK, b"X-More: a\r\n"), (OK + b"Content-Length: 900\r\n\r\n", b"x")],
    ids=["promises", "headers", "body"],
)
def test_who_drips_is_hung_up_on_at_the_deadline(line, monkeypatch, beginning, piece):
    monkeypatch.setattr("core.fetch.TOTAL_SECONDS", 0.4)
    server = line(lambda server, connection: (connection.sendall(beginning), server.drip(connection, piece)))
    began = time.monotonic()
    with pytest.raises(FetchRefused, match="too slow"):
        fetch(f"http://localhost:{server.port}/", max_bytes=1000)
    assert time.monotonic() - began < 2


def test_who_drips_a_handshake_is_hung_up_on_at_the_deadline(line, monkeypatch):
    monkeypatch.setattr("core.fetch.TOTAL_SECONDS", 0.4)
    # The head of a TLS record of 16,000 bytes, and then one byte after the other.
    server = line(lambda server, connection: (connection.sendall(b"\x16\x03\x03\x3e\x80"), server.drip(connection, b"\0")))
    began = time.monotonic()
    with pytest.raises(FetchRefused, match="too slow"):
        fetch(f"https://localhost:{server.port}/", max_bytes=1000)
    assert time.monotonic() - began < 2


def test_all_hops_together_have_one_deadline(line, monkeypatch):
    monkeypatch.setattr("core.fetch.TOTAL_SECONDS", 0.4)
    answers = []

    def redirect(server: Line, connection: socket.socket) -> None:
        answers.append(server.over.wait(0.25))
        connection.sendall(b"HTTP/1.1 302 Found\r\nLocation: /on\r\nContent-Length: 0\r\n\r\n")

    server = line(redirect)
    with pytest.raises(FetchRefused, match="too slow"):
        fetch(f"http://localhost:{server.port}/", max_bytes=1000)
    assert len(answers) <= 2


@pytest.mark.parametrize(
    "answer",
    [
        b"HTTP/1.1 304 Not Modified\r\n\r\n", b"HTTP/1.1 302 Found\r\nContent-Length: 0\r\n\r\n", b"HTTP/1.1 302 Found\r\nLocation: http://[::1/\r\n\r\n",
        b"HTTP/1.1 302 Found\r\nLocation: http://a\xff\xfe.example/\r\n\r\n", b"HTTP/1.1 302 Found\r\nLocation: file:///etc/passwd\r\n\r\n",
        b"HTTP/1.1 101 Switching Protocols\r\n\r\n", OK + b"Content-Length: many\r\n\r\n", OK + b"Content-Length: 9\r\n\r\nabc",
        OK + b"Transfer-Encoding: chunked\r\n\r\nzz\r\n", b"hello", b"",
    ],
)  # fmt: skip
def test_an_answer_without_sense_is_refused_with_a_sentence(line, answer):
    server = line(answer)
    with pytest.raises(FetchRefused, match=r"\.$"):
        fetch(f"http://localhost:{server.port}/", max_bytes=1000)


def test_a_name_beyond_ascii_is_fetched_under_the_name_that_servers_know(line):
    server = line(OK + b"Content-Length: 1\r\n\r\nx", host="bücher.example")
    assert fetch(f"http://bücher.example:{server.port}/ä b.png?größe=1", max_bytes=1000).content == b"x"
    assert server.request.startswith(b"GET /%C3%A4%20b.png?gr%C3%B6%C3%9Fe=1 HTTP/1.1\r\n")
    assert b"Host: xn--bcher-kva.example:%d\r\n" % server.port in server.request


def test_a_name_beyond_ascii_is_resolved_and_greeted_under_the_same_name(line, monkeypatch):
    names = []
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.sni_callback = lambda connection, name, _: names.append(name)

    def greet(server: Line, connection: socket.socket) -> None:
        incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        incoming.write(server.request)
        # It has no certificate; the name is read before that matters.
        with pytest.raises(ssl.SSLError):
            context.wrap_bio(incoming, outgoing, server_side=True).do_handshake()

    server = line(greet, host="bücher.example")
    asked = resolve_to(monkeypatch, "127.0.0.1")
    with pytest.raises(FetchRefused, match="did not answer"):
        fetch(f"https://bücher.example:{server.port}/", max_bytes=1000)
    assert (asked[0], names) == ("xn--bcher-kva.example", ["xn--bcher-kva.example"])


def test_a_name_is_looked_up_once_and_the_address_that_was_checked_is_the_one_that_is_connected_to(monkeypatch):
    """A second look-up could lead inside."""
    resolve, answers, reached = socket.getaddrinfo, [PUBLIC_IPV4, "127.0.0.1"], []
    monkeypatch.setattr(socket, "getaddrinfo", lambda host, port, *rest, **options: resolve(answers.pop(0), port, *rest, **options))

    def connect(where, *rest, **options):
        reached.append(where)
        raise ConnectionRefusedError

    monkeypatch.setattr(socket, "create_connection", connect)
    with pytest.raises(FetchRefused, match="did not answer"):
        fetch("https://pictures.example/", max_bytes=1000)
    assert (reached, answers) == ([(PUBLIC_IPV4, 443)], ["127.0.0.1"])


def test_a_name_that_leads_inside_at_the_second_hop_is_refused_there(line, monkeypatch):
    server = line(b"HTTP/1.1 302 Found\r\nLocation: http://pictures.example/again\r\nContent-Length: 0\r\n\r\n")
    with pytest.raises(FetchRefused, match="private network"):
        fetch(f"http://localhost:{server.port}/", max_bytes=1000)


@pytest.mark.parametrize(
    "where", ["http://user:pass@localhost/", "//user@localhost/", "ftp://localhost/a.png", "data:image/png;base64,aa", "http://localhost:0/"]
)
def test_a_redirect_is_read_as_strictly_as_what_people_write(line, where):
    server = line(f"HTTP/1.1 302 Found\r\nLocation: {where}\r\nContent-Length: 0\r\n\r\n".encode())
    with pytest.raises(FetchRefused, match="not a web address"):
        fetch(f"http://localhost:{server.port}/", max_bytes=1000)


@pytest.mark.parametrize("port", [22, 25, 3306, 5432, 6379, 11211])
def test_what_listens_behind_other_ports_is_not_spoken_to(monkeypatch, port):
    resolve_to(monkeypatch, PUBLIC_IPV4)
    monkeypatch.setattr(socket, "create_connection", lambda *rest, **options: pytest.fail("It was connected to."))
    with pytest.raises(FetchRefused, match="usual ports"):
        fetch(f"http://pictures.example:{port}/a.png", max_bytes=1000)


@pytest.mark.parametrize("port", [80, 443, 8080, 8443])
def test_the_ports_of_the_web_are(monkeypatch, port):
    resolve_to(monkeypatch, PUBLIC_IPV4)
    reached = []

    def connect(where, *rest, **options):
        reached.append(where)
        raise ConnectionRefusedError

    monkeypatch.setattr(socket, "create_connection", connect)
    with pytest.raises(FetchRefused, match="did not answer"):
        fetch(f"https://pictures.example:{port}/a.png", max_bytes=1000)
    assert reached == [(PUBLIC_IPV4, port)]


def test_a_host_that_is_allowed_is_allowed_at_its_own_port_only(line, settings):
    server = line(OK + b"Content-Length: 1\r\n\r\nx")
    settings.FETCH_ALLOWED_HOSTS = [f"localhost:{server.port + 1}"]
    with pytest.raises(FetchRefused, match="private network"):
        fetch(f"http://localhost:{server.port}/", max_bytes=1000)
    assert server.request == b""


def test_it_is_asked_for_once_and_only_with_get(line):
    """What a server says to HEAD it may deny to GET, so only what GET brings counts."""
    server = line(OK + b"Content-Length: 5\r\nContent-Type: image/png\r\n\r\nabcde")
    assert fetch(f"http://localhost:{server.port}/", max_bytes=5).content == b"abcde"
    assert server.request.startswith(b"GET / HTTP/1.1\r\n")


def test_a_body_that_is_longer_than_it_announced_is_cut_where_it_said(line):
    server = line(OK + b"Content-Length: 3\r\n\r\n" + b"x" * 100_000)
    assert fetch(f"http://localhost:{server.port}/", max_bytes=1000).content == b"xxx"


def test_a_body_without_a_length_ends_at_the_limit(line):
    server = line(lambda server, connection: (connection.sendall(OK + b"\r\n"), server.drip(connection, b"x" * 60_000, every=0)))
    with pytest.raises(FetchRefused, match="larger"):
        fetch(f"http://localhost:{server.port}/", max_bytes=100_000)


def test_who_has_no_time_left_for_the_handshake_leaves_no_connection_open(line, monkeypatch):
    server, closed = line(lambda server, connection: server.over.wait(1)), []
    monkeypatch.setattr("core.fetch.TOTAL_SECONDS", 0.4)
    left, asked = Deadline.left, []

    def run_out(self, most=None):
        asked.append(most)
        if len(asked) > 1:
            raise httpcore.TimeoutException
        return left(self, most)

    monkeypatch.setattr(Deadline, "left", run_out)
    monkeypatch.setattr("core.deadline._PunctualStream.close", lambda self: (closed.append(True), self._stream.close()))
    with pytest.raises(FetchRefused, match="too slow"):
        fetch(f"https://localhost:{server.port}/", max_bytes=1000)
    assert closed
