"""Brings the apps at Meta from the environment into the database, where webhooks and tokens refer to them."""

from django.conf import settings

from accounts.models import MetaApp
from core.secret import Secret


def bootstrap() -> None:
    """Make or correct one row for each app in the environment, which wins over what the rows say. The try-out has apps of its own."""
    if settings.DEMO:
        return
    for kind, app in settings.META_APPS.items():
        _keep(kind, app["app_id"], secret=app["secret"], verify_token=app["verify_token"])


def _keep(kind: str, app_id: str, *, secret: str, verify_token: str) -> None:
    row, _made = MetaApp.objects.get_or_create(kind=kind, app_id=app_id, defaults={"secret": secret, "verify_token": verify_token})
    if (row.secret, row.verify_token) != (Secret(secret), Secret(verify_token)):
        row.secret, row.verify_token = secret, verify_token
        row.save(update_fields=["secret", "verify_token"])
