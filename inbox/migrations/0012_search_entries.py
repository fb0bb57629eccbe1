"""What is stored already can be searched: an entry for each message with words, and for each contact with a name."""

from django.db import migrations

from core.words import words_of

BATCH = 500


def note(apps, schema_editor):
    _in_batches(apps.get_model("inbox", "Message").objects.filter(removed_at=None).prefetch_related("attachments"), apps, "@m", "message", _said)
    _in_batches(apps.get_model("inbox", "Contact").objects.filter(forgotten_at=None), apps, "@c", "contact", _named)


def _in_batches(rows, apps, place, name, texts):
    entries, last = apps.get_model("inbox", "SearchEntry").objects, 0
    while some := list(rows.filter(pk__gt=last).order_by("pk")[:BATCH]):
        words = {row: words_of("\n".join(filter(None, texts(row)))) for row in some}
        # Those that were written since the code went out are newer than what was read here.
        entries.bulk_create(
            [
                entries.model(account_id=row.account_id, words=" ".join([f"{place}{row.account_id}", *found]), **{name: row})
                for row, found in words.items()
                if found
            ],
            ignore_conflicts=True,
        )
        last = some[-1].pk


def _said(message):
    yield message.about.get("edit", {}).get("text") or message.text
    link = message.link or {}
    yield from (link.get("title"), link.get("subtitle"), link.get("url"))
    for each in message.attachments.all():
        yield from (each.title, each.url if each.kind in ("link", "card") else "")


def _named(contact):
    return contact.name, contact.username


def forget(apps, schema_editor):
    apps.get_model("inbox", "SearchEntry").objects.all().delete()


class Migration(migrations.Migration):
    # Each batch is committed by itself, so that nobody waits for a long history; run again, it goes on with what is missing.
    atomic = False
    dependencies = [("inbox", "0010_search")]
    operations = [migrations.RunPython(note, forget)]
