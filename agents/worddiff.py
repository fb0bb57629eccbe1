"""What changed between two texts, word by word."""

import re
from dataclasses import dataclass
from difflib import SequenceMatcher
from typing import Literal

_PIECES = re.compile(r"\s+|\w+|[^\w\s]")


@dataclass(frozen=True)
class Change:
    """A stretch of text that stayed, went or came."""

    kind: Literal["same", "removed", "added"]
    text: str


def word_diff(before: str, after: str) -> list[Change]:
    """The way from `before` to `after`. What is same and removed joins to `before`, what is same and added to `after`."""
    old, new = _PIECES.findall(before), _PIECES.findall(after)
    changes: list[Change] = []
    for tag, old_from, old_to, new_from, new_to in SequenceMatcher(a=old, b=new, autojunk=False).get_opcodes():
        if tag == "equal":
            changes.append(Change("same", "".join(old[old_from:old_to])))
            continue
        if old_to > old_from:
            changes.append(Change("removed", "".join(old[old_from:old_to])))
        if new_to > new_from:
            changes.append(Change("added", "".join(new[new_from:new_to])))
    return changes
