"""The policy that new agents get. Undone, it goes again unless something was judged by it."""

from django.db import migrations
from django.utils import timezone

NAME = "Every message needs a person"
A_PERSON = {"action": "require_approval", "reason": "A person reads every message before it goes out."}
DOCUMENT = {
    "version": "1",
    "default": "deny",
    "tools": {
        "read.conversations": {"action": "allow"},
        "read.conversation": {"action": "allow"},
        "read.proposal": {"action": "allow"},
        "send.text": A_PERSON,
        "send.image": A_PERSON,
        "send.link": A_PERSON,
    },
    "all_tools": {
        "limits": [
            {"counter": "unanswered_sends", "max": 3, "scope": "contact"},
            {"counter": "open_proposals", "max": 1, "scope": "conversation"},
            {"counter": "open_proposals", "max": 50, "scope": "agent"},
        ]
    },
}


def ship(apps, schema_editor):
    policy, made = apps.get_model("agents", "Policy").objects.get_or_create(name=NAME)
    if made:
        apps.get_model("agents", "PolicyVersion").objects.create(policy=policy, number=1, document=DOCUMENT, note="Shipped with Countersign.", at=timezone.now())


def withdraw(apps, schema_editor):
    versions = apps.get_model("agents", "PolicyVersion").objects.filter(policy__name=NAME)
    judged = any(apps.get_model("agents", model).objects.filter(policy_version__in=versions).exists() for model in ("Proposal", "ToolCall"))
    if not judged and not apps.get_model("agents", "Agent").objects.filter(policy__name=NAME).exists():
        versions.delete()
        apps.get_model("agents", "Policy").objects.filter(name=NAME).delete()


class Migration(migrations.Migration):
    dependencies = [("agents", "0001_first")]
    operations = [migrations.RunPython(ship, withdraw)]
