"""The simulator as a process: a small threaded HTTP server around `handle`, and a courier for its webhooks."""

import contextlib
import socket
import struct
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import httpx

from graph.simulator.simulator import Simulator

LARGEST_BODY = 30 * 1024 * 1024
RESET = struct.pack("ii", 1, 0)


class Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 256
    simulator: Simulator

    def __init__(self, address: tuple[str, int]) -> None:
        self.address_family = socket.AF_INET6 if ":" in address[0] else socket.AF_INET
        self.stopping = threading.Event()
        super().__init__(address, Handler)

    @property
    def url(self) -> str:
        host, port = self.server_address[:2]
        name = f"[{host!s}]" if self.address_family == socket.AF_INET6 else str(host)
        return f"http://{name}:{port}"

    def shutdown(self) -> None:
        self.stopping.set()
        super().shutdown()

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A caller who went away is no news."""


class Handler(BaseHTTPRequestHandler):
    """Not an ASGI app: to hang up without an answer is part of the job, where ASGI servers answer 500."""

    server: Server
    protocol_version = "HTTP/1.1"
    server_version, sys_version = "simulator", ""
    disable_nagle_algorithm = True
    wbufsize = -1
    timeout = 75

    def handle_one_request(self) -> None:
        with contextlib.suppress(ConnectionError):
            super().handle_one_request()

    def answer(self) -> None:
        size = int(self.headers.get("content-length") or 0)
        if size > LARGEST_BODY or self.headers.get("transfer-encoding"):
            self.close_connection = True
            self._send(httpx.Response(413))
            return
        self._finish(self.server.simulator.handle(self._request(self.rfile.read(size))))

    do_GET = do_POST = do_DELETE = do_PUT = do_PATCH = do_HEAD = do_OPTIONS = answer

    def log_message(self, format: str, *args: Any) -> None:
        """Silent: query strings may hold tokens. GET /sim/requests has what happened."""

    def _request(self, content: bytes) -> httpx.Request:
        headers = [(name.encode("latin-1"), value.encode("latin-1")) for name, value in self.headers.items()]
        path = self.path if self.path.startswith("/") else "/"
        host, port = self.server.server_address[:2]
        url = httpx.URL(scheme="http", host=str(host), port=int(port), raw_path=path.encode("latin-1"))
        return httpx.Request(self.command, url, headers=headers, content=content)

    def _finish(self, response: httpx.Response) -> None:
        self.server.stopping.wait(response.extensions.get("delay", 0.0))
        if "drop" in response.extensions:
            self._hang_up()
        else:
            self._send(response)

    def _hang_up(self) -> None:
        """A reset rather than a polite goodbye, and no byte of an answer."""
        self.close_connection = True
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET)
        self.connection.close()

    def _send(self, response: httpx.Response) -> None:
        self.send_response_only(response.status_code)
        content = response.read()
        for name, value in response.headers.items():
            if name != "content-length":
                self.send_header(name, value)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(content)
        self.wfile.flush()
