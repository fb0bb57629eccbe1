"""A point in time that no connection outlives, however slowly the other side answers.

An ordinary timeout begins anew with every byte: who sends one byte a second would hold a thread for hours.
"""

import ssl
import time
from collections.abc import Iterable
from typing import Any

import httpcore


class Deadline:
    """The end of a time that began when this was made."""

    def __init__(self, seconds: float) -> None:
        self._end = time.monotonic() + seconds

    def left(self, most: float | None = None) -> float:
        """How long one may still wait, and never longer than `most`.

        Raises:
            httpcore.TimeoutException: the time is over.
        """
        left = self._end - time.monotonic()
        if left <= 0:
            raise httpcore.TimeoutException("The deadline has passed.")
        return left if most is None else min(left, most)


class PunctualBackend(httpcore.NetworkBackend):
    """Connects as usual, but every wait of its connections ends at the deadline."""

    def __init__(self, deadline: Deadline) -> None:
        self._deadline = deadline
        self._backend = httpcore.SyncBackend()

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[httpcore.SOCKET_OPTION] | None = None,
    ) -> httpcore.NetworkStream:
        stream = self._backend.connect_tcp(host, port, self._deadline.left(timeout), local_address, socket_options)
        return _PunctualStream(stream, self._deadline)


class _PunctualStream(httpcore.NetworkStream):
    def __init__(self, stream: httpcore.NetworkStream, deadline: Deadline) -> None:
        self._stream = stream
        self._deadline = deadline

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        return self._stream.read(max_bytes, self._deadline.left(timeout))

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        self._stream.write(buffer, self._deadline.left(timeout))

    def close(self) -> None:
        self._stream.close()

    def start_tls(self, ssl_context: ssl.SSLContext, server_hostname: str | None = None, timeout: float | None = None) -> httpcore.NetworkStream:
        try:
            left = self._deadline.left(timeout)
        except httpcore.TimeoutException:
            # Until it is encrypted the connection is nobody's yet, so nobody else would close it.
            self.close()
            raise
        # Python's `ssl` takes the timeout for the handshake as a whole, not for each of its packets.
        return _PunctualStream(self._stream.start_tls(ssl_context, server_hostname, left), self._deadline)

    def get_extra_info(self, info: str) -> Any:
        return self._stream.get_extra_info(info)
