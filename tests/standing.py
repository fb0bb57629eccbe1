"""What migrations brought, put back between tests that commit."""

from collections.abc import Set
from dataclasses import dataclass
from typing import Any

from django.db import connection, transaction


@dataclass(frozen=True)
class Rows:
    """Those of one table."""

    columns: tuple[str, ...]
    values: list[tuple[Any, ...]]

    def without(self, others: "Rows | None") -> "Rows":
        return Rows(self.columns, [row for row in self.values if row not in others.values]) if others else self

    def put(self, table: str) -> None:
        marks = "({})".format(", ".join(["%s"] * len(self.columns)))
        columns = ", ".join(f'"{name}"' for name in self.columns)
        with connection.cursor() as cursor:
            cursor.execute(
                f'INSERT INTO "{table}" ({columns}) VALUES {", ".join([marks] * len(self.values))}', [value for row in self.values for value in row]
            )


@dataclass(frozen=True)
class Shipped:
    """What migrations brought, for tests that commit: their database is emptied afterwards, and each begins with this."""

    rows: dict[str, Rows]

    def put_back(self) -> None:
        """Only what is not there as it was: Django saves object by object, which takes longer than most of the tests."""
        with transaction.atomic(), connection.cursor() as cursor:
            for table, rows in self.rows.items():
                if _read(cursor, table) != rows:
                    cursor.execute(f'DELETE FROM "{table}"')
                    rows.put(table)


def deletions(style: Any, tables: list[str], **_options: Any) -> list[str]:
    """How PostgreSQL empties small tables fast; truncating makes new files for each of them."""
    return [f'DELETE FROM "{table}"' for table in tables]


def everything(*, without: Set[str]) -> dict[str, Rows]:
    """All tables that have rows."""
    tables = set(connection.introspection.table_names()) - without - _kept_by_triggers()
    with connection.cursor() as cursor:
        found = {table: _read(cursor, table) for table in sorted(tables)}
    return {table: rows for table, rows in found.items() if rows.values}


def _kept_by_triggers() -> set[str]:
    """SQLite's index of words, and the tables in which it lies: it follows the rows that are searched, and whoever writes to it breaks it."""
    if connection.vendor != "sqlite":
        return set()
    with connection.cursor() as cursor:
        cursor.execute("SELECT name FROM pragma_table_list WHERE type IN ('virtual', 'shadow')")
        return {name for (name,) in cursor.fetchall()}


def _read(cursor: Any, table: str) -> Rows:
    cursor.execute(f'SELECT * FROM "{table}"')
    return Rows(tuple(column[0] for column in cursor.description), cursor.fetchall())
