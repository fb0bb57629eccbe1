"""Runs the try-out around the web process: before it listens, and once it answers."""

import logging
from collections.abc import Callable

import httpx
from django.db import connections

from accounts.models import User
from config.addresses import own_url
from config.children import Child
from config.demo import people, scenes, secrets, sheet, story, world

logger = logging.getLogger("countersign.demo")


class TryOut:
    """The try-out from its first start, or as it was left.

    Args:
        say: prints to whoever started it.
    """

    def __init__(self, *, say: Callable[[str], object]) -> None:
        self._say = say
        if not User.objects.exists():
            world.forget()
        self._secrets = people.settle_in(secrets.load_or_create())

    def meta(self) -> Child:
        """The simulated Meta, to be started."""
        return world.process(world.write_world(self._secrets, announce=not story.is_told()))

    def when_ready(self) -> None:
        """Once the server answers: connect to Meta, let the shop's past arrive by webhook, and print the sheet."""
        try:
            world.connect(self._secrets, f"{own_url()}/webhooks/meta/")
            if not story.is_told():
                world.wait_until_told()
                scenes.play()
                world.wait_until_told()
                story.tell()
        except httpx.TransportError:
            # Stopped in the middle (Ctrl-C ends the simulated Meta as well), or it broke, which ends us too.
            logger.warning("The simulated Meta went away before the try-out was set up whole; the next start goes on.")
            return
        except Exception:
            logger.exception("The try-out could not be set up whole; the next start tries again.")
        finally:
            connections.close_all()
        self._say(sheet.write(self._secrets))
