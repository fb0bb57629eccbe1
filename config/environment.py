"""Reads the environment once, remembers what is wrong with it, and never raises.

A wrong value becomes a `Problem`, which `config.checks` reports as a Django system check; settings go on with a harmless default.
"""

import io
import os
import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import urlsplit

import environ

T = TypeVar("T")
LINE = re.compile(r"\s*(#.*|(export\s+)?[A-Za-z_][A-Za-z0-9_]*\s*=.*)?")


@dataclass(frozen=True)
class Problem:
    """One variable that cannot be used as it stands: its name, what is wrong, and what to do."""

    id: str
    name: str
    message: str
    hint: str


class Environment:
    """Typed access to environment variables, with `.env` read for those that are not set already.

    Args:
        dotenv: path of the `.env` file; it may be absent.
    """

    def __init__(self, dotenv: Path) -> None:
        self.problems: list[Problem] = []
        self.names: set[str] = set()
        self._load(dotenv)

    def text(self, name: str, default: str = "") -> str:
        self.names.add(name)
        return os.environ.get(name, "").strip() or default

    def flag(self, name: str, *, default: bool) -> bool:
        return self._read(name, default, self._parse_flag, "E002", "Write on or off.")

    def number(self, name: str, *, default: int, least: int, most: int) -> int:
        def parse(text: str) -> int:
            if not (text.isdecimal() and text.isascii() and least <= int(text[:9]) <= most):
                raise ValueError(f"it is not a whole number from {least} to {most}")
            return int(text)

        return self._read(name, default, parse, "E003", f"Write a whole number, for example {default}.")

    def address(self, name: str, *, default: str) -> str:
        return self._read(name, default, self._parse_address, "E004", f"Write a full address, for example {default}.")

    def shaped(self, name: str, *, default: str, shape: str) -> str:
        """Text that must look like `shape`, a regular expression, as `default` does."""

        def parse(text: str) -> str:
            if not re.fullmatch(shape, text):
                raise ValueError("it does not look like one")
            return text

        return self._read(name, default, parse, "E009", f"Write it as in {default}.")

    def words(self, name: str) -> list[str]:
        return [word.strip() for word in self.text(name).split(",") if word.strip()]

    def database(self, name: str, *, default: str) -> dict[str, Any]:
        hint = "Write postgres://user:password@host:5432/name, sqlite:////absolute/path, or leave it out."
        return self._read(name, self._parse_database(default), self._parse_database, "E005", hint)

    def email(self, name: str) -> dict[str, Any]:
        """Django's settings of a mail server; empty where none is named."""
        hint = "Write smtp+tls://user:password@host:587, smtp+ssl://…:465, or leave it out."
        return self._read(name, {}, self._parse_email, "E013", hint)

    def note(self, id: str, name: str, message: str, hint: str) -> None:
        """Record a problem that concerns several variables together."""
        self.problems.append(Problem(id, name, message, hint))

    def _load(self, dotenv: Path) -> None:
        try:
            lines = dotenv.read_text(encoding="utf-8").splitlines() if dotenv.exists() else []
        except (OSError, UnicodeDecodeError):
            self.note("E008", ".env", "The file .env cannot be read.", "Make it a text file in UTF-8 that this user may read.")
            return
        for number, line in enumerate(lines, 1):
            if not LINE.fullmatch(line):
                # The line itself is not repeated: it may be half of a secret.
                self.note("E008", ".env", f"Line {number} of .env is not NAME=value.", "Write NAME=value, or begin the line with #.")
        environ.Env.read_env(io.StringIO("\n".join(line for line in lines if LINE.fullmatch(line))))

    def _read(self, name: str, default: T, parse: Callable[[str], T], id: str, hint: str) -> T:
        text = self.text(name)
        if not text:
            return default
        try:
            return parse(text)
        except ValueError as error:
            self.note(id, name, f"{name} cannot be used: {error}.", hint)
            return default

    @staticmethod
    def _parse_flag(text: str) -> bool:
        if text.lower() in {"1", "on", "yes", "true"}:
            return True
        if text.lower() in {"0", "off", "no", "false"}:
            return False
        raise ValueError("it is neither on nor off")

    @staticmethod
    def _parse_address(text: str) -> str:
        parts = urlsplit(text)
        if parts.scheme not in {"http", "https"} or not re.fullmatch(r"[A-Za-z0-9._:-]+", parts.hostname or "") or parts.username:
            raise ValueError("it is not an http or https address")
        if parts.port == 0 or parts.query or parts.fragment:  # reading a port that is out of range raises ValueError, too
            raise ValueError("it is more than an address")
        return text.rstrip("/")

    @staticmethod
    def _parse_email(text: str) -> dict[str, Any]:
        # The value may hold a password, so the sentence never repeats it.
        if urlsplit(text).scheme not in {"smtp", "smtps", "smtp+tls", "smtp+ssl", "consolemail", "filemail"}:
            raise ValueError("it names no way to send e-mail")
        try:
            found = dict(environ.Env.email_url_config(text))
        except Exception as error:
            raise ValueError("it is not an address of a mail server") from error
        if path := found.get("EMAIL_FILE_PATH"):
            found["EMAIL_FILE_PATH"] = f"/{path}"
        return {key: value for key, value in found.items() if key.startswith("EMAIL_") and value}

    @staticmethod
    def _parse_database(text: str) -> dict[str, Any]:
        # The value may hold a password, so the sentence never repeats it.
        if urlsplit(text).scheme not in {"postgres", "postgresql", "sqlite"}:
            raise ValueError("it names neither PostgreSQL nor SQLite")
        try:
            found = dict(environ.Env.db_url_config(text))
        except Exception as error:
            raise ValueError("it is not a database address") from error
        if found.get("NAME") in {None, "", ":memory:"}:
            raise ValueError("it names no database")
        return found
