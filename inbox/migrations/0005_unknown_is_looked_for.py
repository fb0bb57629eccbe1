"""Messages that were unknown before their thread was read by a plan of its own are looked for from now on."""

from django.db import migrations
from django.utils.timezone import now


def look(apps, schema_editor):
    apps.get_model("inbox", "Dispatch").objects.filter(state="unknown", look_due_at=None).update(look_due_at=now())


class Migration(migrations.Migration):
    dependencies = [("inbox", "0004_dispatch_under_faults")]
    operations = [migrations.RunPython(look, migrations.RunPython.noop)]
