"""Speaks MCP on standard input and output, for clients that start their servers themselves."""

import os
from typing import Any

import anyio
from django.core.management.base import BaseCommand, CommandError
from django.utils.translation import gettext as _

from agents.models import AgentKey
from agents.server.identity import acting_by
from agents.server.native import build_server
from core.clock import now

VARIABLE = "COUNTERSIGN_AGENT_KEY"


class Command(BaseCommand):
    """Standard output is the protocol: nothing else may be written there."""

    help = "Speaks MCP on standard input and output for the agent whose key stands in COUNTERSIGN_AGENT_KEY."
    requires_system_checks = []

    def handle(self, *args: Any, **options: Any) -> None:
        with acting_by(_key()):
            anyio.run(build_server(auth=False).run_stdio_async)


def _key() -> AgentKey:
    text = os.environ.get(VARIABLE, "").strip()
    if not text:
        raise CommandError(_("Put the agent's key into the environment variable %s.") % VARIABLE)
    key = AgentKey.find(text, at=now())
    if key is None:
        raise CommandError(_("The key in %s is not valid: it was revoked, has expired, or belongs to another installation.") % VARIABLE)
    return key
