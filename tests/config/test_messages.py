"""The texts in another language: all of them, and none that breaks a sentence."""

import gettext
import json
import re
from pathlib import Path

import pytest
from django.conf import settings
from django.urls import reverse
from django.utils import translation

from agents.proposing import propose
from inbox.content import Content
from inbox.noting import write_note
from tests.inbox.browsing import page

FOLDER = Path(settings.BASE_DIR) / "locale"
LANGUAGES = [code for code, _name in settings.LANGUAGES if code != "en"]
PLACEHOLDERS = re.compile(r"%\(\w+\)[sd]|%[sd]|%%|\{\w*\}|</?[a-z]+[^>]*>|&[a-z]+;")
# What is as long as this is a sentence of ours, and nobody's name.
TELLING = 14


def catalogue(language: str) -> dict[tuple[str, str, str], list[str]]:
    """The texts of a .po file by context, text and plural."""
    entries: list[dict[str, str]] = [{}]
    for line in (FOLDER / language / "LC_MESSAGES" / "django.po").read_text().splitlines():
        if not line:
            entries.append({})
        elif found := re.fullmatch(r'(msgctxt|msgid_plural|msgid|msgstr(?:\[\d\])?) (".*")', line):
            last = found[1]
            entries[-1][last] = json.loads(found[2])
        elif line.startswith('"'):
            entries[-1][last] += json.loads(line)
        elif line.startswith("#,") and "fuzzy" in line:
            entries[-1]["fuzzy"] = line
    assert not [entry for entry in entries[1:] if "fuzzy" in entry]
    texts = [entry for entry in entries if entry.get("msgid")]
    return {
        (entry.get("msgctxt", ""), entry["msgid"], entry.get("msgid_plural", "")): [text for name, text in entry.items() if name.startswith("msgstr")]
        for entry in texts
    }  # fmt: skip


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_text_is_translated_with_all_that_is_filled_in(language):
    texts = catalogue(language)
    assert len(texts) > 2500
    wrong = []
    for (_context, text, plural), translated in texts.items():
        allowed = [sorted(PLACEHOLDERS.findall(each)) for each in filter(None, (text, plural))]
        wrong += [text for each in translated if not each or sorted(PLACEHOLDERS.findall(each)) not in allowed]
    assert not wrong


@pytest.mark.parametrize("language", LANGUAGES)
def test_django_reads_what_was_written(language):
    """`make messages` makes the one of the other."""
    with (FOLDER / language / "LC_MESSAGES" / "django.mo").open("rb") as file:
        read = gettext.GNUTranslations(file)
    for (context, text, plural), translated in catalogue(language).items():
        if plural:
            assert [read.ngettext(text, plural, number) for number in (1, 2)] == translated
        else:
            assert [read.pgettext(context, text) if context else read.gettext(text)] == translated


@pytest.fixture
def _own_language():
    """A page leaves its language in force, here where the browser is no process of its own."""
    yield
    translation.deactivate()


@pytest.mark.usefixtures("_own_language")
def test_no_sentence_of_a_page_stays_in_english(cast, sign_in):
    amina = cast.conversation(cast.amina)
    propose(cast.assistant, amina, Content(text="Yes, since this morning."), reason="They asked")
    write_note(amina, "@Alice look", by=cast.bob)
    cast.alice.language, cast.alice.is_staff = "de", True
    cast.alice.save()
    browser = sign_in(cast.alice)
    english = {text for (_context, text, _plural), translated in catalogue("de").items() if len(text) >= TELLING and text not in (*translated, cast.shop.name)}
    addresses = [
        "/conversations/", amina.get_absolute_url(), "/conversations/?q=Yirgacheffe", "/conversations/filters/", "/views/", "/approvals/",
        "/approvals/decided/", "/preferences/", "/stops/", reverse("admin:index"),
    ]  # fmt: skip
    for address in addresses:
        shown = page(browser, address)
        assert '<html lang="de"' in shown, address
        words = re.sub(r"<(script|style)\b.*?</\1>", "", shown, flags=re.DOTALL)
        found = [text for text in english if f">{text}<" in words or f'"{text}"' in words]
        assert not found, f"{address}: {found}"
