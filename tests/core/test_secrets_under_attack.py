"""What an unfriendly reader tried against the keeping of secrets; each of these was possible once."""

import logging
import os
import threading

import pytest

from config.keys import load_or_create, replace_encryption_keys
from core import redaction
from core.redaction import MASK, Concealing, conceal
from core.secret import Secret


def logged(message: object, *args: object) -> str:
    record = logging.getLogger("x").makeRecord("x", logging.ERROR, __file__, 1, message, args, None)
    assert Concealing().filter(record)
    return logging.Formatter("%(message)s").format(record)


def test_an_address_of_sixty_thousand_dots_holds_nobody_up():
    """Anybody may ask for it, and Django writes down what it did not find. It took half a minute, with the whole process waiting."""
    shape = next(shape for shape, _instead in redaction._SHAPES if "appsecret_proof" in shape.pattern)
    assert not shape.search("/" + "a." * 500_000)
    assert conceal("?hub.verify_token=zzzzzzzzzz&my.access_token=zzzzzzzzzz") == f"?hub.verify_token={MASK}&my.access_token={MASK}"


def test_the_password_in_an_address_is_concealed():
    """`runserver` shows the environment on its error page."""
    assert conceal("postgres://anna:hunter2-horse@db:5432/x") == f"postgres://anna:{MASK}@db:5432/x"
    assert conceal("http://localhost:8000/a and c@d.example") == "http://localhost:8000/a and c@d.example"


class Mute:
    """It cannot be written down."""

    def __str__(self) -> str:
        raise RuntimeError("I do not say.")


def test_what_cannot_be_written_down_does_not_break_whoever_logs():
    assert "Mute" in logged(Mute())
    assert logged("It was %s", Mute()).startswith("It was %s")


def test_a_secret_that_no_address_can_hold_is_a_secret_all_the_same():
    Secret("half a pair: \ud83d")
    assert conceal("It was half a pair: \ud83d.") == f"It was {MASK}."


def test_a_long_text_is_looked_through_without_keeping_others_from_their_secrets(monkeypatch):
    """Every token that is read from the database is remembered; that must not wait until a long traceback was searched."""

    class Held(str):
        def __contains__(self, part: object) -> bool:
            done = threading.Thread(target=Secret, args=("made-while-somebody-looks",), daemon=True)
            done.start()
            done.join(5)
            assert not done.is_alive()
            return False

    monkeypatch.setattr(redaction, "_known", type(redaction._known)({"one-secret-is-known": None}))
    conceal(Held("long"))


def test_whoever_rotates_as_root_leaves_the_file_to_its_owner(tmp_path):
    path = tmp_path / "keys.env"
    load_or_create(path)
    if os.geteuid() != 0:
        pytest.skip("Only root can give files away.")
    os.chown(path, 12_345, 23_456)
    replace_encryption_keys(path, ["one", "two"])
    facts = path.stat()
    assert (facts.st_uid, facts.st_gid, facts.st_mode & 0o777) == (12_345, 23_456, 0o600)
