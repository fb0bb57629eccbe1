"""Processes that run beside the web process and end with it."""

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Sequence
from types import TracebackType
from typing import Self

from django.conf import settings

PATIENCE = 20.0


class Child:
    """A Python process of ours, from `with` to its end.

    It has a session of its own: Ctrl-C in a terminal reaches every process of the terminal's group, and we want to stop in order. Should
    it end by itself, so do we: half an installation helps nobody.

    Args:
        name: what people call it.
        arguments: what follows `python`.
    """

    def __init__(self, name: str, arguments: Sequence[str]) -> None:
        self.name = name
        self._arguments = arguments
        self._stopping = False

    def __enter__(self) -> Self:
        self._process = subprocess.Popen(  # noqa: S603 (our own interpreter, our own arguments)
            [sys.executable, *self._arguments], cwd=settings.BASE_DIR, stdin=subprocess.DEVNULL, start_new_session=True
        )
        threading.Thread(target=self._watch, name=f"watch-{self.name}", daemon=True).start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._stopping = True
        self._process.terminate()
        try:
            self._process.wait(PATIENCE)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()

    @property
    def is_running(self) -> bool:
        return self._process.poll() is None

    def _watch(self) -> None:
        code = self._process.wait()
        if not self._stopping:
            print(f"{self.name} has ended by itself (exit code {code}), so everything stops.", file=sys.stderr)
            os.kill(os.getpid(), signal.SIGTERM)
