"""How this installation is reached from this machine."""

from django.conf import settings


def own_url() -> str:
    """Our address for a program on this machine, whatever we are called outside."""
    everywhere = {"0.0.0.0": "127.0.0.1", "::": "::1"}  # noqa: S104 (compared with, not listened on)
    host = everywhere.get(settings.LISTEN_HOST, settings.LISTEN_HOST)
    return f"http://{f'[{host}]' if ':' in host else host}:{settings.LISTEN_PORT}"
