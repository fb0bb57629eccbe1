"""What lists ask by is worked out for the conversations that are there: what came in last, and since when the contact waits."""

from django.db import migrations
from django.db.models import Max


def work_out(apps, schema_editor):
    messages = apps.get_model("inbox", "Message").objects
    conversations = apps.get_model("inbox", "Conversation").objects
    for pk in conversations.values_list("pk", flat=True).iterator(chunk_size=2_000):
        said = messages.filter(conversation=pk)
        answers = said.filter(direction="out").exclude(dispatch__state__in=("cancelled", "failed"))
        answered_at = answers.aggregate(newest=Max("at"))["newest"]
        asked = said.filter(direction="in", removed_at=None).order_by("at")
        waiting = (asked.filter(at__gt=answered_at) if answered_at else asked).values_list("at", flat=True).first()
        received = said.filter(direction="in", is_history=False).aggregate(newest=Max("received_at"))["newest"]
        conversations.filter(pk=pk).update(waiting_since=waiting, last_received_at=received)


class Migration(migrations.Migration):
    dependencies = [("inbox", "0008_teamwork")]
    operations = [migrations.RunPython(work_out, migrations.RunPython.noop)]
