from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("inbox", "0005_unknown_is_looked_for")]
    operations = [
        migrations.AddField(
            model_name="dispatch",
            name="thread_doubt",
            field=models.CharField(blank=True, max_length=40, verbose_name="why the thread as it was read proves nothing"),
        ),
    ]
