"""The try-out's secrets: made once, kept where only the owner can read them, so that each start can print the logins again."""

import json
import secrets
from dataclasses import asdict, dataclass
from pathlib import Path

from django.conf import settings

from config.private_file import write_private


@dataclass(frozen=True)
class Secrets:
    """What the people, the apps and the accounts of the try-out are known by."""

    passwords: dict[str, str]
    app_secrets: dict[str, str]
    verify_tokens: dict[str, str]
    tokens: dict[str, str]
    agent_key: str = ""

    def keep(self) -> None:
        write_private(_path(), json.dumps(asdict(self), indent=1))


def load_or_create() -> Secrets:
    """The kept ones; new ones where there are none, or where the file is damaged."""
    try:
        return Secrets(**json.loads(_path().read_text(encoding="utf-8")))
    except (OSError, ValueError, TypeError):
        made = _make()
        made.keep()
        return made


def _make() -> Secrets:
    return Secrets(
        passwords={who: secrets.token_urlsafe(9) for who in ("operator", "approver", "manager", "admin")},
        app_secrets={kind: secrets.token_hex(16) for kind in ("facebook", "instagram")},
        verify_tokens={kind: secrets.token_urlsafe(12) for kind in ("facebook", "instagram")},
        tokens={"page": f"EAA{secrets.token_hex(24)}", "instagram": f"IGAA{secrets.token_hex(24)}"},
    )


def _path() -> Path:
    return Path(settings.VAR_DIR) / "demo-secrets.json"
