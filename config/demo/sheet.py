"""The sheet that each start of the try-out prints: where it is, who can sign in, and how an agent connects."""

import json
import sys
from pathlib import Path

from django.conf import settings
from django.utils.translation import gettext as _

from config.addresses import own_url
from config.demo.people import PEOPLE
from config.demo.secrets import Secrets
from config.private_file import write_private

SHEET = """
Countersign, the try-out, is at   {url}/
The simulated Meta is at          {simulator}/   (be a contact there)

Sign in as
{logins}

An agent connects by Streamable HTTP with
{http}

or, started by its client, by stdio with
{stdio}

This sheet is kept in {path}. Ctrl-C stops everything.
"""


def path() -> Path:
    return Path(settings.VAR_DIR) / "demo.txt"


def write(secrets: Secrets) -> str:
    """Keep the sheet where only the owner can read it, and return it."""
    text = _(SHEET).format(
        url=settings.PUBLIC_URL, simulator=settings.SIMULATOR_URL, logins=_logins(secrets), path=path(),
        http=_indented(_http(secrets.agent_key)), stdio=_indented(_stdio(secrets.agent_key)),
    )  # fmt: skip
    write_private(path(), text)
    return text


def _logins(secrets: Secrets) -> str:
    return "\n".join(f"  {person.email:<26}{secrets.passwords[person.who]:<15}{person.preset or 'admin'}" for person in PEOPLE)


def _http(key: str) -> dict[str, object]:
    return {"type": "http", "url": f"{own_url()}/mcp", "headers": {"Authorization": f"Bearer {key}"}}


def _stdio(key: str) -> dict[str, object]:
    manage = str(Path(settings.BASE_DIR) / "manage.py")
    environment = {"COUNTERSIGN_AGENT_KEY": key, "VAR_DIR": str(settings.VAR_DIR)}
    return {"command": sys.executable, "args": [manage, "agent_stdio"], "env": environment}


def _indented(server: dict[str, object]) -> str:
    lines = json.dumps({"mcpServers": {"countersign": server}}, indent=2).splitlines()
    return "\n".join(f"  {line}" for line in lines)
