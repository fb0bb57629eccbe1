from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('accounts', '0004_restricted_accounts_are_tried'),
    ]

    operations = [
        migrations.AddField(
            model_name='user',
            name='notices',
            field=models.BooleanField(default=False, verbose_name='notices of news'),
        ),
        migrations.AddField(
            model_name='user',
            name='sound',
            field=models.BooleanField(default=False, verbose_name='a sound with news'),
        ),
    ]
