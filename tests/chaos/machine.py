"""The processes of one installation and of the simulated Meta, on 127.0.0.1. Only what was started here is ever ended, by its id."""

import json
import os
import shlex
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx

from tests.chaos.records import Records
from tests.chaos.world import World, people_script
from tests.loopback.stage import free_port, postgres_database

ROOT = Path(__file__).parent.parent.parent
PATIENCE = 180.0
WORKERS = 2


class Service:
    """One process of ours, started as often as it was killed.

    Args:
        is_up: whether it does its work already; for a worker nobody can tell from outside.
        sends: whether messages leave from it.
    """

    def __init__(self, name: str, command: list[str], environment: dict[str, str], log: Path, *, sends: bool, is_up: Callable[[], bool] | None = None) -> None:
        self.name, self.sends = name, sends
        self._command, self._environment, self._log, self._is_up = command, environment, log, is_up
        self._running: subprocess.Popen[bytes] | None = None
        self.started_at = 0.0

    @property
    def pid(self) -> int:
        return self._running.pid if self._running else 0

    @property
    def is_running(self) -> bool:
        return self._running is not None and self._running.poll() is None

    def start(self) -> None:
        with self._log.open("ab") as out:
            self._running = subprocess.Popen(self._command, cwd=ROOT, env=self._environment, stdout=out, stderr=out, stdin=subprocess.DEVNULL)
        self.started_at = time.monotonic()

    def wait_until_up(self) -> None:
        """
        Raises:
            RuntimeError: it ended by itself, or does not answer.
        """
        until = time.monotonic() + PATIENCE
        while self._is_up and not self._is_up():
            if not self.is_running or time.monotonic() > until:
                raise RuntimeError(f"{self.name} does not come up. {self._log} ends:\n{self._log.read_text(errors='replace')[-2000:]}")
            time.sleep(0.03)

    def kill(self) -> int:
        """End it as a power cut would. Returns the id that it had."""
        assert self._running
        self._running.kill()
        self._running.wait()
        return self._running.pid

    def stop(self) -> None:
        if self._running is None or self._running.poll() is not None:
            return
        self._running.send_signal(signal.SIGTERM)
        try:
            self._running.wait(20)
        except subprocess.TimeoutExpired:
            self.kill()


class Meta:
    """The simulated Meta over HTTP."""

    def __init__(self, url: str) -> None:
        self.url = url
        # After a storm `settle` delivers some thousand webhooks to a server that has just come up.
        self._http = httpx.Client(base_url=f"{url}/sim/", timeout=300, trust_env=False)
        self._ended: list[dict[str, Any]] = []

    def post(self, what: str, **fields: Any) -> dict[str, Any]:
        answer = self._http.post(what, json=fields)
        assert answer.status_code == 200, answer.text
        return dict(answer.json())

    def get(self, what: str, **which: str) -> dict[str, Any]:
        return dict(self._http.get(what, params=which).json())

    @property
    def faults(self) -> list[dict[str, Any]]:
        """Every fault that was ordered; Meta counts down how often each is still to come."""
        return [*self._ended, *self.get("faults")["data"]]

    def end_faults(self, **which: str) -> None:
        self._ended += [fault for fault in self.get("faults")["data"] if which.items() <= fault.items()]
        assert self._http.delete("faults", params=which).status_code == 200

    def close(self) -> None:
        self._http.close()


class Machine:
    """An installation, everything around it, and the people in it.

    Args:
        people: `key` of the agent, and by name the `sessions` of whoever is signed in, with the name of their `cookie`.
    """

    def __init__(self, url: str, meta: Meta, records: Records, services: list[Service], people: dict[str, Any]) -> None:
        self.url, self.meta, self.records, self.services, self._people = url, meta, records, services, people

    @property
    def agent_key(self) -> str:
        return str(self._people["key"])

    def cookies(self, name: str) -> dict[str, str]:
        return {self._people["cookie"]: self._people["sessions"][name]}


@contextmanager
def machine(engine: str, folder: Path, world: World, *, clerks: int, postgres: str) -> Iterator[Machine]:
    """Everything started and set up, with the first message of every contact on its way."""
    if engine == "sqlite":
        with _machine(folder, world, clerks, database="") as built:
            yield built
    else:
        with postgres_database(postgres) as database, _machine(folder, world, clerks, database=database) as built:
            yield built


@contextmanager
def _machine(folder: Path, world: World, clerks: int, *, database: str) -> Iterator[Machine]:
    port, meta_port = free_port(), free_port()
    url, meta_url = f"http://127.0.0.1:{port}", f"http://127.0.0.1:{meta_port}"
    environment = _environment(folder, url, meta_url, database)
    people = _script(people_script(clerks), environment)
    world.write(folder / "world.json", f"{url}/webhooks/meta/")
    simulator = ["-m", "graph.simulator", "--port", str(meta_port), "--state", str(folder / "meta.sqlite3"), "--world", str(folder / "world.json")]
    at_meta = Service("meta", [sys.executable, *simulator], environment, folder / "meta.log", sends=False, is_up=lambda: answers(f"{meta_url}/sim/health"))
    services = _services(environment, folder, url, on_postgres=bool(database))
    try:
        for service in [at_meta, *services]:
            service.start()
        for service in [at_meta, *services]:
            service.wait_until_up()
        meta, records = Meta(meta_url), Records(database or str(folder / "var" / "countersign.sqlite3"))
        yield Machine(url, meta, records, services, people)
        meta.close()
    finally:
        for service in [*services, at_meta]:
            service.stop()


def _environment(folder: Path, url: str, meta: str, database: str) -> dict[str, str]:
    known = {name: value for name, value in os.environ.items() if name not in {"DATABASE_URL", "DJANGO_SETTINGS_MODULE"}}
    return known | {
        "PORT": url.rsplit(":", 1)[1], "PUBLIC_URL": url, "VAR_DIR": str(folder / "var"), "DEMO": "off",
        "FACEBOOK_APP_ID": "1200000000000001", "FACEBOOK_APP_SECRET": "facebook-secret", "FACEBOOK_VERIFY_TOKEN": "facebook-verify",
        "INSTAGRAM_APP_ID": "1200000000000002", "INSTAGRAM_APP_SECRET": "instagram-secret", "INSTAGRAM_VERIFY_TOKEN": "instagram-verify",
        "GRAPH_FACEBOOK_URL": f"{meta}/fb", "GRAPH_INSTAGRAM_URL": f"{meta}/ig",
        "FACEBOOK_LOGIN_URL": f"{meta}/fb", "INSTAGRAM_LOGIN_URL": f"{meta}/ig", "INSTAGRAM_TOKEN_URL": f"{meta}/ig-api",
        "GRAPH_READS_PER_SECOND": "50", "LEASE_SECONDS": "2", "SETTLE_SECONDS": "4",
    } | ({"DATABASE_URL": database} if database else {})  # fmt: skip


def _services(environment: dict[str, str], folder: Path, url: str, *, on_postgres: bool) -> list[Service]:
    def is_up() -> bool:
        return answers(f"{url}/sign-in/")

    if not on_postgres:
        return [Service("run", [sys.executable, "manage.py", "run"], environment, folder / "run.log", sends=True, is_up=is_up)]
    lines = dict(line.split(": ", 1) for line in (ROOT / "Procfile").read_text().splitlines() if ": " in line)
    web, worker = ([sys.executable, *shlex.split(lines[name])[1:]] for name in ("web", "worker"))
    workers = [Service(f"worker{number}", worker, environment, folder / f"worker{number}.log", sends=True) for number in range(WORKERS)]
    return [Service("web", web, environment, folder / "web.log", sends=False, is_up=is_up), *workers]


def _script(script: str, environment: dict[str, str]) -> dict[str, Any]:
    code = f"{script}\nimport json; print('RESULT ' + json.dumps(result))"
    command = [sys.executable, "manage.py", "shell", "-v", "0", "-c", code]
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False, timeout=PATIENCE)
    if done.returncode:
        raise RuntimeError(done.stderr)
    return dict(json.loads(done.stdout.split("RESULT ", 1)[1]))


def answers(url: str) -> bool:
    try:
        return httpx.get(url, timeout=5, trust_env=False).status_code < 400
    except httpx.HTTPError:
        return False
