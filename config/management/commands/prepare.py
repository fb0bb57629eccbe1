"""`manage.py prepare`: migrate, collect static files, take the apps at Meta from the environment."""

from typing import Any

from django.core.management.base import BaseCommand

from config.preparing import prepare


class Command(BaseCommand):
    help = "Brings the database and the static files up to date. Run it once per release, before the processes start."

    def handle(self, *args: Any, **options: Any) -> None:
        prepare()
