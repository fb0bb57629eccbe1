"""The lines that bring an agent's key into an MCP client."""

import json
from dataclasses import dataclass

from django.conf import settings
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _


@dataclass(frozen=True)
class Lines:
    """What to paste, and where."""

    where: str | Promise
    text: str


def client_lines(key: str) -> list[Lines]:
    """Configuration for the common kinds of client."""
    address = f"{settings.PUBLIC_URL.rstrip('/')}/mcp"
    server = {"type": "http", "url": address, "headers": {"Authorization": f"Bearer {key}"}}
    return [
        Lines(_("In a client that reads JSON, such as Claude Code's .mcp.json"), json.dumps({"mcpServers": {"countersign": server}}, indent=2)),
        Lines(_("In any other client that speaks Streamable HTTP"), f"{address}\nAuthorization: Bearer {key}"),
    ]
