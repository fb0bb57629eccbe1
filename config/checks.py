"""System checks: what is wrong with the environment, with an id and what to do about it."""

import os
import sqlite3
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit

from cryptography.fernet import Fernet
from django.conf import settings
from django.core.checks import CheckMessage, Error, Warning, register

# Two connections of an older SQLite can corrupt a WAL database when they checkpoint at once (sqlite.org, release 3.51.3).
SAFE_SQLITE = (3, 51, 3)


@register
def environment(**_: Any) -> list[CheckMessage]:
    """What the settings noticed when they read the environment."""
    return [Error(problem.message, hint=problem.hint, id=f"countersign.{problem.id}") for problem in settings.ENVIRONMENT_PROBLEMS]


@register
def encryption_keys(**_: Any) -> list[CheckMessage]:
    if settings.ENCRYPTION_KEYS and all(map(_is_key, settings.ENCRYPTION_KEYS)):
        return []
    hint = 'Leave it out to have one made, or make one: python -c "from cryptography.fernet import Fernet; print(Fernet.generate_key().decode())"'
    return [Error("ENCRYPTION_KEYS holds something that is not a Fernet key.", hint=hint, id="countersign.E010")]


@register
def folder(**_: Any) -> list[CheckMessage]:
    if os.access(settings.VAR_DIR, os.W_OK | os.X_OK):
        return []
    hint = "Make it a folder that this user may write; the database, the keys and pictures are kept there."
    return [Error(f"VAR_DIR, {settings.VAR_DIR}, cannot be written.", hint=hint, id="countersign.E011")]


@register
def hosts(**_: Any) -> list[CheckMessage]:
    if all(map(_is_host_and_port, settings.FETCH_ALLOWED_HOSTS)):
        return []
    hint = "Write host:port, several with commas between them."
    return [Error("FETCH_ALLOWED_HOSTS holds something that is not host:port.", hint=hint, id="countersign.E012")]


@register
def cautions(**_: Any) -> list[CheckMessage]:
    """What works, and will disappoint."""
    return list(_cautions())


def _cautions() -> Iterator[CheckMessage]:
    if not settings.POSTGRES and sqlite3.sqlite_version_info < SAFE_SQLITE:
        text = f"SQLite {sqlite3.sqlite_version} can corrupt a database that several threads write."
        yield Warning(text, hint="Install pysqlite3, which brings a newer one, or use PostgreSQL.", id="countersign.W001")
    if settings.META_APPS and not settings.DEMO and not settings.HTTPS:
        hint = "Set PUBLIC_URL to the https address under which Meta reaches this installation."
        yield Warning("Meta delivers webhooks to https addresses only.", hint=hint, id="countersign.W002")
    if settings.DEMO and (settings.META_APPS or os.environ.get("DATABASE_URL", "").strip()):
        hint = "Set DEMO=off, or leave the credentials and DATABASE_URL out."
        yield Warning("The try-out uses neither your apps at Meta nor DATABASE_URL.", hint=hint, id="countersign.W003")


def _is_key(text: str) -> bool:
    try:
        Fernet(text)
    except ValueError:
        return False
    return True


def _is_host_and_port(text: str) -> bool:
    try:
        parts = urlsplit(f"//{text}")
        return bool(parts.hostname and parts.port) and parts.netloc == text and not parts.username
    except ValueError:
        return False
