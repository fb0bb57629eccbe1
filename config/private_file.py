"""Files that only their owner may read."""

import os
from pathlib import Path


def write_private(path: Path, text: str) -> None:
    """Write `text` to `path` whole or not at all, readable by the owner only. It is there for good, also after a power cut, once this returns."""
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = draft_of(path, text)
    _leave_to_owner(draft, path)
    draft.replace(path)
    make_lasting(path.parent)


def _leave_to_owner(draft: Path, path: Path) -> None:
    """Root may write it; whoever could read it before has to read it afterwards, and they may be running."""
    if os.geteuid() == 0 and path.exists():
        facts = path.stat()
        os.chown(draft, facts.st_uid, facts.st_gid)


def draft_of(path: Path, text: str) -> Path:
    """A private file beside `path` with this text, on the disk."""
    draft = path.with_name(f".{path.name}.{os.getpid()}")
    draft.unlink(missing_ok=True)
    handle = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(handle, "w", encoding="utf-8") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    return draft


def make_lasting(folder: Path) -> None:
    """Have the disk remember which files the folder names."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
