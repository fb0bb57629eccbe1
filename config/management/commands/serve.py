"""`manage.py serve`: one web process; on SQLite it does the background work as well."""

import argparse
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand

from config.server import Server, companions, listen


class Command(BaseCommand):
    help = "Serves the console, the webhooks, the events and MCP. On SQLite it also does the background work; on PostgreSQL run workers beside it."

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        parser.add_argument("--host", default=settings.LISTEN_HOST, help="address to listen on (default: HOST)")
        parser.add_argument("--port", type=int, default=settings.LISTEN_PORT, help="port to listen on (default: PORT)")

    def handle(self, *args: Any, host: str, port: int, **options: Any) -> None:
        listening = listen(host, port)
        self.stdout.write(f"Countersign answers at http://{host}:{port}/")
        try:
            Server(companions=companions()).run(sockets=[listening])
        except KeyboardInterrupt:
            return
