"""The simulated Meta of the try-out: who exists there, its process, and the connection between it and us."""

import json
import time
from itertools import zip_longest
from pathlib import Path
from secrets import token_hex

import httpx
from django.conf import settings
from django.core.management import CommandError
from django.utils.translation import gettext as _

from accounts.connecting.setup import OBJECTS
from accounts.models import MetaApp
from config.children import Child
from config.demo.people import APPS
from config.demo.secrets import Secrets
from config.private_file import write_private
from core.clock import now
from graph.subscription_fields import SUBSCRIBED_FIELDS
from graph.tokens import app_access_token
from inbox.models import WebhookDelivery

WORLD = Path(__file__).with_name("world.json")
PATIENCE = 20.0


def state_path() -> Path:
    return Path(settings.VAR_DIR) / "simulator.sqlite3"


def forget() -> None:
    """Drop the simulated Meta's memory, which belongs to a database of ours that is gone."""
    for ending in ("", "-wal", "-shm"):
        state_path().with_name(state_path().name + ending).unlink(missing_ok=True)


def write_world(secrets: Secrets, *, announce: bool) -> Path:
    """The world with this installation's secrets in it.

    Args:
        announce: whether what was said before is delivered to us by webhook: not where we have it already.
    """
    world = json.loads(WORLD.read_text(encoding="utf-8")) | {"announce": announce}
    for app, kind in zip(world["apps"], APPS, strict=True):
        app |= {"secret": secrets.app_secrets[kind], "verify_token": secrets.verify_tokens[kind]}
    for account, token in zip_longest(world["accounts"], secrets.tokens.values()):
        # Those that nobody has connected yet have tokens that nobody knows.
        account["token"] = token or token_hex(24)
    path = Path(settings.VAR_DIR) / "demo-world.json"
    write_private(path, json.dumps(world, ensure_ascii=False))
    return path


def process(world: Path) -> Child:
    """The simulated Meta, to be started."""
    where = ["--host", "127.0.0.1", "--port", str(settings.SIMULATOR_PORT)]
    return Child(_("The simulated Meta"), ["-m", "graph.simulator", *where, "--state", str(state_path()), "--world", str(world)])


def wait_until_up(child: Child) -> None:
    """Until it answers.

    Raises:
        CommandError: it ended, or does not answer in time.
    """
    until = time.monotonic() + PATIENCE
    while child.is_running and time.monotonic() < until:
        try:
            if httpx.get(f"{settings.SIMULATOR_URL}/sim/health", trust_env=False).status_code == 200:
                return
        except httpx.TransportError:
            time.sleep(0.05)
    raise CommandError(_("The simulated Meta does not answer on port %(port)s.") % {"port": settings.SIMULATOR_PORT})


def connect(secrets: Secrets, callback_url: str) -> None:
    """Ask the simulated Meta to send webhooks to us, as one would ask the real one; it proves the address by its handshake.

    Source: Meta, Graph API, "App subscriptions".
    """
    with httpx.Client(base_url=settings.GRAPH_URLS["facebook"], timeout=10.0, trust_env=False) as http:
        for app in MetaApp.objects.filter(app_id__in=APPS.values()):
            for about in OBJECTS[MetaApp.Kind(app.kind)]:
                fields = {
                    "object": about, "fields": ",".join(SUBSCRIBED_FIELDS[about]), "callback_url": callback_url,
                    "verify_token": secrets.verify_tokens[app.kind], "access_token": app_access_token(app.app_id, app.secret.reveal()),
                }  # fmt: skip
                http.post(f"/{settings.GRAPH_VERSION}/{app.app_id}/subscriptions", data=fields).raise_for_status()
            # What was looked at before this says that nothing comes.
            MetaApp.objects.filter(pk=app.pk).update(check_due_at=now())


def wait_until_told() -> None:
    """Until everything that Meta had to tell has arrived and was applied."""
    until = time.monotonic() + PATIENCE
    while time.monotonic() < until and (_untold() or WebhookDelivery.objects.filter(state=WebhookDelivery.State.RECEIVED).exists()):
        time.sleep(0.1)


def _untold() -> int:
    health = httpx.get(f"{settings.SIMULATOR_URL}/sim/health", trust_env=False).json()
    return int(health["waiting"])
