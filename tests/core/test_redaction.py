"""What is written down repeats no secret."""

import json
import logging
import threading
from html import escape
from urllib.parse import quote

import pytest

from core import redaction
from core.redaction import MASK, MOST, Concealing, conceal, remember, watch_over_tracebacks
from core.secret import Secret


def test_a_text_that_was_a_secret_is_concealed_in_every_way_of_writing_it():
    text = 'odd "token" & <more> 1/2'
    Secret(text)
    for written in (text, quote(text, safe=""), escape(text), json.dumps(text)):
        said = conceal(f"Meta said {written}.")
        assert MASK in said and "token" not in said


def test_what_a_long_secret_holds_is_concealed_by_itself():
    Secret("Come in, Erin: https://inbox.example/invitation/Ab3dEf6hIj9lMn2pQr/ " + "and more words " * 100)
    Secret(json.dumps({"104": "xY1zX2yZ3xY4zX5yZ6"}))
    assert conceal("GET /invitation/Ab3dEf6hIj9lMn2pQr/ with xY1zX2yZ3xY4zX5yZ6") == f"GET /invitation/{MASK}/ with {MASK}"
    assert conceal("Come in, Erin") == "Come in, Erin"


def test_the_longest_goes_first_where_one_secret_holds_another():
    Secret("abcdefgh1")
    Secret("abcdefgh1-and-more-9")
    assert conceal("x abcdefgh1-and-more-9 y") == f"x {MASK} y"


@pytest.mark.parametrize(
    "leak",
    [
        "agt_0123456789abcdef0123", "EAAGm0PX4ZCpsBAKZCx0123456789", "IGQVJ0123456789abcdef0123456789", "Authorization: Bearer zzzzzzzzzz",
        "?access_token=zzzzzzzzzz", "&appsecret_proof=zzzzzzzzzz", "hub.verify_token=zzzzzzzzzz", "client_secret=zzzzzzzzzz", "code=zzzzzzzzzz#_",
    ],
)  # fmt: skip
def test_what_looks_like_a_secret_is_concealed_though_nobody_knew_it(leak):
    said = conceal(f"It was {leak}")
    assert MASK in said and "zzzz" not in said and "0123456789" not in said


@pytest.mark.parametrize("said", ["code=190 subcode=463", "token=none", "The token has expired.", "Bearer of news", "Dispatch abc: TokenInvalid"])
def test_ordinary_words_stay(said):
    assert conceal(said) == said


def test_short_secrets_are_not_concealed_or_every_word_would_be():
    Secret("verify")
    assert conceal("verify it") == "verify it"


def test_the_memory_has_a_bound_and_forgets_the_oldest(monkeypatch):
    monkeypatch.setattr(redaction, "_known", type(redaction._known)())
    for number in range(MOST + 10):
        remember(f"secret-number-{number:06}")
    remember("secret-number-000015")  # used again, so it is new
    remember("one-more-secret")
    assert len(redaction._known) == MOST
    assert conceal("secret-number-000005") == "secret-number-000005"
    assert conceal("secret-number-000015") == MASK


def logged(*said, **more) -> str:
    record = logging.getLogger("x").makeRecord("x", logging.ERROR, __file__, 1, said[0], said[1:], more.get("exc_info"), sinfo=more.get("stack"))
    assert Concealing().filter(record)
    return logging.Formatter("%(message)s").format(record)


def test_a_line_of_the_log_is_concealed_wherever_the_secret_stands_in_it():
    Secret("secret-of-the-log")
    try:
        raise ValueError("It was secret-of-the-log")
    except ValueError as error:
        trouble = (type(error), error, error.__traceback__)
    for line in (
        logged("secret-of-the-log"), logged("%s", "secret-of-the-log"), logged("%(a)s", {"a": ["secret-of-the-log"]}), logged("%d", "secret-of-the-log"),
        logged("It broke", exc_info=trouble), logged("It broke", stack="at secret-of-the-log"),
    ):  # fmt: skip
        assert "secret-of-the-log" not in line and line
    assert "ValueError" in logged("It broke", exc_info=trouble) and "test_redaction.py" in logged("It broke", exc_info=trouble)


def test_what_python_prints_by_itself_is_concealed_too(monkeypatch, capsys):
    monkeypatch.setattr("sys.excepthook", None)
    monkeypatch.setattr("threading.excepthook", None)
    watch_over_tracebacks()
    Secret("secret-of-a-thread")

    def breaks() -> None:
        raise RuntimeError("secret-of-a-thread")

    thread = threading.Thread(target=breaks, name="worker-7")
    thread.start()
    thread.join()
    said = capsys.readouterr().err
    assert "worker-7" in said and "RuntimeError" in said and "secret-of-a-thread" not in said
