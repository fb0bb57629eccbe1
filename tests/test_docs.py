"""What docs/meta.md says is tested is tested, and every page that names a command names the same one."""

import ast
import asyncio
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest
from uvicorn.middleware.proxy_headers import ProxyHeadersMiddleware

ROOT = Path(__file__).parent.parent
PAGE = (ROOT / "docs" / "meta.md").read_text()
REFERENCE = re.compile(r"`(tests/[\w/]+\.py)::(test_\w+)`")
ROWS = [line for line in PAGE.splitlines() if line.startswith("| ") and not line.startswith(("| id ", "| lesson "))]


@cache
def _tests_in(path: str) -> frozenset[str]:
    tree = ast.parse((ROOT / path).read_text())
    return frozenset(node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.name.startswith("test_"))


def _cells(row: str) -> list[str]:
    return [cell.strip() for cell in row.strip("|").split("|")]


def _facts() -> Iterator[list[str]]:
    for row in ROWS:
        cells = _cells(row)
        if re.fullmatch(r"[A-Z]+\d+", cells[0]):
            yield cells


@pytest.mark.parametrize("reference", sorted({f"{path}::{name}" for path, name in REFERENCE.findall(PAGE)}))
def test_every_test_that_the_page_names_exists(reference):
    path, name = reference.split("::")
    assert (ROOT / path).is_file(), path
    assert name in _tests_in(path)


def test_every_row_names_a_test():
    assert len(ROWS) > 80
    assert [row for row in ROWS if not REFERENCE.search(row)] == []


def test_nothing_that_looks_like_a_test_is_misspelt():
    """A reference that is not understood would never be checked."""
    assert len(re.findall(r"::", PAGE)) == len(REFERENCE.findall(PAGE))


def test_every_fact_has_an_id_of_its_own_a_source_and_how_sure_it_is():
    facts = list(_facts())
    assert len({fact[0] for fact in facts}) == len(facts)
    for fact_id, fact, source, certainty, _tests in facts:
        assert fact.endswith("."), fact_id
        assert source, fact_id
        assert certainty in ("certain", "likely", "unsure"), fact_id


def test_what_is_unsure_says_how_we_cope():
    unsure = {fact[0] for fact in _facts() if fact[3] == "unsure"}
    coping = PAGE.split("## What is unsure", 1)[1].split("\n## ", 1)[0]
    assert unsure
    assert {fact_id for fact_id in unsure if f"**{fact_id}**" not in coping} == set()


# The processes of an installation on many machines
COMPOSE = (ROOT / "compose.yaml").read_text()
PROCESSES = dict(line.split(": ", 1) for line in (ROOT / "Procfile").read_text().splitlines())


def test_the_procfile_names_the_three_processes():
    assert list(PROCESSES) == ["release", "web", "worker"]


def _service(name: str) -> str:
    return COMPOSE.split(f"\n  {name}:\n", 1)[1].split("\n\n", 1)[0]


@pytest.mark.parametrize("name", PROCESSES)
def test_compose_starts_what_the_procfile_says(name):
    assert re.search(r"^    command: (.*)$", _service(name), re.MULTILINE)[1] == PROCESSES[name]


def test_compose_builds_the_image_once():
    """Several builds at once that are called the same end with an error."""
    assert re.findall(r"^ *build:", COMPOSE, re.MULTILINE) == re.findall(r"^ *build:", _service("release"), re.MULTILINE) == ["    build:"]
    assert all("\n    pull_policy: never\n" in _service(name) for name in ("web", "worker"))


def test_what_env_says_of_the_database_and_the_proxy_wins_over_compose():
    assert re.findall(r"^    (\w+): \$\{(\w+):-", COMPOSE, re.MULTILINE) == [("DATABASE_URL",) * 2, ("FORWARDED_ALLOW_IPS",) * 2]


@pytest.mark.parametrize(("peer", "said", "found"), [
    ("172.18.0.1", "203.0.113.9", "203.0.113.9"),
    ("172.18.0.1", "198.51.100.1, 203.0.113.9", "203.0.113.9"),
    ("172.18.0.1", "192.168.7.7", "192.168.7.7"),
    ("203.0.113.5", "198.51.100.1", "203.0.113.5"),
], ids=["behind the gateway", "with an invented address before it", "from the office", "past the proxy"])  # fmt: skip
def test_behind_compose_everybody_has_an_address_of_their_own(peer, said, found):
    believed = re.search(r"\$\{FORWARDED_ALLOW_IPS:-(.*)\}$", COMPOSE, re.MULTILINE)[1]
    seen = []

    async def application(scope, receive, send):
        seen.append(scope["client"][0])

    scope = {"type": "http", "client": (peer, 50_000), "scheme": "http", "headers": [(b"x-forwarded-for", said.encode())]}
    asyncio.run(ProxyHeadersMiddleware(application, trusted_hosts=believed)(scope, None, None))
    assert seen == [found]


@pytest.mark.parametrize("name", PROCESSES)
def test_the_page_on_running_names_what_the_procfile_says(name):
    page = (ROOT / "docs" / "running.md").read_text()
    assert f"| {name} | `{PROCESSES[name].removeprefix('python ')}` |" in page


def test_the_image_serves_as_the_procfile_says():
    words = re.search(r"^CMD \[(.*)\]$", (ROOT / "Dockerfile").read_text(), re.MULTILINE)[1]
    assert " ".join(words.replace('"', "").split(", ")) == PROCESSES["web"]
