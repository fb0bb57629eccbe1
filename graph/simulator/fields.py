"""Graph's `fields` language: `id,messages.limit(20){id,message}`."""

import re
from dataclasses import dataclass, field

from graph.simulator.errors import invalid

NAME = re.compile(r"([A-Za-z_]+)((?:\.[a-z_]+\([^()]*\))*)")
LIMIT = re.compile(r"\.limit\((\d+)\)")


@dataclass
class Fields:
    inner: dict[str, "Fields"] = field(default_factory=dict)
    limit: int | None = None

    def __contains__(self, name: str) -> bool:
        return name in self.inner

    def or_default(self, *names: str) -> "Fields":
        return self if self.inner else Fields({name: Fields() for name in names})

    def check(self, node: str, known: tuple[str, ...]) -> None:
        for name in self.inner:
            if name not in known:
                raise invalid(f"Tried accessing nonexisting field ({name}) on node type ({node})")


def parse(text: str) -> Fields:
    found, end = _parse(text.replace(" ", ""), 0)
    if end != len(text.replace(" ", "")):
        raise invalid("Syntax error in the fields expression.")
    return found


def _parse(text: str, at: int) -> tuple[Fields, int]:
    found = Fields()
    while match := NAME.match(text, at):
        at = match.end()
        inner = Fields()
        if text[at : at + 1] == "{":
            inner, at = _parse(text, at + 1)
            at += 1
        limit = LIMIT.search(match[2])
        inner.limit = int(limit[1]) if limit else None
        found.inner[match[1]] = inner
        at += text[at : at + 1] == ","
    return found, at
