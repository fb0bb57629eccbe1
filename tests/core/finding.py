"""What both databases are asked, said in Python."""

from collections.abc import Iterable

from core.words import Term


def is_found(terms: Iterable[Term], words: Iterable[str]) -> bool:
    """Every term matches some word."""
    words = list(words)
    return all(any(_matches(term, word) for word in words) for term in terms)


def _matches(term: Term, word: str) -> bool:
    return word.startswith(term.text) if term.is_prefix else word == term.text
