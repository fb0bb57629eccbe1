"""What keeps connections to Meta open until it is closed, at the latest where its `with` ends."""

from types import TracebackType
from typing import Self

from graph.connection import Connection


class OpenUntilClosed:
    _connection: Connection

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None) -> None:
        self.close()

    def close(self) -> None:
        self._connection.close()
