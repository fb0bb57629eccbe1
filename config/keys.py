"""Secret and encryption keys: made once, kept in a file that only its owner can read."""

import os
from pathlib import Path

from cryptography.fernet import Fernet
from django.core.management.utils import get_random_secret_key


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
    return {"SECRET_KEY": get_random_secret_key(), "ENCRYPTION_KEYS": Fernet.generate_key().decode()}


def _create(path: Path) -> None:
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    draft = path.with_name(f".{path.name}.{os.getpid()}")
    handle = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(handle, "w", encoding="utf-8") as file:
        file.write("# Made by Countersign on its first start. Without ENCRYPTION_KEYS stored tokens cannot be read again.\n")
        file.writelines(f"{name}={value}\n" for name, value in fresh().items())
    try:
        os.link(draft, path)
    except FileExistsError:
        pass
    finally:
        draft.unlink()
