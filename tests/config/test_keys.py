"""The sheet of keys tells of all keys that there are, and of no others."""

import re
from pathlib import Path

ROOT = Path(__file__).parents[2]
# The browser's own, the composer's, or the palette's.
ELSEWHERE = {"Esc", "Ctrl", "K"}


def in_sheet() -> set[str]:
    return set(re.findall(r"<kbd>(.+?)</kbd>", (ROOT / "templates/_keys.html").read_text()))


def in_code() -> set[str]:
    code = (ROOT / "static/js/keys.js").read_text()
    clicked = re.search(r'CLICKED = "(.+?)"', code)
    own = re.search(r"const OWN = \{(.+?)\n  \};", code, re.DOTALL)
    assert clicked and own
    return {*clicked[1], *re.findall(r'^    "?(.+?)"?[:,]', own[1], re.MULTILINE)}


def on_pages(attribute: str) -> set[str]:
    pages = (path.read_text() for path in (ROOT / "templates").rglob("*.html"))
    return {key for page in pages for key in re.findall(rf'{attribute}="([^"{{]+)"', page)}


def test_every_key_of_the_sheet_does_something_and_every_key_is_in_the_sheet():
    assert in_sheet() - ELSEWHERE == in_code()


def test_every_key_that_a_page_names_is_one():
    assert on_pages("data-key") <= in_code()
    assert on_pages("data-go") <= in_sheet()


def test_every_key_that_presses_something_finds_it_on_some_page():
    code = (ROOT / "static/js/keys.js").read_text()
    clicked = re.search(r'CLICKED = "(.+?)"', code)
    assert clicked
    # Undo is made by page.js; facts open by the button that everybody has; lanes and menus of a selection are made in loops.
    assert set(clicked[1]) - {"u", "f"} <= on_pages("data-key")
