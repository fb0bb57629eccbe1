"""MCP on standard input and output, as a real process on a database file of its own."""

import os
import subprocess
import sys
from pathlib import Path

import anyio
import pytest
from mcp.client import Client
from mcp.client.stdio import StdioServerParameters, stdio_client

from tests.agents.calling import ERAS

ROOT = Path(__file__).resolve().parents[2]
COMMAND = [sys.executable, "manage.py", "agent_stdio"]
MAKE_KEY = """
from accounts.models import User
from agents.models import Agent, AgentKey
from core.clock import now
dana = User.objects.create_user("dana@example.test", None)
print(AgentKey.issue(Agent.create("Desk", owner=dana, at=now()), name="test", by=dana, at=now())[1])
"""

pytestmark = [pytest.mark.loopback, pytest.mark.xdist_group("stdio")]


@pytest.fixture(scope="module")
def environment(tmp_path_factory) -> dict[str, str]:
    folder = tmp_path_factory.mktemp("stdio")
    kept = {name: value for name, value in os.environ.items() if name in {"PATH", "HOME", "LANG"}}
    return kept | {"VAR_DIR": str(folder), "DEMO": "off", "DATABASE_URL": f"sqlite:///{folder}/stdio.sqlite3", "PYTHONPATH": str(ROOT)}


def run(environment: dict[str, str], *arguments: str, stdin: str = "") -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, "manage.py", *arguments], cwd=ROOT, env=environment, input=stdin, capture_output=True, text=True, timeout=120)


@pytest.fixture(scope="module")
def key(environment) -> str:
    assert run(environment, "migrate", "-v0").returncode == 0
    made = run(environment, "shell", "-v0", "-c", MAKE_KEY)
    assert made.returncode == 0, made.stderr
    return made.stdout.strip()


@pytest.mark.parametrize("era", ERAS)
def test_an_agent_lists_and_calls_tools(environment, key, era, tmp_path):
    async def scenario() -> tuple[list[str], object]:
        process = StdioServerParameters(command=COMMAND[0], args=COMMAND[1:], env=environment | {"COUNTERSIGN_AGENT_KEY": key}, cwd=ROOT)
        with (tmp_path / "stderr").open("w+") as errors:
            async with Client(stdio_client(process, errlog=errors), mode=era) as client:
                return [tool.name for tool in (await client.list_tools()).tools], await client.call_tool("list_conversations", {})

    names, result = anyio.run(scenario)
    assert names == ["list_conversations", "get_conversation", "propose_message", "get_proposal"]
    assert result.structured_content["conversations"] == []
    assert key not in (tmp_path / "stderr").read_text()


@pytest.mark.parametrize(("text", "said"), [("", "Put the agent's key into"), ("agt_wrong", "is not valid")])
def test_without_a_valid_key_it_says_so_and_ends(environment, key, text, said):
    process = run(environment | {"COUNTERSIGN_AGENT_KEY": text}, "agent_stdio")
    assert (process.returncode, process.stdout) == (1, "")
    assert said in process.stderr
    assert "Traceback" not in process.stderr
