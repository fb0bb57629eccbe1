"""The keys that encrypt secrets at rest, read again where they stand in a file that has changed."""

import logging
import os
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from cryptography.fernet import Fernet, MultiFernet
from django.conf import settings

NAME = "ENCRYPTION_KEYS"
logger = logging.getLogger("countersign.keys")

# Which file it was: a replaced one has another inode, one written in place another time.
Stamp = tuple[int, int, int]


@dataclass(frozen=True)
class Reading:
    """What a file of keys held, the key that encrypts first."""

    stamp: Stamp
    keys: tuple[str, ...]


class KeyFile:
    """The keys in one file. Whoever rotates them replaces the file whole; every process notices by itself."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._reading: Reading | None = None

    def known(self) -> tuple[str, ...]:
        """The keys as this process read them last."""
        return self._reading.keys if self._reading else self.reread()

    def current(self) -> tuple[str, ...]:
        """The keys as the file holds them now; one look at its inode where it has not changed."""
        try:
            if self._reading and self._reading.stamp == _stamp(os.stat(self._path)):
                return self._reading.keys
        except OSError:
            pass
        return self.reread()

    def reread(self) -> tuple[str, ...]:
        """Open the file again. What cannot be read changes nothing: the keys known before stay in use.

        Raises:
            OSError, ValueError: it cannot be read, and never could.
        """
        try:
            self._reading = _read(self._path)
        except (OSError, ValueError) as error:
            if self._reading is None:
                raise
            logger.error("The file of encryption keys cannot be read (%s); the keys that are known stay in use.", type(error).__name__)
        return self._reading.keys


def keys() -> tuple[str, ...]:
    """The keys in force now, the one that encrypts first."""
    file = _file()
    return file.current() if file else tuple(settings.ENCRYPTION_KEYS)


def known_keys() -> tuple[str, ...]:
    """The keys as this process knows them, without a look at the file."""
    file = _file()
    return file.known() if file else tuple(settings.ENCRYPTION_KEYS)


def reread_keys() -> tuple[str, ...]:
    """The keys as they stand in the file, opened again."""
    file = _file()
    return file.reread() if file else tuple(settings.ENCRYPTION_KEYS)


@lru_cache(maxsize=16)
def cipher(keys: tuple[str, ...]) -> MultiFernet:
    """Encrypts with the first of these keys and opens with any."""
    return MultiFernet([Fernet(key) for key in keys])


def _file() -> KeyFile | None:
    """None where the environment names the keys."""
    path: Path | None = settings.ENCRYPTION_KEYS_FILE
    return _file_at(path) if path else None


@lru_cache(maxsize=16)
def _file_at(path: Path) -> KeyFile:
    return KeyFile(path)


def _read(path: Path) -> Reading:
    with path.open(encoding="utf-8") as file:
        stamp = _stamp(os.fstat(file.fileno()))
        lines = [line.strip().partition("=") for line in file]
    found = next((value for name, _equals, value in lines if name == NAME), "")
    keys = tuple(key.strip() for key in found.split(",") if key.strip())
    if not keys:
        raise ValueError("The file holds no encryption keys.")
    cipher(keys)  # raises ValueError for what is no key
    return Reading(stamp, keys)


def _stamp(facts: os.stat_result) -> Stamp:
    return facts.st_ino, facts.st_mtime_ns, facts.st_size
