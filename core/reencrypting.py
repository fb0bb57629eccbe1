"""Encrypts what is stored under an older key anew, row by row, while everything else runs."""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from cryptography.fernet import InvalidToken
from django.apps import apps
from django.db import connection, models
from django.db.models import QuerySet, TextField, Value
from django.db.models.functions import Cast

from core.fields import EncryptedField
from core.keyring import cipher

BATCH = 200


class Under(StrEnum):
    """Which key opens a value."""

    NEWEST = "newest"
    OLDER = "older"
    NONE = "none"


@dataclass(frozen=True)
class Column:
    """One encrypted field of one model."""

    model: type[models.Model]
    name: str

    def __str__(self) -> str:
        return f"{self.model._meta.db_table}.{self.name}"

    @property
    def rows(self) -> QuerySet[Any]:
        """The rows that hold something, each with its `ciphertext` as the database has it."""
        as_stored = Cast(self.name, TextField())
        return self.model._base_manager.annotate(ciphertext=as_stored).exclude(ciphertext="").exclude(ciphertext=None)


@dataclass(frozen=True)
class Place:
    """Where a value stands; never which value."""

    column: Column
    pk: Any

    def __str__(self) -> str:
        return f"{self.column}, id {self.pk}"


@dataclass
class Survey:
    """How many values are under which key, and where those are that no key opens."""

    under: Counter[Under] = field(default_factory=Counter)
    unreadable: list[Place] = field(default_factory=list)

    @property
    def is_renewed(self) -> bool:
        return not self.under[Under.OLDER]


def encrypted_columns() -> list[Column]:
    """Every encrypted field there is, found among the models: a new one is never forgotten."""
    tables = [model for model in apps.get_models(include_auto_created=True) if model._meta.managed and not model._meta.proxy]
    return [Column(model, each.name) for model in tables for each in model._meta.local_concrete_fields if isinstance(each, EncryptedField)]


def survey(keys: Sequence[str]) -> Survey:
    """Look at every stored value once."""
    found = Survey()
    for column in encrypted_columns():
        for pk, ciphertext in _stored(column):
            kind = _under(ciphertext, keys)
            found.under[kind] += 1
            if kind is Under.NONE:
                found.unreadable.append(Place(column, pk))
    return found


def renewing(keys: Sequence[str]) -> Iterator[Place]:
    """One pass: each value that an older key opens is encrypted under the first, and its place comes out once that is committed.

    Somebody may write the same row meanwhile: then ours has nothing to say, and the next pass looks at what they wrote.
    """
    for column in encrypted_columns():
        for pk, ciphertext in _stored(column):
            if _under(ciphertext, keys) is Under.OLDER and _renew(column, pk, ciphertext, keys):
                yield Place(column, pk)


def keep_writers_out(columns: Iterable[Column]) -> None:
    """Until the transaction ends nobody writes to these tables, and what was being written is there. SQLite has one writer anyway."""
    if connection.vendor == "postgresql":
        tables = ", ".join(sorted({connection.ops.quote_name(column.model._meta.db_table) for column in columns}))
        with connection.cursor() as cursor:
            cursor.execute("SET LOCAL lock_timeout = '10s'")
            cursor.execute(f"LOCK TABLE {tables} IN SHARE MODE")


def _stored(column: Column) -> Iterator[tuple[Any, str]]:
    """Key and ciphertext of each row, in small batches, so that a long table holds nothing up."""
    last = None
    while batch := list((column.rows if last is None else column.rows.filter(pk__gt=last)).order_by("pk").values_list("pk", "ciphertext")[:BATCH]):
        yield from batch
        last = batch[-1][0]


def _under(ciphertext: str, keys: Sequence[str]) -> Under:
    if _opens(ciphertext, keys[:1]):
        return Under.NEWEST
    return Under.OLDER if keys[1:] and _opens(ciphertext, keys[1:]) else Under.NONE


def _opens(ciphertext: str, keys: Sequence[str]) -> bool:
    try:
        cipher(tuple(keys)).decrypt(ciphertext.encode())
    except InvalidToken:
        return False
    return True


def _renew(column: Column, pk: Any, ciphertext: str, keys: Sequence[str]) -> bool:
    renewed = cipher(tuple(keys)).rotate(ciphertext.encode()).decode()
    unchanged = column.rows.filter(pk=pk, ciphertext=ciphertext)
    return bool(unchanged.update(**{column.name: Value(renewed, output_field=TextField())}))
