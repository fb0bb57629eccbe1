"""The ASGI application of the one process: four doors, and who answers behind each."""

import os

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")

from a2wsgi import WSGIMiddleware
from django.conf import settings
from django.core.wsgi import get_wsgi_application
from starlette.types import ASGIApp

pages = get_wsgi_application()

from agents.server.app import build_app  # noqa: E402
from config.doors import Doors  # noqa: E402
from config.events import events  # noqa: E402
from config.spool import Spool  # noqa: E402
from inbox.webhooks.door import webhook_door  # noqa: E402

# More than two threads per process lower the throughput of pages (they queue for the interpreter); add processes instead.
THREADS = 2


def build_application() -> Doors:
    """A new set of doors. The MCP app behind one of them can be started only once, so tests build their own."""
    return Doors(webhooks=webhook_door, events=events, mcp=build_app(), pages=_in_threads())


def _in_threads() -> ASGIApp:
    """Django's synchronous chain in a small pool of lasting threads, so that its database connections last as well.

    The queue towards the browser has no limit: a slow reader must not hold a thread. The largest answer is a picture.
    """
    django = WSGIMiddleware(pages, workers=THREADS, send_queue_size=0)  # type: ignore[arg-type]
    return Spool(django, max_bytes=settings.MAX_BODY_BYTES)  # type: ignore[arg-type]


application = build_application()
