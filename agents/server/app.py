"""The door at /mcp: Streamable HTTP, without sessions, so that any process can answer any request."""

from urllib.parse import urlsplit

from django.conf import settings
from mcp.server.transport_security import TransportSecuritySettings
from starlette.types import ASGIApp

from agents.server.native import build_server

PATH = "/mcp"


def build_app() -> ASGIApp:
    """A new ASGI application. It needs the lifespan protocol, and can go through it once."""
    return build_server(auth=True).streamable_http_app(streamable_http_path=PATH, stateless_http=True, transport_security=_transport_security())


def _transport_security() -> TransportSecuritySettings:
    """Which Host and Origin headers get in: Django's own check does not see this door."""
    hosts = [host for host in settings.ALLOWED_HOSTS if host != "*" and not host.startswith(".")]
    return TransportSecuritySettings(
        allowed_hosts=[_bracketed(host) + port for host in hosts for port in ("", ":*")],
        allowed_origins=[_public_origin(), *(f"http://{_bracketed(host)}:{settings.LISTEN_PORT}" for host in hosts)],
    )


def _public_origin() -> str:
    public = urlsplit(settings.PUBLIC_URL)
    return f"{public.scheme}://{public.netloc}"


def _bracketed(host: str) -> str:
    """An IPv6 address as it stands in a header."""
    return f"[{host}]" if ":" in host and not host.startswith("[") else host
