"""What docs/meta.md says is tested is tested."""

import ast
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

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
