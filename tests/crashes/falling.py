"""A process of our own that ends itself with SIGKILL at one point of what it does, and says which points it passed.

The points are found, not listed: each SQL statement, each commit before and after, and each request to Meta before it leaves and once Meta
has carried it out. What follows the answer is the next statement. The product knows nothing of this.
"""

import gc
import os
import re
import signal
import traceback
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import httpx
from django.conf import settings
from django.db import connection, connections

from graph.simulator import Simulator, SimulatorTransport
from tests.conftest import _deliver

AT_LEAST, AT_MOST = 5, 200
# Returns Meta's id of the contact, and what to do while points are counted.
Prepare = Callable[[Simulator], tuple[str, Callable[[], object]]]


class Points:
    """Counts what the process passes, and ends it at the one that was asked for."""

    def __init__(self, fatal: int, report: Callable[[str], None]) -> None:
        self._fatal, self._report = fatal, report
        self._passed = 0

    def pass_(self, label: str) -> None:
        self._passed += 1
        self._report(label)
        if self._passed == self._fatal:
            os.kill(os.getpid(), signal.SIGKILL)

    def arm(self) -> None:
        connection.execute_wrappers.append(self._statement)
        commit = connection._commit

        def committing() -> Any:
            self.pass_("before the commit")
            commit()
            self.pass_("after the commit")

        connection._commit = committing
        settings.GRAPH_TRANSPORT = _Calls(settings.GRAPH_TRANSPORT, self)

    def _statement(self, execute: Any, sql: str, *more: Any) -> Any:
        self.pass_(_words(sql))
        return execute(sql, *more)


class _Calls(httpx.BaseTransport):
    def __init__(self, meta: httpx.BaseTransport, points: Points) -> None:
        self._meta, self._points = meta, points

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        what = f"{request.method} {request.url.path.rpartition('/')[2]}"
        self._points.pass_(f"{what}, before it leaves")
        response = self._meta.handle_request(request)
        self._points.pass_(f"{what}, once Meta has done it")
        return response


def _words(sql: str) -> str:
    """What a statement does, without what differs from one conversation to the next."""
    if found := re.match(r'(INSERT INTO|UPDATE|DELETE FROM) "?(\w+)', sql):
        return f"{found[1]} {found[2]}"
    if found := re.match(r'SELECT .*? FROM "?(\w+)', sql, re.DOTALL):
        return f"SELECT {found[1]}"
    return re.sub(r"\W.*", "", sql)


@dataclass(frozen=True)
class Fall:
    """What one process did before it ended.

    Args:
        number: the point at which it fell, from 1; 0 where it came to its end.
        contact: whom it was about.
        points: what it passed.
    """

    number: int
    contact: str
    points: tuple[str, ...]

    def __str__(self) -> str:
        return f"point {self.number} ({self.points[-1] if self.points else 'none'})"


def fall_everywhere(memory: str, prepare: Prepare, then: Callable[[], None], *, since: str = "") -> Iterator[Fall]:
    """Let one process come to its end, and then one after the other fall, each a point later. The one that fell nowhere comes last.

    Args:
        memory: file of the simulated Meta.
        prepare: makes, in the new process, what is needed.
        then: called before the first and after each.
        since: begin at this point, where another test has fallen at those before it.
    """
    then()
    whole = _fall(memory, prepare, AT_MOST)
    then()
    assert not whole.number and AT_LEAST < len(whole.points) < AT_MOST
    for number in _places(whole.points, whole.points.index(since) if since else 0):
        fall = _fall(memory, prepare, number)
        then()
        # Each passes exactly what the whole one did up to there: no point is skipped, and none comes unseen.
        assert (fall.number, fall.points) == (number, whole.points[:number]), f"{whole.points}\n{fall.points}"
        yield fall
    yield whole


def _places(points: tuple[str, ...], first: int) -> Iterator[int]:
    """Every point but a look at the database right after another: nothing has changed between the two, so the falls are one."""
    for index in range(first, len(points)):
        if not (index > first and points[index - 1].startswith("SELECT") and points[index].startswith("SELECT")):
            yield index + 1


def _fall(memory: str, prepare: Prepare, number: int) -> Fall:
    """Neither database is open while we part: no connection is ever in two processes."""
    connections.close_all()
    mouth, ear = (os.fdopen(end, mode) for end, mode in zip(reversed(os.pipe()), ("w", "r"), strict=True))
    if child := os.fork():
        mouth.close()
        with ear:
            contact, *points = ear.read().splitlines() or [""]
        _pid, status = os.waitpid(child, 0)
        killed = os.WIFSIGNALED(status) and os.WTERMSIG(status) == signal.SIGKILL
        assert killed or os.waitstatus_to_exitcode(status) == 0, "\n".join((contact, *points))
        return Fall(number if killed else 0, contact, tuple(points))
    try:
        _live_and_fall(memory, prepare, number, lambda line: (mouth.write(line + "\n"), mouth.flush()))
    except BaseException:
        mouth.write(traceback.format_exc())
        mouth.flush()
        os._exit(1)
    os._exit(0)


def _live_and_fall(memory: str, prepare: Prepare, number: int, report: Callable[[str], object]) -> None:
    gc.disable()
    simulator = Simulator(memory, deliver=_deliver)
    settings.GRAPH_TRANSPORT = SimulatorTransport(simulator)
    contact, act = prepare(simulator)
    report(contact)
    Points(number, report).arm()
    act()
