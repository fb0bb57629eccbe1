"""Reads the environment once, remembers what is wrong with it, and never raises.

A wrong value becomes a `Problem`, which `config.checks` reports as a Django system check; settings go on with a harmless default.
"""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import urlsplit

import environ

T = TypeVar("T")


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
        self._env = environ.Env()
        if dotenv.is_file():
            self._env.read_env(str(dotenv))

    def text(self, name: str, default: str = "") -> str:
        return str(self._env.str(name, default=default)).strip()

    def flag(self, name: str, *, default: bool) -> bool:
        return self._read(name, default, self._parse_flag, "E002", "Write on or off.")

    def number(self, name: str, *, default: int) -> int:
        return self._read(name, default, int, "E003", f"Write a whole number, for example {default}.")

    def address(self, name: str, *, default: str) -> str:
        return self._read(name, default, self._parse_address, "E004", f"Write a full address, for example {default}.")

    def words(self, name: str) -> list[str]:
        return [word.strip() for word in self.text(name).split(",") if word.strip()]

    def database(self, name: str, *, default: str) -> dict[str, Any]:
        hint = "Write postgres://user:password@host:5432/name, sqlite:///relative.path, or leave it out."
        return self._read(name, self._parse_database(default), self._parse_database, "E005", hint)

    def note(self, id: str, name: str, message: str, hint: str) -> None:
        """Record a problem that concerns several variables together."""
        self.problems.append(Problem(id, name, message, hint))

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
        if parts.scheme not in {"http", "https"} or not parts.hostname:
            raise ValueError("it is not an http or https address")
        return text.rstrip("/")

    @staticmethod
    def _parse_database(text: str) -> dict[str, Any]:
        # The value may hold a password, so the sentence never repeats it.
        if urlsplit(text).scheme not in {"postgres", "postgresql", "sqlite"}:
            raise ValueError("it names neither PostgreSQL nor SQLite")
        try:
            return dict(environ.Env.db_url_config(text))
        except Exception as error:
            raise ValueError("it is not a database address") from error
