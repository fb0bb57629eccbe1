"""The try-out as `make run` starts it, in a folder of its own, and the ways into it: logins, the simulated Meta, and MCP."""

import os
import re
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.loopback.stage import PAGE, Meta, call_tool, eventually, free_port, process

KEPT = ("PATH", "HOME", "LANG")


@dataclass(frozen=True)
class Login:
    email: str
    password: str


@dataclass
class TryOut:
    """One try-out that runs.

    Args:
        logins: by the first part of the e-mail: operator, approver, manager, admin.
        key: of the agent Barista.
    """

    url: str
    meta: Meta
    environment: dict[str, str]
    logins: dict[str, Login]
    key: str

    def contact(self, name: str, *words: str, account: str = PAGE) -> "Customer":
        """Somebody new, who has just written `words`."""
        customer = Customer(self.meta, account, self.meta.post("contacts", account=account, name=name)["id"], name)
        for text in words:
            customer.writes(text)
        return customer

    def conversation(self, name: str) -> str:
        """The address of the conversation with somebody whom the try-out brings along."""
        cursor = ""
        while True:
            page = self.call("list_conversations", limit=50, cursor=cursor)
            for one in page["conversations"]:
                if one["contact"]["untrusted_name"] == name:
                    return f"/conversations/{one['conversation_id']}/"
            cursor = page["next_cursor"]
            assert cursor, f"Nobody is called {name}."

    def call(self, tool: str, key: str = "", **arguments: Any) -> dict[str, Any]:
        """By the agent, in a thread of its own: Playwright's loop runs in this one."""
        with ThreadPoolExecutor(1) as aside:
            return aside.submit(call_tool, self.url, key or self.key, tool, **arguments).result()


@dataclass(frozen=True)
class Customer:
    """A contact with a telephone, who sees what reaches them."""

    meta: Meta
    account: str
    id: str
    name: str

    def writes(self, text: str) -> None:
        self.meta.post("messages", account=self.account, contact=self.id, text=text)

    def got(self) -> list[dict[str, Any]]:
        return self.meta.received(account=self.account, contact=self.id, direction="out")

    def gets(self, number: int) -> list[dict[str, Any]]:
        """All that they got, once it is as much; more than that would be too much."""
        found = eventually(lambda: messages if len(messages := self.got()) >= number else [], f"{number} messages for {self.name}")
        assert len(found) == number, found
        return found


@contextmanager
def try_out(folder: Path, database: str = "") -> Iterator[TryOut]:
    """Starts the try-out, and stops it in the end.

    Args:
        database: the address of an empty database on PostgreSQL; "" is SQLite in the folder.
    """
    port, simulator = free_port(), free_port()
    environment = {name: os.environ[name] for name in KEPT if name in os.environ}
    environment |= {"VAR_DIR": str(folder), "DEMO": "on", "PORT": str(port), "SIMULATOR_PORT": str(simulator), "PUBLIC_URL": f"http://localhost:{port}"}
    environment |= {"SETTLE_SECONDS": "4"} | ({"DATABASE_URL": database} if database else {})
    log, sheet = folder / "server.log", folder / "demo.txt"
    with process(["manage.py", "run"], environment, log) as server:
        eventually(lambda: sheet.exists() or server.poll() is not None, "the try-out")
        assert server.poll() is None, log.read_text()
        yield _read(sheet.read_text(), environment, f"http://127.0.0.1:{simulator}")


def _read(sheet: str, environment: dict[str, str], meta: str) -> TryOut:
    logins = {email.split("@")[0]: Login(email, password) for email, password in re.findall(r"^  (\S+@\S+)\s+(\S+)", sheet, re.MULTILINE)}
    key = re.search(r"Bearer (agt_[^\"]+)", sheet)
    assert key, "The sheet names no key."
    return TryOut(environment["PUBLIC_URL"], Meta(meta), environment, logins, key[1])
