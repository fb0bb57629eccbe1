"""The index of words, in each database's own way: FTS5 beside the table on SQLite, GIN on PostgreSQL. `inbox/searching.py` asks it.

The words are made by `core/words.py` and stand between spaces; nothing here may change them. So SQLite's tokenizer is the one that leaves
everything beyond ASCII alone, and on PostgreSQL no parser is asked. Whoever lets Django remake `inbox_searchentry` on SQLite loses its
triggers, and has to make them again.
"""

from django.db import migrations

SQLITE = (
    """CREATE VIRTUAL TABLE inbox_search USING fts5(
        words, content='inbox_searchentry', content_rowid='id', tokenize="ascii tokenchars '@'", detail=none, columnsize=0
    )""",
    "INSERT INTO inbox_search(inbox_search) VALUES ('rebuild')",
    """CREATE TRIGGER inbox_searchentry_added AFTER INSERT ON inbox_searchentry BEGIN
        INSERT INTO inbox_search(rowid, words) VALUES (new.id, new.words);
    END""",
    """CREATE TRIGGER inbox_searchentry_changed AFTER UPDATE OF words ON inbox_searchentry BEGIN
        INSERT INTO inbox_search(inbox_search, rowid, words) VALUES ('delete', old.id, old.words);
        INSERT INTO inbox_search(rowid, words) VALUES (new.id, new.words);
    END""",
    """CREATE TRIGGER inbox_searchentry_removed AFTER DELETE ON inbox_searchentry BEGIN
        INSERT INTO inbox_search(inbox_search, rowid, words) VALUES ('delete', old.id, old.words);
    END""",
)
# What is deleted leaves the file at once, and not when a later merge comes by.
SQLITE_FORGETS = "INSERT INTO inbox_search(inbox_search, rank) VALUES ('secure-delete', 1)"
SQLITE_BACK = (
    "DROP TRIGGER inbox_searchentry_removed",
    "DROP TRIGGER inbox_searchentry_changed",
    "DROP TRIGGER inbox_searchentry_added",
    "DROP TABLE inbox_search",
)
POSTGRES = ("CREATE INDEX inbox_search ON inbox_searchentry USING gin (array_to_tsvector(string_to_array(words, ' ')))",)
POSTGRES_BACK = ("DROP INDEX inbox_search",)


def make(apps, schema_editor):
    connection = schema_editor.connection
    for statement in SQLITE if connection.vendor == "sqlite" else POSTGRES:
        schema_editor.execute(statement)
    if connection.vendor == "sqlite" and connection.Database.sqlite_version_info >= (3, 42):
        schema_editor.execute(SQLITE_FORGETS)


def unmake(apps, schema_editor):
    for statement in SQLITE_BACK if schema_editor.connection.vendor == "sqlite" else POSTGRES_BACK:
        schema_editor.execute(statement)


class Migration(migrations.Migration):
    dependencies = [("inbox", "0009_who_waits")]
    operations = [migrations.RunPython(make, unmake)]
