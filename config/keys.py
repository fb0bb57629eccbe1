"""Secret and encryption keys: made once, kept in a file that only its owner can read, and replaced whole when they are rotated."""

import fcntl
import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from cryptography.fernet import Fernet
from django.core.management.utils import get_random_secret_key

from config.private_file import draft_of, make_lasting, write_private

NOTE = "# Made by Countersign on its first start. Without ENCRYPTION_KEYS stored tokens cannot be read again."


def load_or_create(path: Path) -> dict[str, str]:
    """Return the keys kept at `path`, making the file first where there is none.

    Two processes that start together agree: the file is linked into place whole, and the loser reads the winner's.

    Raises:
        OSError: the file cannot be written or read.
        ValueError: it is there and holds no keys.
    """
    if not path.exists():
        _create(path)
    lines = path.read_text(encoding="utf-8").splitlines()
    keys = dict(line.split("=", 1) for line in lines if "=" in line and not line.startswith("#"))
    if not (keys.get("SECRET_KEY") and keys.get("ENCRYPTION_KEYS")):
        raise ValueError("The file holds no keys.")
    return keys


def fresh() -> dict[str, str]:
    """Keys that nobody has seen before."""
    return {"SECRET_KEY": get_random_secret_key(), "ENCRYPTION_KEYS": new_key()}


def new_key() -> str:
    return Fernet.generate_key().decode()


def replace_encryption_keys(path: Path, keys: Sequence[str]) -> None:
    """Put these in the file, the one that encrypts first; whatever else it holds stays. A reader sees the old file or the new one."""
    lines = path.read_text(encoding="utf-8").splitlines()
    kept = [f"ENCRYPTION_KEYS={','.join(keys)}" if line.startswith("ENCRYPTION_KEYS=") else line for line in lines]
    write_private(path, "\n".join(kept) + "\n")


@contextmanager
def alone_with(path: Path) -> Iterator[None]:
    """Nobody else rotates meanwhile: two rotations at once would each drop the key that the other has just used.

    Raises:
        BlockingIOError: somebody does.
    """
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        fcntl.flock(folder, fcntl.LOCK_EX | fcntl.LOCK_NB)
        yield
    finally:
        os.close(folder)


def _create(path: Path) -> None:
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    draft = draft_of(path, "".join(f"{line}\n" for line in (NOTE, *(f"{name}={value}" for name, value in fresh().items()))))
    try:
        os.link(draft, path)
        make_lasting(path.parent)
    except FileExistsError:
        pass
    finally:
        draft.unlink()
