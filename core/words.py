"""Words as they are searched: the same in every database, because they are made here and not there.

Case, diacritics and compatibility forms make no difference. Scripts that are written without spaces are cut into overlapping pairs of
characters. Whatever is no letter, digit or mark only separates.
"""

import re
import unicodedata
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import lru_cache

# Of a text so many characters are looked at, of a word so many are kept, and so many words of a question count.
LONGEST_TEXT = 20_000
LONGEST_WORD = 64
MOST_TERMS = 24

# Thai and Lao, Myanmar, Khmer, radicals, kana, Han.
_UNSPACED = (
    "\u0e00-\u0eff\u1000-\u109f\ua9e0-\ua9ff\uaa60-\uaa7f\u1780-\u17ff\u19e0-\u19ff\u2e80-\u2fdf\u3005-\u3007\u3021-\u3029\u3038-\u303b"
    "\u3040-\u30ff\u31f0-\u31ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U0001b000-\U0001b16f\U00020000-\U0003ffff"
)
_RUN = re.compile(f"(?P<unspaced>[{_UNSPACED}]+)|[^ {_UNSPACED}]+")
# A character, with the sound mark of kana that may follow it.
_CHARACTER = re.compile("[^\u3099\u309a\uff9e\uff9f][\u3099\u309a\uff9e\uff9f]?|.", re.DOTALL)
_ASCII_RUN = re.compile("[a-z0-9]+")
# Combining marks of Latin, Greek and Cyrillic, points of Hebrew, vowel signs of Arabic, its tatweel, and what only chooses a picture's style.
_LEFT_OUT = re.compile(
    "[\u0300-\u036f\u0483-\u0489\u0591-\u05bd\u05bf\u05c1\u05c2\u05c4\u05c5\u05c7\u0610-\u061a\u0640\u064b-\u065f\u0670\u06d6-\u06dc\u06df-\u06e4"
    "\u06e7\u06e8\u06ea-\u06ed\u1ab0-\u1aff\u1dc0-\u1dff\u20d0-\u20ff\ufe00-\ufe0f\ufe20-\ufe2f\U000e0100-\U000e01ef]"
)
# Letters whose stroke or second half no decomposition takes away.
_PLAINER = str.maketrans({"ø": "o", "ł": "l", "đ": "d", "ð": "d", "ħ": "h", "ı": "i", "æ": "ae", "œ": "oe", "þ": "th"})


@dataclass(frozen=True)
class Term:
    """One thing that has to be among the words: a whole word, or with `is_prefix` the beginning of one."""

    text: str
    is_prefix: bool = True


def words_of(text: str) -> list[str]:
    """The distinct words of a text, in their order."""
    text = text[:LONGEST_TEXT]
    if text.isascii():
        return list(dict.fromkeys(word[:LONGEST_WORD] for word in _ASCII_RUN.findall(text.lower())))
    return list(dict.fromkeys(word for run in _runs(_plain_text(text)) for word in run.words))


def terms_of(question: str) -> list[Term]:
    """What a text has to hold to be what somebody looks for; empty where the question holds no word."""
    return list(dict.fromkeys(term for run in _runs(_plain_text(question[:LONGEST_TEXT])) for term in run.terms))[:MOST_TERMS]


def matches_in(text: str, terms: Iterable[Term]) -> list[tuple[int, int]]:
    """Where the terms stand in a text, from and to, in order and without overlap."""
    terms, plain = list(terms), ""
    starts: list[int] = []
    ends: list[int] = []
    for found in _CHARACTER.finditer(text):
        letters = _plain(found[0])
        if not letters and ends:
            ends[-1] = found.end()  # what is left out belongs to the letter before it
        plain += letters
        starts += [found.start()] * len(letters)
        ends += [found.end()] * len(letters)
    spans = sorted((starts[begin], ends[end - 1]) for run in _runs(plain) for begin, end in run.spans(terms))
    return list(_joined(spans))


@dataclass(frozen=True)
class _Run:
    """Letters without anything between them."""

    text: str
    start: int
    is_unspaced: bool

    @property
    def words(self) -> list[str]:
        if not self.is_unspaced:
            return [self.text[:LONGEST_WORD]]
        # The last character by itself: a single one is looked for as the beginning of a pair.
        return [*self._pairs, *([self.text[-1]] if _has_letter(self.text[-1]) else [])]

    @property
    def terms(self) -> list[Term]:
        if not self.is_unspaced:
            # One letter begins a tenth of all words, and is meant as a word where it stands alone: "A-1042", "5 cups".
            return [Term(self.text[:LONGEST_WORD], is_prefix=not (self.text.isascii() and len(self.text) == 1))]
        return [Term(pair, is_prefix=False) for pair in self._pairs] or [Term(self.text)]

    @property
    def _pairs(self) -> list[str]:
        return [self.text[place : place + 2] for place in range(len(self.text) - 1)]

    def spans(self, terms: Iterable[Term]) -> Iterator[tuple[int, int]]:
        places = range(len(self.text)) if self.is_unspaced else (0,)
        for place in places:
            for term in terms:
                if self.text.startswith(term.text, place) and (term.is_prefix or self.is_unspaced or term.text == self.text):
                    yield self.start + place, self.start + place + len(term.text)


def _runs(plain: str) -> Iterator[_Run]:
    for found in _RUN.finditer(plain):
        if _has_letter(found[0]):
            yield _Run(found[0], found.start(), found["unspaced"] is not None)


def _has_letter(text: str) -> bool:
    return any(unicodedata.category(char)[0] in "LN" for char in text)


def _plain_text(text: str) -> str:
    return "".join(map(_plain, _CHARACTER.findall(unicodedata.normalize("NFC", text))))


@lru_cache(maxsize=10_000)
def _plain(character: str) -> str:
    """A space for what separates, "" for what is left out inside words, else letters that stand for all their spellings."""
    letters = unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", character).casefold())
    letters = _LEFT_OUT.sub("", unicodedata.normalize("NFD", letters)).translate(_PLAINER)
    return "".join(map(_letter, unicodedata.normalize("NFC", letters)))


def _letter(char: str) -> str:
    kind = unicodedata.category(char)
    if kind == "Cf":
        return ""
    if kind == "Nd":
        return str(unicodedata.decimal(char))
    return char if kind[0] in "LNM" else " "


def _joined(spans: Iterable[tuple[int, int]]) -> Iterator[tuple[int, int]]:
    """Sorted stretches, with those made one that touch each other."""
    current: tuple[int, int] | None = None
    for start, end in spans:
        if current and start <= current[1]:
            current = current[0], max(current[1], end)
        else:
            if current:
                yield current
            current = start, end
    if current:
        yield current
