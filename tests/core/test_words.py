"""Words mean the same however they are spelled, in every script, whatever somebody types."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.words import LONGEST_WORD, MOST_TERMS, matches_in, terms_of, words_of
from tests.core.finding import is_found


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", []),
        ("Hello, hello WORLD", ["hello", "world"]),
        ("Café crème", ["cafe", "creme"]),
        (unicodedata.normalize("NFD", "Café"), ["cafe"]),
        ("Łódź Ærø Straße İstanbul Ισπανία ёлка", ["lodz", "aero", "strasse", "istanbul", "ισπανια", "елка"]),
        ("Ｆｕｌｌ ｗｉｄｔｈ ﬁne", ["full", "width", "fine"]),
        ("Order A-1042 (x2)", ["order", "a", "1042", "x2"]),
        ("amina_o@example.com", ["amina", "o", "example", "com"]),
        ("+44 20 7946-0958", ["44", "20", "7946", "0958"]),
        ("\u0661\u0660\u0664\u0662 \u0e51\u0e52", ["1042", "12"]),
        ("\u0645\u064f\u062d\u064e\u0645\u0651\u064e\u062f \u0627\u0644\u0634\u0640\u0640\u0627\u064a \u0623\u0645", ["محمد", "الشاي", "ام"]),
        ("\u05e9\u05b8\u05c1\u05dc\u05d5\u05b9\u05dd", ["שלום"]),
        ("می\u200cخواهم", ["میخواهم"]),
        ("हिन्दी में", ["हिन्दी", "में"]),
        ("กาแฟ", ["กา", "าแ", "แฟ", "ฟ"]),
        ("咖啡 茶", ["咖啡", "啡", "茶"]),
        ("abc中文1", ["abc", "中文", "文", "1"]),
        ("カフェ", ["カフ", "フェ", "ェ"]),
        ("ｶﾞｽ", ["ガス", "ス"]),
        ("한국어", ["한국어"]),
        (unicodedata.normalize("NFD", "한국어"), ["한국어"]),
        ("👍🏽 ❤️ 👩‍👩‍👧 !?", []),
        ("❤️yes 1️⃣", ["yes", "1"]),
        ("\ud800half\udfff\0pair", ["half", "pair"]),
        ("x" * 200, ["x" * LONGEST_WORD]),
    ],
)  # fmt: skip
def test_the_words_of_a_text(text, words):
    assert words_of(text) == words


@pytest.mark.parametrize(
    ("question", "text", "found"),
    [
        ("cafe", "Une CAFÉTIÈRE", True),
        ("café", "cafeteria", True),
        ("feteria", "cafeteria", False),
        ("blue cup", "A cup that is blue", True),
        ("blue cup", "A cup", False),
        ("A-1042", "about order A-1042.", True),
        ("1042", "order #A1042", False),
        ("a1042", "order #A1042", True),
        ("amina@example.com", "write to Amina@Example.com", True),
        ("محمد", "مُحَمَّد", True),
        ("مُحَمَّد", "محمد هنا", True),
        ("กาแฟ", "ขอกาแฟร้อน", True),
        ("แฟร้อ", "ขอกาแฟร้อน", True),
        ("ชา", "ขอกาแฟร้อน", False),
        ("咖啡", "我要咖啡", True),
        ("啡", "我要咖啡", True),
        ("要", "我要咖啡", True),
        ("咖啡 杯", "一杯咖啡", True),
        ("茶", "我要咖啡", False),
        ("straße", "STRASSE", True),
        ("a", "and", False),
        ("a", "this is a cup", True),
        ("5 cup", "5 cups", True),
        ("김", "김민수", True),
    ],
)
def test_a_question_finds_a_text(question, text, found):
    assert is_found(terms_of(question), words_of(text)) is found


def test_what_holds_no_word_asks_nothing():
    for question in ("", " ", '"', "()", "*", "👍🏽", "\0", "\u0301", "\ud800", "'; --", "\u0e34"):
        assert terms_of(question) == []


def test_of_a_long_question_so_much_counts_as_can_be_asked():
    assert len(terms_of(" ".join(f"word{number}" for number in range(2_000)))) == MOST_TERMS
    assert len(terms_of("กาแฟ" * 2_500)) <= MOST_TERMS


@pytest.mark.parametrize(
    ("text", "question", "marked"),
    [
        ("Café au lait, cafés", "cafe", "[Café] au lait, [café]s"),
        (unicodedata.normalize("NFD", "Café crème"), "cafe", unicodedata.normalize("NFD", "[Café] crème")),
        ("Die Straße", "strass", "Die [Straß]e"),
        ("我要咖啡和茶", "咖啡 茶", "我要[咖啡]和[茶]"),
        ("<b>blue</b>", "b", "<[b]>blue</[b]>"),
        ("مُحَمَّد هنا", "محمد", "[مُحَمَّد] هنا"),
        ("nothing", "else", "nothing"),
    ],
)
def test_matches_are_marked_in_the_text_as_it_was_written(text, question, marked):
    assert _marked(text, question) == marked


def _marked(text, question):
    shown, last = "", 0
    for start, end in matches_in(text, terms_of(question)):
        shown, last = f"{shown}{text[last:start]}[{text[start:end]}]", end
    return shown + text[last:]


@given(st.text())
def test_every_word_finds_the_text_that_it_is_from(text):
    words = words_of(text)
    assert all(is_found(terms_of(word), words) for word in words)
    assert is_found(terms_of(text), words)


@given(st.text())
def test_words_hold_nothing_but_letters_digits_and_marks(text):
    for word in words_of(text):
        assert {unicodedata.category(char)[0] for char in word} <= {"L", "N", "M"}


@given(st.text(), st.text(max_size=5))
def test_matches_stand_inside_the_text_in_order(text, question):
    places = [place for match in matches_in(text, terms_of(question)) for place in match]
    assert places == sorted(set(places)) and all(0 <= place <= len(text) for place in places)
