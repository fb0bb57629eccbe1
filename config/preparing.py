"""What must be true before a server starts: tables, static files, and the apps at Meta that the environment names."""

import fcntl
import hashlib
from pathlib import Path

from django.conf import settings
from django.contrib.staticfiles.finders import get_finders
from django.core.management import CommandError, call_command
from django.db import connection
from django.db.migrations.executor import MigrationExecutor
from django.db.utils import OperationalError
from django.utils.translation import gettext as _

from config.bootstrap import bootstrap


def prepare() -> None:
    """Bring everything up to date; quick where nothing has changed.

    Raises:
        CommandError: the database does not answer.
    """
    _migrate()
    _collect_static()
    bootstrap()


def _migrate() -> None:
    try:
        executor = MigrationExecutor(connection)
    except OperationalError as error:
        sentence = _("The database does not answer: %(reason)s. Check DATABASE_URL, and that the database runs.")
        raise CommandError(sentence % {"reason": " ".join(str(error).split())}) from None
    if executor.migration_plan(executor.loader.graph.leaf_nodes()):
        call_command("migrate", interactive=False, verbosity=0)


def _collect_static() -> None:
    """Collect where a source file is newer, gone or new since the last time. Of two that start at once the second waits for the first."""
    root, wanted = Path(settings.STATIC_ROOT), _fingerprint()
    if _is_collected(root, wanted):
        return
    with root.with_name(f".{root.name}.lock").open("w") as only_one:
        fcntl.flock(only_one, fcntl.LOCK_EX)
        if not _is_collected(root, wanted):
            call_command("collectstatic", interactive=False, clear=True, verbosity=0)
            _stamp(root).write_text(wanted)


def _is_collected(root: Path, wanted: str) -> bool:
    return _stamp(root).is_file() and _stamp(root).read_text() == wanted


def _stamp(root: Path) -> Path:
    return root / ".collected"


def _fingerprint() -> str:
    found = hashlib.sha256()
    for finder in get_finders():
        for path, storage in finder.list([]):
            facts = Path(storage.path(path)).stat()
            found.update(f"{path} {facts.st_size} {facts.st_mtime_ns}\n".encode())
    return found.hexdigest()
