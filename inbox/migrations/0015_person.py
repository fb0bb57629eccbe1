"""Several contacts may be one person."""

import core.fields
import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("inbox", "0014_shared_views")]
    operations = [
        migrations.CreateModel(
            name="Person",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("public_id", core.fields.PublicIdField()),
            ],
            options={"verbose_name": "person", "verbose_name_plural": "persons"},
        ),
        migrations.AddField(
            model_name="contact",
            name="person",
            field=models.ForeignKey(
                blank=True, editable=False, null=True, on_delete=django.db.models.deletion.PROTECT, related_name="contacts",
                to="inbox.person", verbose_name="person",
            ),
        ),
        migrations.AddField(model_name="contact", name="came_with", field=models.CharField(blank=True, default="", editable=False, max_length=16)),
    ]
