"""The real server, real workers and the simulated Meta, as processes on 127.0.0.1; and browsers that are plain HTTP clients."""

import asyncio
import json
import os
import re
import shlex
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from html.parser import HTMLParser
from pathlib import Path
from typing import Any, TypeVar

import httpx
import httpx2
import psycopg
from mcp.client.client import Client
from mcp.client.streamable_http import streamable_http_client

ROOT = Path(__file__).parent.parent.parent
T = TypeVar("T")
PATIENCE = 45.0
PASSWORD = "a-sentence-that-is-easy"
PAGE, INSTAGRAM = "104857600000001", "17841400000000042"


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def eventually(look: Callable[[], T], what: str, *, patience: float = PATIENCE) -> T:
    """What `look` finds, as soon as it is something. Processes are waited for by looking, for so many seconds at most."""
    deadline = time.monotonic() + patience
    while not (found := look()):
        if time.monotonic() > deadline:
            raise AssertionError(f"Waited in vain for: {what}")
        time.sleep(0.05)
    return found


@contextmanager
def process(arguments: list[str], environment: dict[str, str], log: Path) -> Iterator[subprocess.Popen[bytes]]:
    """A process of ours, ended by its id; what it wrote stays in `log`."""
    with log.open("ab") as out:
        running = subprocess.Popen([sys.executable, *arguments], cwd=ROOT, env=environment, stdout=out, stderr=out, stdin=subprocess.DEVNULL)
    try:
        yield running
    finally:
        running.send_signal(signal.SIGTERM)
        try:
            running.wait(20)
        except subprocess.TimeoutExpired:
            running.kill()
            running.wait()
            raise AssertionError(f"{arguments} did not stop.") from None


@contextmanager
def postgres_database(url: str) -> Iterator[str]:
    """A database of its own beside the suite's."""
    name = f"countersign_loopback_{os.getpid()}"
    with psycopg.connect(url, autocommit=True) as admin:
        admin.execute(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')
        admin.execute(f'CREATE DATABASE "{name}"')
        try:
            yield url.rsplit("/", 1)[0] + f"/{name}"
        finally:
            admin.execute(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')


@dataclass
class Meta:
    """The simulated Meta over HTTP."""

    url: str

    def post(self, what: str, **fields: Any) -> dict[str, Any]:
        answer = httpx.post(f"{self.url}/sim/{what}", json=fields)
        assert answer.status_code == 200, answer.text
        return answer.json()

    def clear_faults(self) -> None:
        assert httpx.delete(f"{self.url}/sim/faults").status_code == 200

    def requests(self) -> list[str]:
        """The path of each request that was answered."""
        return [each["path"] for each in httpx.get(f"{self.url}/sim/requests").json()["data"]]

    def received(self, **which: str) -> list[dict[str, Any]]:
        answer = httpx.get(f"{self.url}/sim/messages", params=which).json()
        return answer["data"]


def procfile() -> dict[str, list[str]]:
    """What each process of an installation on PostgreSQL is started with; `python` is the one that runs the tests."""
    lines = [line.split(":", 1) for line in (ROOT / "Procfile").read_text().splitlines() if line.strip()]
    commands = {name: shlex.split(command) for name, command in lines}
    assert all(command[0] == "python" for command in commands.values()), commands
    return {name: command[1:] for name, command in commands.items()}


@dataclass
class Running:
    """A process of the installation: which line of the Procfile it is, its number among those, and itself."""

    name: str
    number: int
    process: subprocess.Popen[bytes]


@dataclass
class Stage:
    """One installation and the Meta that it talks to.

    Args:
        urls: of each of its web processes; the first is the public one.
        running: its processes. On SQLite one, on PostgreSQL those of the Procfile.
    """

    urls: list[str]
    meta: Meta
    environment: dict[str, str]
    folder: Path
    exits: ExitStack = field(default_factory=ExitStack)
    running: list[Running] = field(default_factory=list)
    browsers: list["Browser"] = field(default_factory=list)

    @property
    def url(self) -> str:
        return self.urls[0]

    def start(self) -> None:
        """Start everything; on PostgreSQL two web processes and two workers."""
        if "DATABASE_URL" not in self.environment:
            self._begin("run", 0, ["manage.py", "run"])
        else:
            self._release()
            for number, name in ((0, "web"), (1, "web"), (0, "worker"), (1, "worker")):
                self.begin(name, number)
        for url in self.urls:
            # It makes its database first.
            eventually(lambda url=url: self._ended() or _is_up(f"{url}/health/"), "the server", patience=3 * PATIENCE)
        assert not self._ended(), self.log

    def begin(self, name: str, number: int) -> None:
        """Start one process of the Procfile."""
        self._begin(name, number, procfile()[name])

    def crash(self) -> None:
        """End every process at once."""
        while self.running:
            self.kill(self.running[0])

    def kill(self, running: Running) -> None:
        """End one process at once, as a machine that loses its power would."""
        running.process.kill()
        running.process.wait()
        self.running.remove(running)

    def _begin(self, name: str, number: int, command: list[str]) -> None:
        environment = self.environment | ({"PORT": self.urls[number].rpartition(":")[2]} if name == "web" else {})
        self.running.append(Running(name, number, self.exits.enter_context(process(command, environment, self.folder / "server.log"))))

    def _release(self) -> None:
        command = [sys.executable, *procfile()["release"]]
        done = subprocess.run(command, cwd=ROOT, env=self.environment, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr

    def _ended(self) -> list[Running]:
        return [each for each in self.running if each.process.poll() is not None]

    def manage(self, script: str) -> dict[str, Any]:
        """Run a few lines inside the product; they leave a dict named `result`."""
        code = f"{script}\nimport json; print('RESULT ' + json.dumps(result))"
        command = [sys.executable, "manage.py", "shell", "-v", "0", "-c", code]
        done = subprocess.run(command, cwd=ROOT, env=self.environment, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout.split("RESULT ", 1)[1])

    def browser(self, *, at: int = 0) -> "Browser":
        """A person's browser, at the first web process or another."""
        self.browsers.append(Browser(self.urls[at]))
        return self.browsers[-1]

    @property
    def log(self) -> str:
        return (self.folder / "server.log").read_text(errors="replace")


@contextmanager
def stage(folder: Path, database: str = "") -> Iterator[Stage]:
    """An installation with credentials, whose Meta is the simulator. On PostgreSQL it is what the Procfile says, twice."""
    ports = {"PORT": str(free_port()), "SIMULATOR_PORT": str(free_port())}
    meta, url = f"http://127.0.0.1:{ports['SIMULATOR_PORT']}", f"http://127.0.0.1:{ports['PORT']}"
    urls = [url, f"http://127.0.0.1:{free_port()}"] if database else [url]
    environment = {key: value for key, value in os.environ.items() if key not in {"DATABASE_URL", "DJANGO_SETTINGS_MODULE"}} | ports
    environment |= {
        "VAR_DIR": str(folder / "var"), "PUBLIC_URL": url, "DEMO": "off",
        "FACEBOOK_APP_ID": "1200000000000001", "FACEBOOK_APP_SECRET": "facebook-secret", "FACEBOOK_VERIFY_TOKEN": "facebook-verify",
        "INSTAGRAM_APP_ID": "1200000000000002", "INSTAGRAM_APP_SECRET": "instagram-secret", "INSTAGRAM_VERIFY_TOKEN": "instagram-verify",
        "GRAPH_FACEBOOK_URL": f"{meta}/fb", "GRAPH_INSTAGRAM_URL": f"{meta}/ig",
        "FACEBOOK_LOGIN_URL": f"{meta}/fb", "INSTAGRAM_LOGIN_URL": f"{meta}/ig", "INSTAGRAM_TOKEN_URL": f"{meta}/ig-api", "GRAPH_READS_PER_SECOND": "1000",
        "FETCH_ALLOWED_HOSTS": f"127.0.0.1:{ports['SIMULATOR_PORT']}",
    }  # fmt: skip
    if database:
        # Short, so that what a killed worker leaves behind goes on soon.
        environment |= {"DATABASE_URL": database, "LEASE_SECONDS": "3", "SETTLE_SECONDS": "5"}
    simulator = ["-m", "graph.simulator", "--port", ports["SIMULATOR_PORT"], "--state", str(folder / "meta.sqlite3")]
    with process(simulator, environment, folder / "meta.log"), ExitStack() as servers:
        built = Stage(urls, Meta(meta), environment, folder, servers)
        built.start()
        eventually(lambda: _is_up(f"{meta}/sim/health"), "the simulator")
        yield built
        for browser in built.browsers:
            browser.http.close()


def _is_up(url: str) -> bool:
    try:
        return httpx.get(url, timeout=2).status_code < 400
    except httpx.HTTPError:
        return False


def call_tool(url: str, key: str, tool: str, **arguments: Any) -> dict[str, Any]:
    """What a tool answers to an agent with this key, by the SDK's own client."""

    async def call() -> dict[str, Any]:
        async with (
            httpx2.AsyncClient(headers={"Authorization": f"Bearer {key}"}, timeout=30) as http,
            Client(streamable_http_client(f"{url}/mcp", http_client=http)) as client,
        ):
            result = await client.call_tool(tool, arguments)
            assert not result.is_error, result.content
            return dict(result.structured_content or {})

    return asyncio.run(call())


class Browser:
    """A person's browser without JavaScript: pages, forms and cookies."""

    def __init__(self, url: str) -> None:
        self.http = httpx.Client(base_url=url, follow_redirects=True, timeout=20, headers={"Referer": url})

    def page(self, path: str) -> str:
        answer = self.http.get(path)
        assert answer.status_code == 200, f"{path}: {answer.status_code}"
        return answer.text

    def submit(self, path: str, action: str, **typed: Any) -> str:
        """Fill the form on `path` whose action ends with `action`, as a person would, and send it. Files are (name, bytes, type)."""
        form = next(form for form in forms(self.page(path)) if form.action.endswith(action))
        files = {name: value for name, value in typed.items() if isinstance(value, tuple)}
        fields = form.fields | {name: value for name, value in typed.items() if name not in files}
        answer = self.http.post(form.action or path, data=fields, files=files or None)
        assert answer.status_code < 400, f"{action}: {answer.status_code} {text_of(answer.text)[:2000]}"
        return answer.text

    def sign_in(self, email: str, password: str) -> None:
        self.submit("/sign-in/", "", username=email, password=password)


@dataclass
class Form:
    action: str
    fields: dict[str, str]


class _Forms(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.found: list[Form] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        values = dict(attrs)
        if tag == "form" and (values.get("method") or "").lower() == "post":
            self.found.append(Form(values.get("action") or "", {}))
        elif tag == "input" and self.found and values.get("name") and values.get("type") in {"hidden", "text", "email", None}:
            self.found[-1].fields[str(values["name"])] = values.get("value") or ""


def forms(html: str) -> list[Form]:
    parser = _Forms()
    parser.feed(html)
    return parser.found


def text_of(html: str) -> str:
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", html))
