"""Accounts that were restricted before they were tried again by themselves are from now on."""

from django.db import migrations
from django.utils.timezone import now


def try_again(apps, schema_editor):
    apps.get_model("accounts", "Account").objects.filter(state="restricted", probe_due_at=None).update(probe_due_at=now())


class Migration(migrations.Migration):
    dependencies = [("accounts", "0003_pace_and_probes")]
    operations = [migrations.RunPython(try_again, migrations.RunPython.noop)]
