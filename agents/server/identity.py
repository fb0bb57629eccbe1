"""Who calls: the agent key of a request, or of the whole process on stdio."""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

from django.conf import settings
from mcp.server.auth.middleware.auth_context import get_access_token
from mcp.server.auth.provider import AccessToken

from agents.models import AgentKey
from agents.refusals import KeyInvalid
from agents.server.hop import on_orm
from core.clock import now

_process_key: ContextVar[int | None] = ContextVar("process_key", default=None)


class KeyVerifier:
    """Knows bearer keys (the SDK's TokenVerifier). Asked for every request, so a revoked key stops at once."""

    async def verify_token(self, token: str) -> AccessToken | None:
        key = await on_orm(_find)(token) if token.startswith("agt_") else None
        if key is None:
            return None
        # The text of the key goes no further than this.
        return AccessToken(
            token="", client_id=key.agent.public_id, subject=key.agent.user.public_id, scopes=[], claims={"iss": settings.PUBLIC_URL, "key": key.pk}
        )


@contextmanager
def acting_by(key: AgentKey) -> Iterator[None]:
    """Everything inside is called by this key: one process on stdio serves one agent."""
    token = _process_key.set(key.pk)
    try:
        yield
    finally:
        _process_key.reset(token)


def caller() -> int | None:
    """Primary key of the agent key that calls; None where nobody has said."""
    token = get_access_token()
    return int((token.claims or {})["key"]) if token else _process_key.get()


def load(pk: int | None) -> AgentKey:
    """The calling key as it is now.

    Raises:
        KeyInvalid: it was revoked or has expired since the request began, or there is none.
    """
    key = AgentKey.objects.valid(now()).select_related("agent__user", "agent__policy").filter(pk=pk).first() if pk else None
    if key is None:
        raise KeyInvalid
    return key


def _find(text: str) -> AgentKey | None:
    return AgentKey.find(text, at=now())
