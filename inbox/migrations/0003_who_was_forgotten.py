"""Whoever was erased before there was a mark for it gets one, so that nothing of theirs is read back."""

from django.db import migrations
from django.db.models import Max


def mark(apps, schema_editor):
    Contact, Message, DeletionRequest = (apps.get_model("inbox", name) for name in ("Contact", "Message", "DeletionRequest"))
    by_message = Message.objects.filter(about__erased=True, conversation__contact__name="", conversation__contact__username="")
    for contact, at in by_message.order_by().values_list("conversation__contact").annotate(Max("removed_at")):
        Contact.objects.filter(pk=contact, forgotten_at=None).update(forgotten_at=at)
    for contact, at in DeletionRequest.objects.exclude(contact=None).exclude(finished_at=None).values_list("contact", "finished_at"):
        Contact.objects.filter(pk=contact, forgotten_at=None).update(forgotten_at=at)


class Migration(migrations.Migration):
    dependencies = [("inbox", "0002_history")]

    operations = [migrations.RunPython(mark, migrations.RunPython.noop, elidable=True)]
