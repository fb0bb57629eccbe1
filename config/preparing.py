"""What must be true before a server starts: tables, static files, and the apps at Meta that the environment names."""

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
    """Collect where a source file is newer, gone or new since the last time."""
    stamp = Path(settings.STATIC_ROOT) / ".collected"
    wanted = _fingerprint()
    if not stamp.is_file() or stamp.read_text() != wanted:
        call_command("collectstatic", interactive=False, clear=True, verbosity=0)
        stamp.write_text(wanted)


def _fingerprint() -> str:
    found = hashlib.sha256()
    for finder in get_finders():
        for path, storage in finder.list([]):
            facts = Path(storage.path(path)).stat()
            found.update(f"{path} {facts.st_size} {facts.st_mtime_ns}\n".encode())
    return found.hexdigest()
