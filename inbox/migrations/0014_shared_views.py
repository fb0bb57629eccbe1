"""Saved views that their owner shares with the team."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("inbox", "0013_list")]
    operations = [
        migrations.AddField(model_name="savedview", name="shared_at", field=models.DateTimeField(blank=True, null=True, verbose_name="shared")),
        migrations.AddIndex(
            model_name="savedview",
            index=models.Index(condition=models.Q(("shared_at__isnull", False)), fields=["user"], name="saved_views_shared"),
        ),
    ]
