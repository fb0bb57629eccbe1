"""Why a reading of the thread proves nothing, and why a later one did not come back, are two facts: a doubt stays while a reading fails."""

from django.db import migrations
from django.db.models import F

DOUBTS = ("empty", "short", "behind", "unclear")


def keep_apart(apps, schema_editor):
    apps.get_model("inbox", "Dispatch").objects.filter(thread_trouble__in=DOUBTS).update(thread_doubt=F("thread_trouble"), thread_trouble="")


def put_together(apps, schema_editor):
    apps.get_model("inbox", "Dispatch").objects.filter(thread_doubt__in=DOUBTS).update(thread_trouble=F("thread_doubt"))


class Migration(migrations.Migration):
    dependencies = [("inbox", "0006_doubts_beside_troubles")]
    operations = [migrations.RunPython(keep_apart, put_together)]
