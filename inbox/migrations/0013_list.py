"""What is not closed is found without looking at what is."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("inbox", "0012_search_entries")]
    operations = [
        migrations.AddIndex(
            model_name="conversation",
            index=models.Index(condition=models.Q(("closed_at", None)), fields=["account", "-last_message_at", "-id"], name="conversations_not_closed"),
        ),
    ]
