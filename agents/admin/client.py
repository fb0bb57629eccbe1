"""The lines that bring an agent's key into an MCP client."""

import json
import shlex
import sys
from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

# Where `manage.py agent_stdio` looks for the key.
VARIABLE = "COUNTERSIGN_AGENT_KEY"
# What stands where the key has to go, on pages that are shown more than once.
PLACEHOLDER = "THE-KEY-OF-THIS-AGENT"


@dataclass(frozen=True)
class Lines:
    """What to paste, and where."""

    name: str
    where: str | Promise
    text: str

    @property
    def id(self) -> str:
        return f"client-{self.name}"


def client_lines(key: str = PLACEHOLDER) -> list[Lines]:
    """Configuration for the usual clients, each in its own form."""
    address = f"{settings.PUBLIC_URL.rstrip('/')}/mcp"
    headers = {"Authorization": f"Bearer {key}"}
    command = f"claude mcp add --transport http countersign {shlex.quote(address)} --header {shlex.quote(f'Authorization: Bearer {key}')}"
    return [
        Lines("claude-code", _("Claude Code, in a terminal"), command),
        Lines("mcp-json", _("Claude Code, in a project's .mcp.json"), _servers({"type": "http", "url": address, "headers": headers})),
        Lines("vscode", _("VS Code, in .vscode/mcp.json"), _json({"servers": {"countersign": {"type": "http", "url": address, "headers": headers}}})),
        Lines("cursor", _("Cursor, in ~/.cursor/mcp.json"), _servers({"url": address, "headers": headers})),
        Lines("stdio", _("Claude Desktop and others that start their servers themselves, on the machine of Countersign"), _servers(_stdio(key))),
        Lines("http", _("Any other client that speaks Streamable HTTP"), f"{address}\nAuthorization: Bearer {key}"),
    ]


def _stdio(key: str) -> dict[str, Any]:
    """A process of ours that reads the same `.env` and files as the server."""
    environment = {VARIABLE: key, "VAR_DIR": str(settings.VAR_DIR), "DEMO": "on" if settings.DEMO else "off"}
    return {"command": sys.executable, "args": [str(settings.BASE_DIR / "manage.py"), "agent_stdio"], "env": environment}


def _servers(server: dict[str, Any]) -> str:
    return _json({"mcpServers": {"countersign": server}})


def _json(document: dict[str, Any]) -> str:
    return json.dumps(document, indent=2)
